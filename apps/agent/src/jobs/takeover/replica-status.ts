/** A job as its target tells of it (role `target`): enough to decide a failover where the source is silent. In: facts. Out: a JobStatus. */
import type { FailoverStatus, JobAction, JobState, JobStatus, Reason } from '@understudy/wire';
import { jobStates } from '@understudy/wire';
import type { ReplicaFacts } from '../target/target-hand.ts';
import type { KeptReplica } from '../target/target-jobs.ts';
import { adviceFor } from './plan.ts';
import type { ReplicaJob } from './replica-job.ts';
import type { TakeoverRecord } from './takeover-store.ts';

export interface ReplicaParts {
  readonly job: ReplicaJob;
  readonly kept: KeptReplica;
  /** Null: it is not open now. */
  readonly facts: ReplicaFacts | null;
  readonly record: TakeoverRecord | null;
  readonly monitor: FailoverStatus['monitor'];
  readonly test?: FailoverStatus['test'];
  readonly wallMs: number;
}

export function replicaStatus(parts: ReplicaParts): JobStatus {
  const { job, facts, record, monitor, test } = parts;
  const { state, reason } = stateOfReplica(parts);
  const done = facts?.complete ?? false;
  return {
    name: job.name,
    id: job.id,
    role: 'target',
    source: job.source,
    target: job.target,
    epoch: Math.max(job.epoch, record?.epoch ?? 1),
    state,
    reason,
    targetDataState: dataState(parts),
    interceptor: 'none',
    mirror: { ...NO_MIRROR, percent: done ? 100 : 0 },
    replication: { ...NO_REPLICATION, state: facts?.linked === true ? 'ready' : 'stopped' },
    ...(facts === null ? {} : { targetQueue: { ...facts.queue, oldest: isoOf(facts.oldestMs) } }),
    recoveryPoint: recoveryPoint(parts),
    failover: {
      automatic: job.failover.automatic,
      monitor,
      takeover: record === null ? null : takeoverStatus(record),
      ...(test === undefined ? {} : { test }),
    },
    actions: actionsOfReplica(record),
  };
}

const NO_MIRROR = {
  state: 'idle' as const,
  bytesRemaining: 0,
  bytesSkipped: 0,
  bytesSent: 0,
  filesDone: 0,
  filesTotal: 0,
};
const NO_REPLICATION = {
  queuedOperations: 0,
  queuedBytes: 0,
  diskQueueBytes: 0,
  sentBytes: 0,
  sentCompressedBytes: 0,
  lastFileTouched: null,
};

const isoOf = (ms: number | null): string | null =>
  ms === null || ms <= 0 ? null : new Date(Math.floor(ms)).toISOString();

function stateOfReplica({ job, kept, facts, record }: ReplicaParts): { state: JobState; reason: Reason | null } {
  const takeover = record?.takeover;
  if (takeover !== undefined && takeover.phase !== 'taken-back') {
    const { phase, reason } = takeover;
    return { state: phase === 'taking-back' ? 'failing-over' : phase, reason };
  }
  if (kept.stored.rests === true) return { state: 'stopped', reason: null };
  if (facts?.linked !== true) return { state: 'disconnected', reason: silent(job, kept) };
  const said = kept.stored.standing;
  const state = jobStates.find((known) => known === said?.state);
  return state === undefined ? { state: 'replaying', reason: null } : { state, reason: said?.reason ?? null };
}

function silent(job: ReplicaJob, { stored: { standing } }: KeptReplica): Reason {
  const last = standing === undefined ? '' : ` It last said that the job was ${standing.state}.`;
  return { code: 'source-silent', sentence: `${job.source} is not linked to this server, its target.${last}` };
}

function dataState({ facts, kept, record }: ReplicaParts): JobStatus['targetDataState'] {
  if (record?.takeover.phase === 'failed-over')
    return record.data === 'rewind' ? 'snapshot-reverted' : 'restore-required';
  if (facts === null) return 'unknown';
  if (facts.mirroring) return 'mirroring';
  const { standing, opened } = kept.stored;
  if (!facts.complete || facts.failures || standing?.good === false || opened !== undefined) return 'mirror-required';
  return facts.trouble === null ? 'ok' : 'retrying';
}

function recoveryPoint({ facts, record, wallMs }: ReplicaParts): JobStatus['recoveryPoint'] {
  const time = record?.takeover.phase === 'failed-over' ? record.reaches : isoOf(facts?.appliedMs ?? null);
  const position = String(facts?.applied ?? 0);
  if (time === null) return { time, latencyMs: null, position };
  return { time, latencyMs: Math.max(0, Math.round(wallMs - Date.parse(time))), position };
}

export function takeoverStatus(record: TakeoverRecord): NonNullable<FailoverStatus['takeover']> {
  const { takeover, startedAt, endedAt, by, data, point, epoch, advice } = record;
  return {
    phase: takeover.phase,
    startedAt,
    endedAt,
    by,
    data,
    point,
    epoch,
    steps: takeover.steps.map((note) => ({ ...note })),
    reason: takeover.reason,
    advice: adviceFor(takeover, advice),
  };
}

function actionsOfReplica(record: TakeoverRecord | null): JobAction[] {
  if (record === null || record.takeover.phase === 'taken-back' || record.takeover.phase === 'halted')
    return ['failover', 'restore'];
  return record.takeover.phase === 'failed-over' ? ['undo-failover', 'failback', 'reverse'] : [];
}
