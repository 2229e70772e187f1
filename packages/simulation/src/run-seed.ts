/**
 * One seed, one run: a random workload, a random world, and what must hold all the same.
 * Checked: [promise] see watcher.ts; [VER1] a verification never raises a false alarm; [SRM2] [TCM5] after quiescence both trees are
 * equal, whatever broke, or the job says that they are not [TRM2]; positions and memory, see source-agent.ts.
 */
import type { SourceFiles } from '@understudy/engine';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import { Watcher } from './watcher.ts';
import type { ToTarget } from './wire-link.ts';
import { Workload } from './workload.ts';
import { describeWorld, drawWorld, type World } from './world.ts';

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

interface Run {
  readonly pair: Pair;
  readonly work: Workload;
  readonly watcher: Watcher;
  readonly random: SeededRandom;
  readonly failures: string[];
  readonly world: World;
  readonly spoil: (pair: Pair) => void;
  /** Ends the pause of the interceptor's recording; null: it records. */
  resume: (() => void) | null;
  handPaused: boolean;
}

export async function runSeed(seed: number, mutation: Mutation = {}): Promise<SeedOutcome> {
  const random = new SeededRandom(seed);
  const world: World = { ...drawWorld(random), ...mutation.world };
  const { wrapFiles, tamper } = mutation;
  const pair = new Pair({
    random,
    ...world,
    ...(wrapFiles === undefined ? {} : { wrapFiles }),
    ...(tamper === undefined ? {} : { tamper }),
  });
  const changed = (node: Parameters<typeof pair.contents.changed>[0]) => pair.contents.changed(node);
  const work = new Workload({ fs: pair.fs, tops: pair.tops, random, changed });
  const watcher = new Watcher(pair);
  const spoil = mutation.spoil ?? (() => {});
  const { failures } = watcher;
  const run: Run = { pair, work, watcher, random, failures, world, spoil, resume: null, handPaused: false };
  pair.keepApart(true);
  for (let i = random.below(60); i > 0; i -= 1) work.step();
  pair.keepApart(false);
  await pair.source.start();
  spoil(pair);
  watcher.changed();
  pair.connect();
  for (let i = 0; i < STEPS && failures.length === 0; i += 1) await step(run);
  if (failures.length === 0) quiesce(run);
  failures.push(...pair.source.failures);
  const { steps } = work;
  return { seed, world: describeWorld(world), failures, steps, events: pair.events, compared: watcher.compared };
}

async function step(run: Run): Promise<void> {
  const { pair, random, watcher } = run;
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
  if (random.chance(run.world.trouble)) await trouble(run);
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

async function trouble(run: Run): Promise<void> {
  const { pair, random } = run;
  const kind = random.below(7);
  if (kind === 0) pair.cut();
  else if (kind === 1) pair.killTarget();
  else if (kind === 2) await killSource(run);
  else if (kind === 3) pair.target.disk.dieAfter(random.below(12));
  else if (kind === 4 && random.chance(0.3)) loseCertainty(run);
  // Calls that have been executed and are not in the ring yet, for a few steps of the other side.
  else if (run.resume === null) run.resume = pair.source.interceptor.pauseRecording();
  else resumeRecording(run);
}

async function killSource(run: Run): Promise<void> {
  await run.pair.killSource();
  run.handPaused = false;
  run.spoil(run.pair);
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
  if (random.chance(0.5)) job.startMirror(random.pick(['everything', 'attributes', 'checksum'] as const) ?? 'checksum');
  else {
    run.handPaused = !run.handPaused;
    job.setPaused(run.handPaused);
  }
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

function flush({ pair, watcher, resume }: Run): void {
  // A call that is not recorded yet has not returned: nobody could have flushed after it.
  if (resume !== null) return;
  pair.source.drain();
  const called = watcher.now;
  pair.source.job.flush(() => watcher.flushed(called));
}

/** No more work, no more trouble: everything has to come to rest. */
function quiesce(run: Run): void {
  const { pair, failures, world } = run;
  let flushed = false;
  resumeRecording(run);
  pair.source.job.setPaused(false);
  pair.target.disk.live();
  pair.target.disk.mended = true;
  pair.connect();
  pair.pumpSource();
  pair.source.job.flush(() => {
    flushed = true;
  });
  const atRest = () => (flushed && pair.state() === 'protected') || hasGivenUp(run);
  for (let i = 0; i < QUIET_STEPS && !atRest(); i += 1) {
    pair.pumpSource();
    pair.connect();
    while (pair.deliver('target')) pair.applySome(64);
    pair.applySome(64);
    while (pair.deliver('source')) pair.pumpSource();
    pair.advance(1000);
    if (failures.length > 0) return;
  }
  if (!atRest()) failures.push(`it never came to rest: ${pair.state()}, flushed ${flushed}`);
  else if (pair.state() === 'protected') {
    failures.push(...pair.differences());
    run.watcher.look();
  } else if (world.disk !== 'broken-call') failures.push(`it gave up on ${pair.source.job.unrepairable().join(', ')}`);
}

/** The honest end of a run whose target cannot do something: it says so, and does nothing more. */
function hasGivenUp({ pair }: Run): boolean {
  if (pair.state() !== 'degraded' || pair.source.job.unrepairable().length === 0) return false;
  const { job } = pair.source;
  const idle = job.path.scm.inFlightBytes === 0 && job.path.srm.queue.operations === 0;
  return idle && job.mirror === null && job.path.srm.dirty.size === 0;
}
