/** What people see of a job, in the field's words (CLI.md, `status NAME --json`). In: facts and figures. Out: a JobStatus. */
import { type RawName, rawFromText, rawToText } from '@understudy/base';
import { actionsOf, type JobFacts, type JobState, percentOf, stateOf, targetDataStateOf } from '@understudy/engine';
import { type JobAction, type JobStatus, RECORD_HEADER } from '@understudy/wire';
import type { JobRunner } from './job-runner.ts';

export interface StatusNames {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly epoch: number;
  readonly interceptor: JobStatus['interceptor'];
  readonly interceptorReason: string | null;
}

/** Of what was given up. */
const LISTED = 20;

/** A job that is not running here. */
export function stoppedStatus(names: StatusNames, state: JobState, mountUsers: readonly string[]): JobStatus {
  return {
    ...names,
    state: state.state,
    reason: state.reason,
    targetDataState: 'unknown',
    mirror: {
      state: 'idle',
      percent: 0,
      bytesRemaining: 0,
      bytesSkipped: 0,
      bytesSent: 0,
      filesDone: 0,
      filesTotal: 0,
    },
    replication: {
      state: 'stopped',
      queuedOperations: 0,
      queuedBytes: 0,
      diskQueueBytes: 0,
      sentBytes: 0,
      sentCompressedBytes: 0,
      lastFileTouched: null,
    },
    recoveryPoint: { time: null, latencyMs: null, position: '0' },
    actions: state.state === 'stopped' ? ['start', 'delete'] : ['start', 'stop', 'delete'],
    ...(mountUsers.length === 0 ? {} : { mountUsers: [...mountUsers] }),
  };
}

export function runningStatus(names: StatusNames, runner: JobRunner): JobStatus {
  const facts = runner.facts();
  const { state, reason } = stateOf(facts);
  return {
    ...names,
    state,
    reason,
    targetDataState: targetDataStateOf(facts),
    mirror: mirrorStatus(runner, facts),
    ...verificationStatus(runner),
    replication: replicationStatus(runner, facts),
    transmission: runner.transmission.status,
    ...synchronousStatus(runner),
    ...(runner.targetWrites === undefined ? {} : { targetWrites: runner.targetWrites }),
    ...auditStatus(runner),
    ...targetQueueStatus(runner),
    recoveryPoint: recoveryPoint(runner),
    actions: runner.isHalted ? haltedActions(reason?.code) : (actionsOf(facts) as JobAction[]),
    unrepairable: facts.unrepairable,
    ...(facts.unrepairable === 0 ? {} : { unrepairablePaths: runner.job.unrepairable().slice(0, LISTED) }),
  };
}

/** Sent away because the brake holds: that is decided first. */
function haltedActions(code: string | undefined): JobAction[] {
  return code === 'brake' ? ['brake', 'stop', 'delete'] : ['start', 'stop', 'delete'];
}

export function mirrorStatus(runner: JobRunner, facts: JobFacts): JobStatus['mirror'] {
  const { progress } = runner.job;
  const running = facts.mirror !== 'none';
  const done = !running && facts.complete;
  const remaining = Math.max(0, progress.bytesTotal - progress.bytesSent - progress.bytesSkipped);
  return {
    state: mirrorWord(facts),
    percent: percentOf(progress, done),
    bytesRemaining: done ? 0 : remaining,
    bytesSkipped: progress.bytesSkipped,
    bytesSent: progress.bytesSent,
    filesDone: done ? progress.filesTotal : Math.min(progress.filesDone, progress.filesTotal),
    filesTotal: progress.filesTotal,
    ...(running ? rateOf(runner) : {}),
  };
}

function rateOf({ job }: JobRunner): Pick<JobStatus['mirror'], 'bytesPerSecond' | 'secondsLeft'> {
  const { progress, mirror } = job;
  const rate = job.runs.rate.bytesPerSecond;
  // While it is still being found out how much there is, nobody can say how long it takes.
  const left = mirror?.calculating === true ? null : job.runs.rate.secondsLeft(progress);
  return {
    bytesPerSecond: rate === null ? null : Math.round(rate),
    secondsLeft: left === null ? null : Math.ceil(left),
  };
}

function mirrorWord(facts: JobFacts): JobStatus['mirror']['state'] {
  if (facts.mirror === 'none') return facts.complete ? 'idle' : 'waiting';
  if (facts.paused || facts.mirror === 'paused') return 'paused';
  if (!facts.linked) return 'waiting';
  return facts.mirror === 'scanning' ? 'calculating' : 'mirroring';
}

function verificationStatus(runner: JobRunner): Pick<JobStatus, 'verification'> {
  const { verification, progress } = runner.job;
  if (verification === null) return {};
  const total = Math.max(progress.filesTotal, verification.progress.filesDone + 1);
  const percent = Math.min(99, Math.floor((verification.progress.filesDone / total) * 100));
  return { verification: { percent, differences: verification.differences.length + verification.moreDifferences } };
}

function auditStatus({ job: { audit } }: JobRunner): Pick<JobStatus, 'audit'> {
  if (audit === null) return {};
  const { appliedTimeMs, missingAt, options } = audit;
  return {
    audit: {
      lastSeen: appliedTimeMs === null ? null : new Date(appliedTimeMs).toISOString(),
      ageMs: appliedTimeMs === null ? null : Math.max(0, Math.round(Date.now() - appliedTimeMs)),
      begins: options.throughKernel ? 'kernel' : 'queue',
      hop: missingAt,
    },
  };
}

/** A mark of the self-audit has no data: the record's header is all there is of it. */
const markBytes = (count: number): number => count * RECORD_HEADER;

function replicationStatus(runner: JobRunner, facts: JobFacts): JobStatus['replication'] {
  const { srm, scm } = runner.job.path;
  // Its own marks are no work of the job's.
  const { queued, inFlight } = runner.job.audit?.underWay ?? { queued: 0, inFlight: 0 };
  const operations = Math.max(0, srm.queue.operations - queued);
  const bytes = Math.max(0, srm.queue.bytes + scm.inFlightBytes - markBytes(queued + inFlight));
  return {
    state: replicationWord(facts, bytes > 0),
    operations: srm.operations,
    queuedOperations: operations,
    queuedFiles: runner.job.path.unreceived.count,
    queuedBytes: bytes,
    diskQueueBytes: srm.queue.diskBytes,
    sentBytes: runner.traffic.sentBytes,
    sentCompressedBytes: runner.traffic.sentCompressedBytes,
    ...lastFile(runner.lastFileTouched()),
    ...dirtyStatus(runner),
  };
}

function synchronousStatus({ synchronous }: JobRunner): Pick<JobStatus, 'mode' | 'synchronous'> {
  const status = synchronous?.status;
  return status === undefined ? { mode: 'async' } : { mode: 'sync', synchronous: status };
}

/** What is dirty, and what a repair under way has taken over; what has brought most of it comes first. */
function dirtyStatus(runner: JobRunner): Pick<JobStatus['replication'], 'dirty'> {
  const { dirty } = runner.job.path.srm;
  const { mirror } = runner.job;
  const taken = mirror?.repairing === true ? mirror : null;
  const items = dirty.size + (taken?.items.length ?? 0);
  if (items === 0) return {};
  const reasons = new Map<string, number>();
  for (const { reason, items: count } of [...(taken?.taken.reasons ?? []), ...dirty.reasons()])
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  const bytes = dirty.bytes + (taken?.taken.bytes ?? 0);
  const most = [...reasons].sort(([, one], [, other]) => other - one);
  return { dirty: { items, bytes, reasons: most.map(([reason, count]) => ({ reason, items: count })) } };
}

function targetQueueStatus({ targetQueue: queue }: JobRunner): Pick<JobStatus, 'targetQueue'> {
  if (queue === undefined) return {};
  // What a mirror reads has no time of its own.
  const oldest = (queue.oldestMs ?? 0) > 0 ? new Date(queue.oldestMs ?? 0).toISOString() : null;
  return { targetQueue: { operations: queue.operations, bytes: queue.bytes, oldest } };
}

function replicationWord(facts: JobFacts, busy: boolean): JobStatus['replication']['state'] {
  if (facts.paused || facts.held != null) return 'paused';
  if (!facts.linked) return 'queuing';
  return busy ? 'replicating' : 'ready';
}

function lastFile(path: RawName | null): Pick<JobStatus['replication'], 'lastFileTouched' | 'lastFileTouchedBytes'> {
  if (path === null) return { lastFileTouched: null };
  const text = rawToText(path);
  const lastFileTouched = text.replace(/[\udc80-\udcff]/g, '\ufffd');
  // Lone surrogates stand for bytes that are no UTF-8.
  if (lastFileTouched === text && rawFromText(text) === path) return { lastFileTouched };
  return { lastFileTouched, lastFileTouchedBytes: Buffer.from(path, 'latin1').toString('base64') };
}

function recoveryPoint(runner: JobRunner): JobStatus['recoveryPoint'] {
  const { recovery } = runner.job;
  if (recovery.timeMs === null) return { time: null, latencyMs: null, position: '0' };
  return {
    time: new Date(recovery.timeMs).toISOString(),
    latencyMs: Math.max(0, Math.round(Date.now() - recovery.timeMs)),
    position: String(recovery.position),
  };
}
