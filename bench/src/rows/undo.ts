/**
 * What the past of a replica costs its target: blocks at random within a large old file, of which each overwrites content that has to be
 * kept first. The targets stand still while the work is done on the source, so that what is measured is how fast a backlog is applied. Two
 * jobs are fed alike: the target of one keeps its past, that of the other has neither past nor brake; the rounds alternate.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bootstrap, startLoad, succeeded, whyNoFuse } from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import { median } from '../measure/statistics.ts';
import { figure, type StageRow } from './row.ts';

const BLOCK = 4096;
/** Blocks of the file for each that is written in a round. */
const SPREAD = 4;

interface Side {
  readonly name: string;
  readonly target: string;
  readonly file: string;
  readonly rates: number[];
}

interface Counted {
  readonly writtenBytes: number;
  readonly changedBytes: number;
}

const WITH = 'with the past of the replica kept';
const WITHOUT = 'without';
const MEASURE = 'a backlog is applied';

export const undo: StageRow = {
  id: 'undo',
  title: 'what it costs a target to be able to go back',
  ownOnly: true,
  async onStage({ stage, sizes, rounds }) {
    const why = whyNoFuse();
    if (why !== null) return [figure('undo', MEASURE, 'MB/s', null, { note: why })];
    await stage.addAgent('alpha');
    await stage.addAgent('beta');
    stage.newAgent('gamma');
    writeFileSync(join(stage.homeOf('gamma'), 'agent.yaml'), 'undo:\n  age: 0s\n');
    await stage.addAgent('gamma');
    const blocks = sizes.undoBytes / BLOCK;
    const sides = [
      await sideOn(stage, { name: WITH, target: 'beta', blocks, options: [] }),
      await sideOn(stage, { name: WITHOUT, target: 'gamma', blocks, options: ['--brake', 'off'] }),
    ];
    const before = await countedAt(stage, 'beta');
    for (let round = 0; round < rounds(6); round += 1)
      for (const side of round % 2 === 0 ? sides : sides.toReversed())
        side.rates.push(await backlog(stage, side, blocks, round + 2));
    const after = await countedAt(stage, 'beta');
    const { writtenBytes } = await countedAt(stage, 'gamma');
    if (writtenBytes !== 0) throw new Error(`gamma keeps a past (${writtenBytes} bytes): there is nothing to compare`);
    return figures(sides, before, after, sizes.undoBytes);
  },
};

interface SideOptions {
  readonly name: string;
  readonly target: string;
  readonly blocks: number;
  readonly options: readonly string[];
}

/** An old file, mirrored. */
async function sideOn(stage: Bootstrap, { name, target, blocks, options }: SideOptions): Promise<Side> {
  const folder = stage.folder('source', target);
  const file = join(folder, 'large');
  const places = blocks * SPREAD;
  await startLoad('blocks', [file, '--of', String(places), '--count', String(places)]).finished();
  const job = { name: target, source: 'alpha', target, include: [folder], to: stage.folder(`replica-${target}`) };
  await stage.client.protect({ ...job, intercept: 'fuse', extra: options });
  return { name, target, file, rates: [] };
}

/** MB/s, from when the target goes on until everything is applied. */
async function backlog(stage: Bootstrap, { target, file }: Side, blocks: number, seed: number): Promise<number> {
  const agent = stage.agent(target);
  await agent.hold();
  try {
    const args = [file, '--of', String(blocks * SPREAD), '--count', String(blocks), '--seed', String(seed)];
    await startLoad('blocks', args).finished();
  } finally {
    agent.release();
  }
  const began = performance.now();
  await stage.client.flush(target);
  return (blocks * BLOCK) / 1e3 / (performance.now() - began);
}

async function countedAt(stage: Bootstrap, target: string): Promise<Counted> {
  return succeeded(await stage.cli(['points', target, '--json'])).json() as Counted;
}

function figures(sides: readonly Side[], before: Counted, after: Counted, bytes: number): Figure[] {
  const samples = sides[0]?.rates.length ?? 0;
  const [kept, bare] = [sides[0]?.rates ?? [], sides[1]?.rates ?? []];
  // Neighbouring rounds are compared with each other.
  const ratios = kept.map((one, i) => one / (bare[i] ?? Number.NaN));
  const changed = after.changedBytes - before.changedBytes;
  const written = after.writtenBytes - before.writtenBytes;
  const what = `${bytes / 2 ** 20} MiB a round in blocks of 4 KiB at random, each over old content`;
  return [
    ...sides.map(({ name, rates }) =>
      figure('undo', `${MEASURE}, ${name}`, 'MB/s', median(rates), {
        samples,
        note: `${what}: ${rates.map((one) => one.toFixed(0)).join(' ')}`,
      }),
    ),
    figure('undo', 'with the past kept, of without', 'of bare', median(ratios), { samples, reach: { atLeast: 0.6 } }),
    figure('undo', 'bytes written for it a changed byte', 'count', changed === 0 ? null : written / changed, {
      samples,
      note: `${written} of ${changed} changed bytes`,
      reach: { atMost: 1.2 },
    }),
  ];
}
