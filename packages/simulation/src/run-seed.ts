/**
 * One seed, one run: a random workload, a random world, and what must hold all the same.
 * Checked: [promise] see watcher.ts; [VER1] a verification never raises a false alarm; [SRM2] [TCM5] after quiescence both trees are
 * equal, whatever broke, or the job says that they are not [TRM2]; positions and memory, see source-agent.ts.
 */
import { Deafness } from './deafness.ts';
import { Pair } from './pair.ts';
import { quiesce, repairPlanted, settle } from './rest.ts';
import { Chances, type Mutation, type Run } from './run.ts';
import { step } from './steps.ts';
import { Watcher } from './watcher.ts';
import { Workload } from './workload.ts';
import {
  describeWorld,
  drawDeafness,
  drawMore,
  drawTakeOvers,
  drawTargetDisk,
  drawWorld,
  type World,
} from './world.ts';

export type { Mutation } from './run.ts';

export interface SeedOutcome {
  readonly seed: number;
  /** What kind of world the seed drew. */
  readonly world: string;
  readonly failures: readonly string[];
  readonly steps: readonly string[];
  readonly events: readonly string[];
  /** How often the replica was held against the source's pasts. */
  readonly compared: number;
}

/** Calls before the job begins, and steps from then on. */
const BEFORE = 60;
const STEPS = 400;
/** All that a run is made of, for whoever leaves some of it out. */
export const ALL_STEPS = BEFORE + STEPS;

export async function runSeed(seed: number, mutation: Mutation = {}): Promise<SeedOutcome> {
  const run = makeRun(seed, mutation);
  const { pair, watcher, failures, world } = run;
  before(run, mutation);
  await pair.source.start();
  run.spoil(pair);
  watcher.changed();
  try {
    if (world.settled === true) await settle(run);
    pair.connect();
    await live(run, mutation);
  } catch (error) {
    failures.push(`an agent died of it: ${error instanceof Error ? error.stack : String(error)}`);
  }
  failures.push(...pair.source.failures);
  // [SRM2] Certainty is lost only where both ends are: a target's power cut alone is made good from its journal.
  if (world.trouble === 0 && (world.sourceDeaths ?? 0) === 0 && pair.comparedAfterPowerCut)
    failures.push('a power cut on the target made everything be compared');
  const { steps } = run.work;
  return { seed, world: describeWorld(world), failures, steps, events: pair.events, compared: watcher.compared };
}

function makeRun(seed: number, mutation: Mutation): Run {
  const chances = new Chances(seed);
  const { main: random, disk: power } = chances;
  const drawn = { ...drawWorld(random), ...drawTargetDisk(power), ...drawTakeOvers(chances.epoch) };
  const world: World = { ...drawn, ...drawMore(chances.more), ...drawDeafness(chances.deaf), ...mutation.world };
  const { wrapFiles, tamper } = mutation;
  const wire = { random: chances.wire, chance: world.badWire ?? 0 };
  const pair = new Pair({
    random,
    power,
    ...world,
    ...(wire.chance === 0 ? {} : { wire }),
    ...(wrapFiles === undefined ? {} : { wrapFiles }),
    ...(tamper === undefined ? {} : { tamper }),
  });
  const changed = (node: Parameters<typeof pair.contents.changed>[0]) => pair.contents.changed(node);
  const work = new Workload({ fs: pair.fs, tops: pair.tops, fixed: pair.fixed, random, changed });
  const watcher = new Watcher(pair);
  const deaf = new Deafness(pair, chances.deaf, world.deafness ?? 0);
  const open = { resume: null, handPaused: false, planting: false, deaf };
  const spoil = mutation.spoil ?? (() => {});
  return { pair, work, watcher, chances, failures: watcher.failures, world, spoil, ...open };
}

function before({ pair, work, chances, world }: Run, { keeps }: Mutation): void {
  pair.keepApart(true);
  const calls = chances.main.below(BEFORE);
  for (let i = 0; i < calls; i += 1) {
    if (world.stepwise === true) chances.restart(i);
    if (keeps?.(i) !== false) work.step();
  }
  pair.keepApart(false);
}

async function live(run: Run, { keeps }: Mutation): Promise<void> {
  const { pair, failures, chances, world } = run;
  for (let i = 0; i < STEPS && failures.length === 0; i += 1) {
    if (world.stepwise === true) chances.restart(BEFORE + i);
    if (keeps?.(BEFORE + i) !== false) await step(run);
  }
  if (failures.length === 0) await quiesce(run);
  if (failures.length === 0 && pair.state() === 'protected' && !pair.hasLostRemovals) await repairPlanted(run);
}
