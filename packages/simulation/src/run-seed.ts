/**
 * One seed, one run: a random workload, a random world, and what must hold all the same.
 * Checked: [VER1] a verification never raises a false alarm; [SRM2] [TCM5] after quiescence both trees are equal, whatever broke.
 */
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import { Workload } from './workload.ts';

export interface SeedOutcome {
  readonly seed: number;
  /** What kind of world the seed drew. */
  readonly world: string;
  readonly failures: readonly string[];
  readonly steps: readonly string[];
  readonly events: readonly string[];
}

const STEPS = 400;
const QUIET_STEPS = 5_000;

interface Run {
  readonly pair: Pair;
  readonly work: Workload;
  readonly random: SeededRandom;
  readonly failures: string[];
  readonly trouble: number;
}

export async function runSeed(seed: number): Promise<SeedOutcome> {
  const random = new SeededRandom(seed);
  const memoryBytes = random.pick([300_000, 600_000, 1 << 26]) ?? 1 << 26;
  const ringBytes = random.pick([20_000, 1 << 22, 1 << 22]) ?? 1 << 22;
  const pair = new Pair({ random, memoryBytes, ringBytes });
  const work = new Workload(pair.fs, pair.top, random);
  const run: Run = { pair, work, random, failures: [], trouble: random.pick([0, 0.01, 0.05]) ?? 0 };
  for (let i = random.below(60); i > 0; i -= 1) work.step();
  await pair.startSource();
  pair.connect();
  for (let i = 0; i < STEPS && run.failures.length === 0; i += 1) await step(run);
  if (run.failures.length === 0) quiesce(run);
  const world = `memory ${memoryBytes}, ring ${ringBytes}, trouble ${run.trouble}`;
  return { seed, world, failures: run.failures, steps: work.steps, events: pair.events };
}

async function step(run: Run): Promise<void> {
  const { pair, work, random } = run;
  const what = random.below(10);
  if (what < 4) work.step();
  else if (what < 6) pair.pumpSource();
  else if (what === 6) deliverSome(pair, random, 'target');
  else if (what === 7) deliverSome(pair, random, 'source');
  else if (what === 8) pair.applySome(1 + random.below(40));
  else if (!pair.linked && random.chance(0.3)) pair.connect();
  if (random.chance(0.02)) verify(run);
  if (random.chance(run.trouble)) await trouble(run);
}

async function trouble({ pair, random }: Run): Promise<void> {
  const kind = random.below(4);
  if (kind === 0) pair.cut();
  else if (kind === 1) pair.killTarget();
  else if (kind === 2) await pair.killSource();
  else {
    // An operation that has been executed and is not in the ring yet, for a few steps of the other side.
    const go = pair.interceptor.pauseRecording();
    for (let i = random.below(3); i > 0; i -= 1) pair.pumpSource();
    go();
  }
}

function deliverSome(pair: Pair, random: SeededRandom, direction: 'target' | 'source'): void {
  for (let i = 1 + random.below(8); i > 0; i -= 1) if (!pair.deliver(direction)) return;
}

function verify({ pair, failures }: Run): void {
  if (pair.state() !== 'protected') return;
  pair.source.startVerification((verification) => {
    if (verification.done && verification.differences.length > 0)
      failures.push(`false alarm: ${JSON.stringify(verification.differences.slice(0, 5))}`);
  });
}

function quiesce(run: Run): void {
  const { pair, failures } = run;
  let flushed = false;
  pair.connect();
  pair.pumpSource();
  pair.source.flush(() => {
    flushed = true;
  });
  for (let i = 0; i < QUIET_STEPS && !(flushed && pair.state() === 'protected'); i += 1) {
    pair.pumpSource();
    if (!pair.linked) pair.connect();
    while (pair.deliver('target')) pair.applySome(64);
    pair.applySome(64);
    while (pair.deliver('source')) pair.pumpSource();
    if (failures.length > 0) return;
  }
  if (!flushed || pair.state() !== 'protected') {
    failures.push(`it never came to rest: ${pair.state()}, flushed ${flushed}`);
    return;
  }
  failures.push(...pair.differences());
}
