/**
 * A second job of the same source: its root overlaps the first's, its target is another. In: what the run's world says of it. Out: turns of
 * its own, more or less of them than the first job gets. Checked is all that is checked of the first: what holds one job up, or fails it,
 * costs the other nothing.
 */
import type { DiskKind } from './bad-disk.ts';
import { DISK_KINDS } from './bad-disk.ts';
import { Pair } from './pair.ts';
import type { SeededRandom } from './random.ts';
import { type Run, say } from './run.ts';
import { SCOPE_KINDS, type ScopeKind } from './scopes.ts';
import { Watcher } from './watcher.ts';

/** `late`: it gets few turns. `failing`: its link and its target are lost again and again. */
export type Pace = 'even' | 'late' | 'failing';

export interface BesideWorld {
  readonly scope: ScopeKind;
  /** Its root is a directory within the first's, or the other way round. */
  readonly within: boolean;
  readonly pace: Pace;
  readonly disk: DiskKind;
  readonly storeBytes: number;
}

export interface Beside {
  readonly pair: Pair;
  readonly watcher: Watcher;
  readonly pace: Pace;
}

export function drawBeside(random: SeededRandom): { readonly beside: BesideWorld | null } {
  const wanted = random.chance(0.15);
  const beside: BesideWorld = {
    scope: random.chance(0.5) ? 'whole' : (random.pick(SCOPE_KINDS) ?? 'whole'),
    within: random.chance(0.5),
    pace: random.pick(['even', 'late', 'failing'] as const) ?? 'even',
    disk: random.pick(DISK_KINDS) ?? 'good',
    storeBytes: random.pick([0, 200_000, 1 << 26, 1 << 26]) ?? 1 << 26,
  };
  return { beside: wanted ? beside : null };
}

export function makeBeside(
  beside: BesideWorld,
  of: Pick<Run, 'pair' | 'world' | 'failures' | 'badSource'> & { readonly random: SeededRandom },
): Beside {
  const { world, random, failures, badSource } = of;
  const { memoryBytes, ringBytes, journalBytes, audit } = world;
  const pair = new Pair({
    ...{ random, power: random, memoryBytes, ringBytes },
    ...(journalBytes === undefined ? {} : { journalBytes }),
    ...(audit === undefined ? {} : { audit }),
    ...{ storeBytes: beside.storeBytes, disk: beside.disk, scopes: [beside.scope], within: beside.within },
    wrapFiles: (files) => badSource.wrap(files),
    beside: of.pair,
  });
  return { pair, watcher: new Watcher(pair, failures), pace: beside.pace };
}

/** Of ten steps of the run so many are its own, too. */
const TURNS: Readonly<Record<Pace, number>> = { even: 0.7, late: 0.05, failing: 0.4 };

export function stepBeside(run: Run): void {
  const { beside, chances } = run;
  if (beside === null) return;
  const { pair, watcher, pace } = beside;
  const random = chances.beside;
  if (pace === 'failing' && random.chance(0.05)) fail(run, pair, random);
  if (!random.chance(TURNS[pace])) return;
  const what = random.below(8);
  if (what < 3) pair.pumpSource();
  else if (what < 5) for (let i = random.below(8); i >= 0 && pair.deliver('target'); i -= 1);
  else if (what === 5) for (let i = random.below(8); i >= 0 && pair.deliver('source'); i -= 1);
  else if (what === 6) {
    pair.applySome(1 + random.below(40));
    watcher.look();
  } else if (random.chance(0.3)) pair.connect();
  pair.targetDisk(random.chance(0.2), random.chance(0.05));
}

function fail(run: Run, pair: Pair, random: SeededRandom): void {
  const kind = random.below(4);
  say(run, `the other job fails: ${kind}`);
  if (kind === 0) pair.cut();
  else if (kind === 1) pair.killTarget();
  else if (kind === 2) pair.powerCutTarget((n) => random.below(n));
  else pair.source.store.failing = random.pick([null, 'full', 'failed'] as const) ?? null;
}
