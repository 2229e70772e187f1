import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure, Unit } from '../measure/figure.ts';
import { probed } from '../measure/probe.ts';
import { median } from '../measure/statistics.ts';
import { figure, type Row } from './row.ts';

interface Cost {
  readonly writeNs: number;
  readonly syncedNs: number;
  readonly readNs: number;
  readonly statNs: number;
  readonly createNs: number;
  readonly sequentialMBs: number;
  readonly sequentialSyncedMBs: number;
}

/** The probe's name for the file it writes in one go. */
const LARGE = 'long-000000';

interface Line {
  readonly measure: string;
  readonly unit: Unit;
  readonly of: (cost: Cost) => number;
  readonly moreIsBetter: boolean;
}

const time = (measure: string, of: (cost: Cost) => number): Line => ({
  measure,
  unit: 'µs',
  of: (cost) => of(cost) / 1000,
  moreIsBetter: false,
});

const LINES: readonly Line[] = [
  time('write of 4 KiB', (cost) => cost.writeNs),
  time('write of 4 KiB + fdatasync', (cost) => cost.syncedNs),
  time('read of 4 KiB, cached', (cost) => cost.readNs),
  time('stat, warm', (cost) => cost.statNs),
  time('a new file of 4 KiB', (cost) => cost.createNs),
  { measure: 'sequential write', unit: 'MB/s', of: (cost) => cost.sequentialMBs, moreIsBetter: true },
  { measure: 'sequential overwrite + fsync', unit: 'MB/s', of: (cost) => cost.sequentialSyncedMBs, moreIsBetter: true },
];

export const cost: Row = {
  id: 'cost',
  title: 'what protection costs the application: bare, then protected, target on the same machine',
  ownOnly: true,
  async run(scene) {
    const { session, sizes, stage } = scene;
    await session.begin();
    await session.ready(60_000);
    const bare: Cost[] = [];
    const kept: Cost[] = [];
    const places = [
      { into: bare, folder: stage.folder('bare') },
      { into: kept, folder: session.source },
    ];
    for (let round = 0; round < scene.rounds(3); round += 1)
      for (const { into, folder } of places) {
        const scratch = join(folder, `round-${round}`);
        mkdirSync(scratch);
        into.push(await probed<Cost>('cost', scratch, sizes.sequentialBytes, sizes.costSeconds));
        // Only the large file: many freed inodes would slow the next round down, on ext4 by far.
        rmSync(join(scratch, LARGE));
        await session.ready(120_000);
      }
    return LINES.flatMap((line) => figuresOf(line, bare, kept));
  },
};

function figuresOf(line: Line, bare: readonly Cost[], kept: readonly Cost[]): Figure[] {
  const [without, with_] = [median(bare.map(line.of)), median(kept.map(line.of))];
  const share = line.moreIsBetter ? with_ / without : without / with_;
  const samples = kept.length;
  return [
    figure('cost', `${line.measure}, bare`, line.unit, without, { samples }),
    figure('cost', `${line.measure}, protected`, line.unit, with_, { samples, note: `${share.toFixed(2)} of bare` }),
  ];
}
