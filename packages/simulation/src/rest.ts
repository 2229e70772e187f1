/** The end of a run: no more work, no more trouble. Everything has to come to rest, and what is planted then has to be found and mended. */
import { RECORD_HEADER } from '@understudy/wire';
import { letGo } from './braked.ts';
import { turn } from './cranking.ts';
import type { Pair } from './pair.ts';
import { plantDifferences } from './plant.ts';
import { withoutLeft } from './rule-edits.ts';
import { pairsOf, type Run } from './run.ts';
import { killWhereItDied, resumeRecording } from './trouble.ts';

const QUIET_STEPS = 3_000;
/** Verification of at most 40 small files, and what was planted: far from sending everything. */
const MOST_REPAIR_BYTES = 400_000;

export async function quiesce(run: Run): Promise<void> {
  const { failures, badSource } = run;
  run.pair.source.host.live();
  await killWhereItDied(run);
  resumeRecording(run);
  for (const pair of pairsOf(run)) calm(pair);
  await toRest(run);
  if (failures.length > 0 || !(badSource.kind !== 'good' && pairsOf(run).some(hasGivenUp))) return;
  // What could not be read is named; a person has the disk mended and orders a mirror.
  badSource.mended = true;
  for (const { source } of pairsOf(run)) source.job.startMirror('checksum');
  await crank(run);
  await toRest(run);
}

/** Nothing is paused or broken any more but what cannot be read on the source. */
function calm(pair: Pair): void {
  const { job, store } = pair.source;
  job.setPaused(false);
  const { runs } = job;
  runs.pauseMirror(false);
  if (runs.mirrorStopped) job.startMirror('checksum');
  pair.target.disk.live();
  pair.target.disk.mended = true;
  store.failing = null;
  mendWire(pair);
  pair.connect();
  pair.pumpSource();
}

async function toRest(run: Run): Promise<void> {
  const { failures, world } = run;
  const flushed = new Set<Pair>();
  const asked = new Map<Pair, unknown>();
  const ask = (pair: Pair): void => {
    const { job } = pair.source;
    if (asked.get(pair) !== job) job.flush(() => flushed.add(pair));
    asked.set(pair, job);
  };
  for (const pair of pairsOf(run)) ask(pair);
  const unreceived = (pair: Pair) => pair.source.job.path.unreceived.count;
  const isWhole = (pair: Pair) => pair.state() === 'protected' && unreceived(pair) === 0;
  const isAtRest = (pair: Pair) => (flushed.has(pair) && isWhole(pair)) || hasGivenUp(pair);
  const atRest = () => !run.deaf.now && pairsOf(run).every(isAtRest);
  for (let i = 0; i < QUIET_STEPS && !atRest(); i += 1) {
    await crank(run);
    // A person's word may have begun a job anew.
    for (const pair of pairsOf(run)) ask(pair);
    if (world.audit === true) run.deaf.endIfKnown();
    else run.deaf.end();
    if (failures.length > 0) return;
  }
  for (const pair of pairsOf(run)) {
    if (!isAtRest(pair))
      failures.push(
        `it never came to rest: ${pair.state()}, flushed ${flushed.has(pair)}, ${unreceived(pair)} files not received`,
      );
    else failures.push(...wrongAtRest(run, pair));
  }
  run.watcher.look();
  run.beside?.watcher.look();
}

function wrongAtRest({ badSource }: Run, pair: Pair): string[] {
  if (pair.state() === 'protected') {
    const lines = pair.differences();
    return pair.hasLostRemovals ? withoutLostRemovals(lines) : lines;
  }
  const excused = pair.target.disk.kind === 'broken-call' || (badSource.failures > 0 && !badSource.mended);
  return excused ? [] : [`it gave up on ${pair.source.job.unrepairable().join(', ')}`];
}

/** Names whose removal was lost are reported and left. Where one of them comes first of its file, the others are told of by that name. */
function withoutLostRemovals(lines: readonly string[]): string[] {
  const bare = (line: string): string => line.replace(/^\w+: +/, '').replace(/ as \S+/, '');
  const isOfReplica = (line: string): boolean => line.startsWith('replica: ');
  const there = new Set(lines.filter(isOfReplica).map(bare));
  return lines.filter((line) => !isOfReplica(line) && !there.has(bare(line)));
}

/** A run that begins where most of a job's life is spent: the first mirror has ended, and the job protects. */
export async function settle(run: Run): Promise<void> {
  const { pair } = run;
  const { wireIsGood } = pair;
  pair.wireIsGood = true;
  pair.connect();
  for (let i = 0; i < QUIET_STEPS && pair.state() !== 'protected' && !hasGivenUp(pair); i += 1) await crank(run);
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
async function crank(run: Run): Promise<void> {
  await Promise.resolve();
  await letGo(run);
  for (const pair of pairsOf(run)) turn(pair);
  run.pair.advance(1000);
}

/** [VER2] What somebody has changed on the target is found, named and sent again, and nothing but that is. */
export async function repairPlanted(run: Run): Promise<void> {
  const { pair, failures } = run;
  const { job } = pair.source;
  // One that was begun before would have read some of it already.
  for (let i = 0; i < QUIET_STEPS && job.verification !== null; i += 1) await crank(run);
  run.planting = true;
  const planted = plantDifferences(pair, run.chances.mirror);
  const before = job.path.scm.sentBytes;
  // A cookie may have been held up since before, and be missed only now.
  const doubts = () => pair.events.filter((event) => event.startsWith('audit-')).length;
  const doubtsBefore = doubts();
  let found: number | null = null;
  let flushed = false;
  job.startVerification((verification) => {
    found = verification.done ? withoutLeft(pair, verification.differences).length : -1;
    job.flush(() => {
      flushed = true;
    });
  }, true);
  for (let i = 0; i < QUIET_STEPS && !(flushed && pair.state() === 'protected') && !hasGivenUp(pair); i += 1)
    await crank(run);
  if (hasGivenUp(pair)) return;
  if (found === -1 && doubts() === doubtsBefore) failures.push('a verification in peace was broken off');
  else if (planted > 0 && (found ?? 0) === 0) failures.push(`${planted} planted differences were not found`);
  else if (planted === 0 && (found ?? 0) > 0 && pair.orphans === 0) failures.push(`a false alarm in peace: ${found}`);
  const left = pair.differences();
  if (left.length > 0) failures.push(`not repaired after ${planted} planted differences: ${left.join('; ')}`);
  if (job.path.scm.sentBytes - before > MOST_REPAIR_BYTES)
    failures.push(`the repair sent ${job.path.scm.sentBytes - before} bytes`);
}

/** The honest end of a run whose target cannot do something: it says so, and does nothing more. */
function hasGivenUp(pair: Pair): boolean {
  if (pair.state() !== 'degraded' || pair.source.job.unrepairable().length === 0) return false;
  const { job } = pair.source;
  // Cookies go round for ever.
  const { queued, inFlight } = job.audit?.underWay ?? { queued: 0, inFlight: 0 };
  const idle = job.path.scm.inFlightBytes <= inFlight * RECORD_HEADER && job.path.srm.queue.operations <= queued;
  return idle && job.mirror === null && job.path.srm.dirty.size === 0;
}
