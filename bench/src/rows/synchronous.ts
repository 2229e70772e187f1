import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { succeeded } from '@understudy/e2e';
import { probed } from '../measure/probe.ts';
import { median } from '../measure/statistics.ts';
import { figure, type Row } from './row.ts';

interface Cost {
  readonly writeNs: number;
  readonly syncedNs: number;
}

/** Bytes that the probe writes in one go; not what is measured here. */
const SEQUENTIAL_BYTES = 16 << 20;

/** How the job of the bench is edited before a measurement; null: it is left as it is. */
const MODES: readonly { readonly name: string; readonly edit: readonly string[] | null; readonly bare?: true }[] = [
  { name: 'bare', edit: null, bare: true },
  { name: 'asynchronous', edit: ['--mode', 'async'] },
  { name: 'synchronous at fsync', edit: ['--mode', 'sync', '--sync-at', 'fsync'] },
  { name: 'synchronous at every call', edit: ['--mode', 'sync', '--sync-at', 'every-call'] },
  {
    name: 'synchronous at every call, until applied',
    edit: ['--mode', 'sync', '--sync-at', 'every-call', '--sync-until', 'applied'],
  },
];

export const synchronous: Row = {
  id: 'synchronous',
  title: 'synchronous write latency: bare, asynchronous, and answered when the target has it (same machine)',
  ownOnly: true,
  async run(scene) {
    const { session, sizes, stage } = scene;
    await session.begin();
    await session.ready(60_000);
    const seen = MODES.map(() => [] as Cost[]);
    for (let round = 0; round < scene.rounds(3); round += 1)
      for (const [i, { name, edit, bare }] of MODES.entries()) {
        if (edit !== null) succeeded(await stage.client.raw('job', 'edit', 'bench', ...edit));
        const scratch = join(bare === true ? stage.folder('bare') : session.source, `round-${round}-${i}`);
        mkdirSync(scratch);
        const cost = await probed<Cost>('cost', scratch, SEQUENTIAL_BYTES, Math.min(sizes.costSeconds, 1));
        seen[i]?.push(cost);
        rmSync(scratch, { recursive: true });
        await session.ready(120_000);
        console.info(
          `${name}: ${Math.round(cost.writeNs / 1000)} µs, with fdatasync ${Math.round(cost.syncedNs / 1000)} µs`,
        );
      }
    return MODES.flatMap(({ name }, i) => {
      const costs = seen[i] ?? [];
      const samples = costs.length;
      const us = (of: (cost: Cost) => number) => median(costs.map(of)) / 1000;
      return [
        figure(
          'synchronous',
          `write of 4 KiB, ${name}`,
          'µs',
          us(({ writeNs }) => writeNs),
          { samples },
        ),
        figure(
          'synchronous',
          `write of 4 KiB + fdatasync, ${name}`,
          'µs',
          us(({ syncedNs }) => syncedNs),
          { samples },
        ),
      ];
    });
  },
};
