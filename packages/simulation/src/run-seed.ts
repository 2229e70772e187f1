/**
 * One seed, one run: a random workload, a random world, and what must hold all the same.
 * Checked: [promise] see watcher.ts; [VER1] a verification never raises a false alarm; [SRM2] [TCM5] after quiescence both trees are
 * equal, whatever broke, or the job says that they are not [TRM2]; positions and memory, see source-agent.ts.
 */
import { BadSource } from './bad-source.ts';
import { drawBeside, makeBeside } from './beside.ts';
import { Deafness } from './deafness.ts';
import { Pair } from './pair.ts';
import { beginPower } from './power-cuts.ts';
import { quiesce, repairPlanted, settle } from './rest.ts';
import { Chances, changed, type Mutation, pairsOf, type Run } from './run.ts';
import { step } from './steps.ts';
import { Watcher } from './watcher.ts';
import { Workload } from './workload.ts';
import {
  describeWorld,
  drawBrake,
  drawDeafness,
  drawFaults,
  drawMore,
  drawRuleEdits,
  drawSourceCuts,
  drawSourceDisk,
  drawTakeOvers,
  drawTargetDisk,
  drawTargetMemory,
  drawVerbs,
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
  /** How often something was dirty, and what was not was held against them. */
  readonly outside: number;
}

/** Calls before the job begins, and steps from then on. */
const BEFORE = 60;
const STEPS = 400;
/** Where there is a brake: enough for it to count. */
const OLD_FILES = 12;
/** All that a run is made of, for whoever leaves some of it out. */
export const ALL_STEPS = BEFORE + STEPS;

export async function runSeed(seed: number, mutation: Mutation = {}): Promise<SeedOutcome> {
  const run = makeRun(seed, mutation);
  const { pair, watcher, failures, world } = run;
  before(run, mutation);
  for (const each of pairsOf(run)) await each.source.start();
  run.spoil(pair);
  changed(run);
  beginPower(run);
  try {
    if (world.settled === true || world.brake != null) await settle(run);
    // What a brake is for is older than its window.
    pair.advance(world.brake?.windowMs ?? 0);
    for (const each of pairsOf(run)) each.connect();
    await live(run, mutation);
  } catch (error) {
    failures.push(`an agent died of it: ${error instanceof Error ? error.stack : String(error)}`);
  }
  failures.push(...pairsOf(run).flatMap(({ source, target }) => [...source.failures, ...target.limits.failures]));
  // [SRM2] Certainty is lost only where both ends are: a target's power cut alone is made good from its journal.
  const sourceFails = (world.sourceDeaths ?? 0) + (world.sourceCuts ?? 0) > 0;
  const calm = world.trouble === 0 && !sourceFails && world.brake == null;
  if (calm && pair.comparedAfterPowerCut) failures.push('a power cut on the target made everything be compared');
  const { steps } = run.work;
  const seen = { compared: watcher.compared, outside: watcher.outside };
  return { seed, world: describeWorld(world), failures, steps, events: pair.events, ...seen };
}

function drawAll(chances: Chances): World {
  const drawn = { ...drawWorld(chances.main), ...drawTargetDisk(chances.disk), ...drawTakeOvers(chances.epoch) };
  const more = { ...drawMore(chances.more), ...drawDeafness(chances.deaf) };
  const brake = drawBrake(chances.brake);
  return {
    ...drawn,
    ...more,
    ...drawSourceDisk(chances.source),
    ...drawTargetMemory(chances.narrow),
    ...drawSourceCuts(chances.cuts, more.deafness),
    ...drawVerbs(chances.verbs),
    ...drawFaults(chances.faults),
    ...brake,
    ...drawRuleEdits(chances.rules, brake.brake),
    ...drawBeside(chances.beside),
  };
}

function makeRun(seed: number, mutation: Mutation): Run {
  const chances = new Chances(seed);
  const { main: random, disk: power } = chances;
  const world: World = { ...drawAll(chances), ...mutation.world };
  const { wrapFiles, tamper } = mutation;
  const wire = { random: chances.wire, chance: world.badWire ?? 0 };
  const badSource = new BadSource(world.sourceDisk ?? 'good', chances.source);
  const pair = new Pair({
    random,
    power,
    ...world,
    brake: world.brake ?? undefined,
    faults: { random: chances.faults, reads: world.badReads ?? 0, journals: world.badJournals ?? 0 },
    beside: undefined,
    wrapFiles: (files) => badSource.wrap(wrapFiles?.(files) ?? files),
    ...(wire.chance === 0 ? {} : { wire }),
    ...(tamper === undefined ? {} : { tamper }),
  });
  const watcher = new Watcher(pair);
  const { failures } = watcher;
  const of = { pair, world, random: chances.beside, failures, badSource };
  const beside = world.beside == null ? null : makeBeside(world.beside, of);
  const pairs = pairsOf({ pair, beside });
  const work = new Workload({
    fs: pair.fs,
    tops: [...new Set(pairs.flatMap(({ tops }) => tops))],
    fixed: pairs.flatMap(({ fixed }) => fixed),
    random,
    furtherVerbs: world.furtherVerbs,
    changed: (node: Parameters<typeof pair.contents.changed>[0]) => pair.contents.changed(node),
  });
  const deaf = new Deafness(pairs, chances.deaf, world.deafness ?? 0);
  const open = { resume: null, handPaused: false, power: null, planting: false, deaf, badSource, beside };
  const spoil = mutation.spoil ?? (() => {});
  return { pair, work, watcher, chances, failures, world, spoil, ...open };
}

function before({ pair, work, chances, world }: Run, { keeps }: Mutation): void {
  pair.places.keepApart(true);
  if (world.brake != null) work.populate(OLD_FILES);
  const calls = chances.main.below(BEFORE);
  for (let i = 0; i < calls; i += 1) {
    if (world.stepwise === true) chances.restart(i);
    if (keeps?.(i) !== false) work.step();
  }
  pair.places.keepApart(false);
}

async function live(run: Run, { keeps }: Mutation): Promise<void> {
  const { pair, failures, chances, world } = run;
  for (let i = 0; i < STEPS && failures.length === 0; i += 1) {
    if (world.stepwise === true) chances.restart(BEFORE + i);
    if (keeps?.(BEFORE + i) !== false) await step(run);
  }
  if (failures.length === 0) await quiesce(run);
  run.badSource.mended = true;
  if (failures.length === 0 && pair.state() === 'protected' && !pair.hasLostRemovals) await repairPlanted(run);
}
