/** The end of a run: no more work, no more trouble. Everything has to come to rest, and what is planted then has to be found and mended. */
import { RECORD_HEADER } from '@understudy/wire';
import type { Pair } from './pair.ts';
import { plantDifferences } from './plant.ts';
import type { Run } from './run.ts';
import { killWhereItDied, resumeRecording } from './trouble.ts';

const QUIET_STEPS = 3_000;
/** Verification of at most 40 small files, and what was planted: far from sending everything. */
const MOST_REPAIR_BYTES = 400_000;

export async function quiesce(run: Run): Promise<void> {
  const { pair, failures, world } = run;
  let flushed = false;
  pair.source.live();
  await killWhereItDied(run);
  resumeRecording(run);
  pair.source.job.setPaused(false);
  const { runs } = pair.source.job;
  runs.pauseMirror(false);
  if (runs.mirrorStopped) pair.source.job.startMirror('checksum');
  pair.target.disk.live();
  pair.target.disk.mended = true;
  pair.source.store.failing = null;
  mendWire(pair);
  pair.connect();
  pair.pumpSource();
  pair.source.job.flush(() => {
    flushed = true;
  });
  const atRest = () => (flushed && pair.state() === 'protected') || hasGivenUp(run);
  for (let i = 0; i < QUIET_STEPS && (run.deaf.now || !atRest()); i += 1) {
    await crank(pair);
    if (world.audit === true) run.deaf.endIfKnown();
    else run.deaf.end();
    if (failures.length > 0) return;
  }
  if (!atRest()) failures.push(`it never came to rest: ${pair.state()}, flushed ${flushed}`);
  else if (pair.state() === 'protected') {
    failures.push(...pair.differences().filter((line) => !pair.hasLostRemovals || !line.startsWith('replica: ')));
    run.watcher.look();
  } else if (world.disk !== 'broken-call') failures.push(`it gave up on ${pair.source.job.unrepairable().join(', ')}`);
}

/** A run that begins where most of a job's life is spent: the first mirror has ended, and the job protects. */
export async function settle(run: Run): Promise<void> {
  const { pair } = run;
  const { wireIsGood } = pair;
  pair.wireIsGood = true;
  pair.connect();
  for (let i = 0; i < QUIET_STEPS && pair.state() !== 'protected'; i += 1) await crank(pair);
  pair.wireIsGood = wireIsGood;
  if (!wireIsGood) pair.cut();
}

/** A stream keeps its promise or breaks: one that loses frames, or is half open, breaks now. The next is good. */
function mendWire(pair: Pair): void {
  const wasGood = pair.wireIsGood && pair.link?.halfOpen !== true;
  pair.wireIsGood = true;
  if (!wasGood) pair.cut();
}

/** What waits for a promise, a cookie, goes on in between. */
async function crank(pair: Pair): Promise<void> {
  await Promise.resolve();
  pair.pumpSource();
  pair.connect();
  pair.targetDisk(true, true);
  while (pair.deliver('target')) pair.applySome(64);
  pair.applySome(64);
  while (pair.deliver('source')) pair.pumpSource();
  pair.advance(1000);
}

/** [VER2] What somebody has changed on the target is found, named and sent again, and nothing but that is. */
export async function repairPlanted(run: Run): Promise<void> {
  const { pair, failures } = run;
  const { job } = pair.source;
  // One that was begun before would have read some of it already.
  for (let i = 0; i < QUIET_STEPS && job.verification !== null; i += 1) await crank(pair);
  run.planting = true;
  const planted = plantDifferences(pair, run.chances.mirror);
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
    await crank(pair);
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
  // Cookies go round for ever.
  const { queued, inFlight } = job.audit?.underWay ?? { queued: 0, inFlight: 0 };
  const idle = job.path.scm.inFlightBytes <= inFlight * RECORD_HEADER && job.path.srm.queue.operations <= queued;
  return idle && job.mirror === null && job.path.srm.dirty.size === 0;
}
