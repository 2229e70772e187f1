/** What a step of a run is: an application's call, a turn of an agent, a frame that arrives, an order given, something that breaks. */
import type { MirrorOptions } from '@understudy/engine';
import { stepBeside } from './beside.ts';
import { stepBrake } from './braked.ts';
import type { Pair } from './pair.ts';
import { stepPower } from './power-cuts.ts';
import type { SeededRandom } from './random.ts';
import { stepRules, withoutLeft } from './rule-edits.ts';
import { changed, type Run, say } from './run.ts';
import { breakWire, killWhereItDied, trouble } from './trouble.ts';

/** A slow disk's turn. */
const SLOW_TURN_MS = 2_000;

export async function step(run: Run): Promise<void> {
  const { pair, watcher, world } = run;
  const { main: random, more } = run.chances;
  const what = random.below(10);
  if (what < 4) act(run);
  else if (what < 6) pair.pumpSource();
  else if (what === 6) deliverSome(pair, random, 'target');
  else if (what === 7) deliverSome(pair, random, 'source');
  else if (what === 8) apply(run);
  else if (!pair.linked && random.chance(0.3)) pair.connect();
  await killWhereItDied(run);
  if (random.chance(0.03)) verify(run);
  if (random.chance(0.03)) flush(run);
  if (random.chance(0.02)) command(run);
  steerMirror(run);
  if (random.chance(world.trouble)) await trouble(run);
  targetDisk(run);
  if (run.chances.epoch.chance(world.takeOvers ?? 0)) pair.takeOver();
  if (more.chance(world.sourceDeaths ?? 0)) pair.source.host.dieAfter(more.below(10));
  breakWire(run);
  stepBeside(run);
  if (world.sourceDisk === 'bad-spots' && run.chances.source.chance(0.02)) run.badSource.spoil(pair.fs.nodeIds());
  await killWhereItDied(run);
  await stepBrake(run);
  await killWhereItDied(run);
  await stepPower(run);
  await killWhereItDied(run);
  stepRules(run);
  await killWhereItDied(run);
  run.deaf.step();
  if (random.chance(0.15)) watcher.look();
}

function act(run: Run): void {
  const { work, world } = run;
  const { more } = run.chances;
  if (more.chance(world.bursts ?? 0)) {
    for (let i = more.below(3); i >= 0; i -= 1) work.burst(more, () => changed(run));
    return;
  }
  const before = work.steps.length;
  work.step();
  if (work.steps.length > before) changed(run);
}

/** What the replica shows is looked at whenever it may show something new. */
function apply(run: Run): void {
  const { pair, watcher, world } = run;
  const { main: random, more } = run.chances;
  // Now and then few, so that what lies between two calls that belong together is seen.
  const records = 1 + random.below((world.bursts ?? 0) > 0 && more.chance(0.5) ? 3 : 40);
  if (world.slow !== true) pair.applySome(records);
  else
    for (let i = more.below(4); i >= 0; i -= 1) {
      pair.applySome(1);
      if (!run.planting) watcher.look();
      pair.advance(SLOW_TURN_MS);
    }
  pair.advance(random.below(300));
  if (!run.planting) watcher.look();
}

function targetDisk({ pair, chances, world }: Run): void {
  const { disk, more } = chances;
  const late = world.slow === true && more.chance(0.8);
  pair.targetDisk(disk.chance(0.3) && !late, disk.chance(0.06) && !late);
  if (disk.chance(world.powerCuts ?? 0)) pair.powerCutTarget((n) => disk.below(n));
}

function command(run: Run): void {
  const { pair } = run;
  const { main: random } = run.chances;
  const { job } = pair.source;
  if (random.chance(0.5)) {
    const compare = random.pick(['everything', 'attributes', 'checksum'] as const) ?? 'checksum';
    say(run, `a mirror is ordered, ${compare}`);
    job.startMirror(compare, mirrorOptions(run));
    return;
  }
  run.handPaused = !run.handPaused;
  say(run, `the job is ${run.handPaused ? 'paused' : 'resumed'}`);
  job.setPaused(run.handPaused);
}

function mirrorOptions({ chances: { mirror }, world }: Run): Partial<MirrorOptions> {
  const blockSize = mirror.pick([4096, 16_384]) ?? 4096;
  const calculate = mirror.chance(0.5);
  const orphans = mirror.pick(['report', 'move', 'delete'] as const) ?? 'report';
  // A replica that a brake took back has names that the source has no more, and so has what comes back into the set: they have to go.
  const mayStay = world.brake == null && (world.ruleEdits ?? 0) === 0;
  return { blockSize, calculate, orphans: orphans === 'report' && !mayStay ? 'move' : orphans };
}

/** [MIR3] A mirror is held, taken up again, and now and then given up. */
function steerMirror({ pair, chances: { mirror } }: Run): void {
  const { runs } = pair.source.job;
  if (mirror.chance(0.02)) runs.pauseMirror(!runs.mirrorPaused);
  else if (mirror.chance(0.002)) runs.stopMirror();
}

function deliverSome(pair: Pair, random: SeededRandom, direction: 'target' | 'source'): void {
  for (let i = 1 + random.below(8); i > 0; i -= 1) if (!pair.deliver(direction)) return;
}

function verify({ pair, failures, deaf }: Run): void {
  if (pair.state() !== 'protected' || deaf.now) return;
  const { job } = pair.source;
  const { times } = deaf;
  job.startVerification((verification) => {
    const excused =
      !pair.target.settled ||
      job.path.srm.dirty.size > 0 ||
      job.unrepairable().length > 0 ||
      pair.orphans > 0 ||
      deaf.times > times;
    const found = withoutLeft(pair, verification.differences);
    if (verification.done && found.length > 0 && !excused)
      failures.push(`false alarm: ${JSON.stringify(found.slice(0, 5))}`);
  });
}

function flush(run: Run): void {
  const { pair, watcher, resume } = run;
  // A call that is not recorded yet has not returned: nobody could have flushed after it.
  if (resume !== null || pair.sourceDied || run.deaf.now) return;
  pair.asSource(() => {
    pair.source.drain();
    const called = watcher.now;
    pair.source.job.flush(() => {
      if (!run.planting) watcher.flushed(called);
    });
  });
}
