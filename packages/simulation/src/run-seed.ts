/**
 * One seed, one run: a random workload, a random world, and what must hold all the same.
 * Checked: [promise] see watcher.ts; [VER1] a verification never raises a false alarm; [SRM2] [TCM5] after quiescence both trees are
 * equal, whatever broke, or the job says that they are not [TRM2]; positions and memory, see source-agent.ts.
 */
import type { MirrorOptions, SourceFiles } from '@understudy/engine';
import { Pair } from './pair.ts';
import { plantDifferences } from './plant.ts';
import { SeededRandom } from './random.ts';
import { Watcher } from './watcher.ts';
import type { ToTarget } from './wire-link.ts';
import { Workload } from './workload.ts';
import { describeWorld, drawTakeOvers, drawTargetDisk, drawWorld, type World } from './world.ts';

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

/** Something planted, to see that the checkers notice. */
export interface Mutation {
  readonly world?: Partial<World>;
  readonly wrapFiles?: (files: SourceFiles) => SourceFiles;
  readonly tamper?: (message: ToTarget) => ToTarget;
  /** Called once the pair stands, and after every restart of the source. */
  readonly spoil?: (pair: Pair) => void;
}

const STEPS = 400;
const QUIET_STEPS = 3_000;
/** Verification of at most 40 small files, and what was planted: far from sending everything. */
const MOST_REPAIR_BYTES = 400_000;

interface Run {
  readonly pair: Pair;
  readonly work: Workload;
  readonly watcher: Watcher;
  readonly random: SeededRandom;
  /** For what mirrors are told: of its own, so that the rest of a run stays what it was. */
  readonly mirrorRandom: SeededRandom;
  /** For the target's disk. */
  readonly diskRandom: SeededRandom;
  readonly epochRandom: SeededRandom;
  readonly failures: string[];
  readonly world: World;
  readonly spoil: (pair: Pair) => void;
  /** Ends the pause of the interceptor's recording; null: it records. */
  resume: (() => void) | null;
  handPaused: boolean;
  /** Somebody has written into the replica: it is none of the source's pasts. */
  planting: boolean;
}

export async function runSeed(seed: number, mutation: Mutation = {}): Promise<SeedOutcome> {
  const random = new SeededRandom(seed);
  const diskRandom = new SeededRandom(seed ^ 0x70_77_72);
  const epochRandom = new SeededRandom(seed ^ 0x65_70_6f);
  const drawn = { ...drawWorld(random), ...drawTargetDisk(diskRandom), ...drawTakeOvers(epochRandom) };
  const world: World = { ...drawn, ...mutation.world };
  const { wrapFiles, tamper } = mutation;
  const pair = new Pair({
    random,
    power: diskRandom,
    ...world,
    ...(wrapFiles === undefined ? {} : { wrapFiles }),
    ...(tamper === undefined ? {} : { tamper }),
  });
  const changed = (node: Parameters<typeof pair.contents.changed>[0]) => pair.contents.changed(node);
  const work = new Workload({ fs: pair.fs, tops: pair.tops, fixed: pair.fixed, random, changed });
  const watcher = new Watcher(pair);
  const spoil = mutation.spoil ?? (() => {});
  const { failures } = watcher;
  const mirrorRandom = new SeededRandom(seed ^ 0x31337);
  const open = { resume: null, handPaused: false, planting: false };
  const run: Run = {
    pair,
    work,
    watcher,
    random,
    mirrorRandom,
    diskRandom,
    epochRandom,
    failures,
    world,
    spoil,
    ...open,
  };
  pair.keepApart(true);
  for (let i = random.below(60); i > 0; i -= 1) work.step();
  pair.keepApart(false);
  await pair.source.start();
  spoil(pair);
  watcher.changed();
  pair.connect();
  try {
    await live(run);
  } catch (error) {
    failures.push(`an agent died of it: ${error instanceof Error ? error.stack : String(error)}`);
  }
  failures.push(...pair.source.failures);
  // [SRM2] Certainty is lost only where both ends are: a target's power cut alone is made good from its journal.
  if (world.trouble === 0 && pair.comparedAfterPowerCut)
    failures.push('a power cut on the target made everything be compared');
  const { steps } = work;
  return { seed, world: describeWorld(world), failures, steps, events: pair.events, compared: watcher.compared };
}

async function live(run: Run): Promise<void> {
  const { pair, failures } = run;
  for (let i = 0; i < STEPS && failures.length === 0; i += 1) await step(run);
  if (failures.length === 0) quiesce(run);
  if (failures.length === 0 && pair.state() === 'protected' && !pair.hasLostRemovals) repairPlanted(run);
}

async function step(run: Run): Promise<void> {
  const { pair, random, watcher, world } = run;
  const what = random.below(10);
  if (what < 4) act(run);
  else if (what < 6) pair.pumpSource();
  else if (what === 6) deliverSome(pair, random, 'target');
  else if (what === 7) deliverSome(pair, random, 'source');
  else if (what === 8) apply(run);
  else if (!pair.linked && random.chance(0.3)) pair.connect();
  if (random.chance(0.03)) verify(run);
  if (random.chance(0.03)) flush(run);
  if (random.chance(0.02)) await command(run);
  steerMirror(run);
  if (random.chance(world.trouble)) await trouble(run);
  targetDisk(run);
  if (run.epochRandom.chance(world.takeOvers ?? 0)) pair.takeOver();
  if (random.chance(0.15)) watcher.look();
}

function act({ work, watcher }: Run): void {
  const before = work.steps.length;
  work.step();
  if (work.steps.length > before) watcher.changed();
}

function apply({ pair, random }: Run): void {
  pair.applySome(1 + random.below(40));
  pair.advance(random.below(300));
}

function targetDisk({ pair, diskRandom, world }: Run): void {
  pair.targetDisk(diskRandom.chance(0.3), diskRandom.chance(0.06));
  if (diskRandom.chance(world.powerCuts ?? 0)) pair.powerCutTarget((n) => diskRandom.below(n));
}

async function trouble(run: Run): Promise<void> {
  const { pair, random } = run;
  const kind = random.below(8);
  if (kind === 0) pair.cut();
  else if (kind === 1) pair.killTarget();
  else if (kind === 2) await killSource(run);
  else if (kind === 3) pair.target.disk.dieAfter(random.below(12));
  else if (kind === 4 && random.chance(0.3)) loseCertainty(run);
  else if (kind === 7) spoilStore(run);
  // Calls that have been executed and are not in the ring yet, for a few steps of the other side.
  else if (run.resume === null) run.resume = pair.source.interceptor.pauseRecording();
  else resumeRecording(run);
}

async function killSource(run: Run): Promise<void> {
  // Now and then the folder is not there any more.
  await run.pair.killSource(!run.random.chance(0.1));
  run.handPaused = false;
  run.spoil(run.pair);
}

/** The folder of the queue: full, read-only, whole again, or with a hole in what it holds. */
function spoilStore({ pair, random }: Run): void {
  const { store } = pair.source;
  if (random.chance(0.3)) store.damage(random.next());
  else store.failing = random.pick([null, null, 'full', 'failed'] as const) ?? null;
}

function loseCertainty({ pair, random }: Run): void {
  const root = random.pick(pair.source.roots);
  if (root !== undefined) pair.source.interceptor.loseCertainty(root.id);
}

function resumeRecording(run: Run): void {
  run.resume?.();
  run.resume = null;
}

async function command(run: Run): Promise<void> {
  const { pair, random } = run;
  const { job } = pair.source;
  if (random.chance(0.5))
    job.startMirror(random.pick(['everything', 'attributes', 'checksum'] as const) ?? 'checksum', mirrorOptions(run));
  else {
    run.handPaused = !run.handPaused;
    job.setPaused(run.handPaused);
  }
}

function mirrorOptions({ mirrorRandom }: Run): Partial<MirrorOptions> {
  return {
    blockSize: mirrorRandom.pick([4096, 16_384]) ?? 4096,
    calculate: mirrorRandom.chance(0.5),
    orphans: mirrorRandom.pick(['report', 'move', 'delete'] as const) ?? 'report',
  };
}

/** [MIR3] A mirror is held, taken up again, and now and then given up. */
function steerMirror({ pair, mirrorRandom }: Run): void {
  const { runs } = pair.source.job;
  if (mirrorRandom.chance(0.02)) runs.pauseMirror(!runs.mirrorPaused);
  else if (mirrorRandom.chance(0.002)) runs.stopMirror();
}

function deliverSome(pair: Pair, random: SeededRandom, direction: 'target' | 'source'): void {
  for (let i = 1 + random.below(8); i > 0; i -= 1) if (!pair.deliver(direction)) return;
}

function verify({ pair, failures }: Run): void {
  if (pair.state() !== 'protected') return;
  const { job } = pair.source;
  job.startVerification((verification) => {
    const excused =
      !pair.target.settled || job.path.srm.dirty.size > 0 || job.unrepairable().length > 0 || pair.orphans > 0;
    if (verification.done && verification.differences.length > 0 && !excused)
      failures.push(`false alarm: ${JSON.stringify(verification.differences.slice(0, 5))}`);
  });
}

function flush(run: Run): void {
  const { pair, watcher, resume } = run;
  // A call that is not recorded yet has not returned: nobody could have flushed after it.
  if (resume !== null) return;
  pair.source.drain();
  const called = watcher.now;
  pair.source.job.flush(() => {
    if (!run.planting) watcher.flushed(called);
  });
}

/** No more work, no more trouble: everything has to come to rest. */
function quiesce(run: Run): void {
  const { pair, failures, world } = run;
  let flushed = false;
  resumeRecording(run);
  pair.source.job.setPaused(false);
  const { runs } = pair.source.job;
  runs.pauseMirror(false);
  if (runs.mirrorStopped) pair.source.job.startMirror('checksum');
  pair.target.disk.live();
  pair.target.disk.mended = true;
  pair.source.store.failing = null;
  pair.connect();
  pair.pumpSource();
  pair.source.job.flush(() => {
    flushed = true;
  });
  const atRest = () => (flushed && pair.state() === 'protected') || hasGivenUp(run);
  for (let i = 0; i < QUIET_STEPS && !atRest(); i += 1) {
    crank(pair);
    if (failures.length > 0) return;
  }
  if (!atRest()) failures.push(`it never came to rest: ${pair.state()}, flushed ${flushed}`);
  else if (pair.state() === 'protected') {
    failures.push(...pair.differences().filter((line) => !pair.hasLostRemovals || !line.startsWith('replica: ')));
    run.watcher.look();
  } else if (world.disk !== 'broken-call') failures.push(`it gave up on ${pair.source.job.unrepairable().join(', ')}`);
}

function crank(pair: Pair): void {
  pair.pumpSource();
  pair.connect();
  pair.targetDisk(true, true);
  while (pair.deliver('target')) pair.applySome(64);
  pair.applySome(64);
  while (pair.deliver('source')) pair.pumpSource();
  pair.advance(1000);
}

/** [VER2] What somebody has changed on the target is found, named and sent again, and nothing but that is. */
function repairPlanted(run: Run): void {
  const { pair, failures, mirrorRandom } = run;
  const { job } = pair.source;
  // One that was begun before would have read some of it already.
  for (let i = 0; i < QUIET_STEPS && job.verification !== null; i += 1) crank(pair);
  run.planting = true;
  const planted = plantDifferences(pair, mirrorRandom);
  const before = job.path.scm.sentBytes;
  let found: number | null = null;
  let flushed = false;
  job.startVerification((verification) => {
    found = verification.done ? verification.findings.count : -1;
    job.flush(() => {
      flushed = true;
    });
  }, true);
  for (let i = 0; i < QUIET_STEPS && !(flushed && pair.state() === 'protected') && !hasGivenUp(run); i += 1)
    crank(pair);
  if (hasGivenUp(run)) return;
  if (found === -1) failures.push('a verification in peace was broken off');
  else if (planted > 0 && (found ?? 0) === 0) failures.push(`${planted} planted differences were not found`);
  else if (planted === 0 && (found ?? 0) > 0 && pair.orphans === 0) failures.push(`a false alarm in peace: ${found}`);
  const left = pair.differences();
  if (left.length > 0) failures.push(`not repaired after ${planted} planted differences: ${left.join('; ')}`);
  if (job.path.scm.sentBytes - before > MOST_REPAIR_BYTES)
    failures.push(`the repair sent ${job.path.scm.sentBytes - before} bytes`);
}

/** The honest end of a run whose target cannot do something: it says so, and does nothing more. */
function hasGivenUp({ pair }: Run): boolean {
  if (pair.state() !== 'degraded' || pair.source.job.unrepairable().length === 0) return false;
  const { job } = pair.source;
  const idle = job.path.scm.inFlightBytes === 0 && job.path.srm.queue.operations === 0;
  return idle && job.mirror === null && job.path.srm.dirty.size === 0;
}
