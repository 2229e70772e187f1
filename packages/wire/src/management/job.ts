import { z } from 'zod';
import { brakeSchema } from './brake.ts';
import { failoverSchema } from './failover.ts';
import { mirrorOptionsSchema } from './mirror-options.ts';
import { modeSchema, synchronousSchema, synchronousStatusSchema } from './synchronous.ts';
import { failoverStatusSchema } from './takeover.ts';
import { rateSchema, rateWindowSchema, transmitSchema } from './transmission.ts';
import { verifyScheduleSchema } from './verify-schedule.ts';
import {
  addressSchema,
  countSchema,
  fingerprintSchema,
  jobNameSchema,
  rawPathSchema,
  reasonSchema,
  serverNameSchema,
  timeSchema,
} from './vocabulary.ts';

/** A closed list: no interface shows another word. */
export const jobStates = [
  'stopped',
  'calculating',
  'mirroring',
  'repairing',
  'protected',
  'degraded',
  'paused',
  'disconnected',
  'replaying',
  'failing-over',
  'failed-over',
  'failing-back',
  'halted',
] as const;
export const jobStateSchema = z.enum(jobStates);
export type JobState = z.output<typeof jobStateSchema>;

export const targetDataStates = [
  'ok',
  'mirroring',
  'mirror-required',
  'restore-required',
  'snapshot-reverted',
  'retrying',
  'unknown',
] as const;
export const targetDataStateSchema = z.enum(targetDataStates);
export type TargetDataState = z.output<typeof targetDataStateSchema>;

/** Why something may differ between the two sides: what a source says today. */
export const dirtyReasons = [
  'queue-full',
  'queue-disk-full',
  'queue-disk-failed',
  'queue-damaged',
  'ring-full',
  'source-disk-error',
  'past-the-mount',
  'taken-back',
  'interception-gap',
  'refused-by-target',
  'moved-in',
  'rules-changed',
  'shifted-while-mirrored',
  'verification',
  'repair-lost',
  'stream-lost',
  'failed-over',
  'power-cut',
] as const;
export type DirtyReason = (typeof dirtyReasons)[number];

/** What may be done to a job now; the names are the commands' own. */
export const jobActions = [
  'start',
  'stop',
  'pause',
  'resume',
  'delete',
  'edit',
  'mirror',
  'verify',
  'flush',
  'failover',
  'undo-failover',
  'failback',
  'reverse',
  'restore',
  'brake',
] as const;
export const jobActionSchema = z.enum(jobActions);
export type JobAction = z.output<typeof jobActionSchema>;

export const interceptChoiceSchema = z.enum(['auto', 'fuse', 'watch']);
export type InterceptChoice = z.output<typeof interceptChoiceSchema>;
export const compressionSchema = z.enum(['none', 'low', 'medium', 'high']);
export type Compression = z.output<typeof compressionSchema>;
export const mirrorCompareSchema = z.enum(['everything', 'attributes', 'checksum']);
export type MirrorCompareName = z.output<typeof mirrorCompareSchema>;

/** The server that keeps the replica, as the caller knows it. */
export const targetServerSchema = z.strictObject({
  name: serverNameSchema,
  address: addressSchema,
  fingerprint: fingerprintSchema,
});
export type TargetServer = z.output<typeof targetServerSchema>;

/** Whether others may write into the replica while the job runs. */
export const targetWritesChoiceSchema = z.enum(['refuse', 'allow']);

/** Whether the replica may hold something. */
export const replicaChoiceSchema = z.enum(['refuse', 'allow']);
/** The agent that is asked is the source; `sourceName` is what the caller calls it, null: as it calls itself. */
export const jobDefinitionSchema = z.strictObject({
  name: jobNameSchema,
  sourceName: serverNameSchema.nullable().default(null),
  target: targetServerSchema,
  include: z.array(rawPathSchema).min(1).max(1024),
  exclude: z.array(rawPathSchema).max(1024).default([]),
  /** `DIR` of `--to`; null: the same paths as on the source. */
  to: rawPathSchema.nullable().default(null),
  /** What the protected paths begin with and the replica's do not: the `to` of a job whose roles were swapped. Absent: nothing. */
  without: rawPathSchema.optional(),
  intercept: interceptChoiceSchema.default('auto'),
  mode: modeSchema.default('async'),
  compression: compressionSchema.default('none'),
  /** Bytes per second on the wire; null: no limit. */
  bandwidth: rateSchema.nullable().default(null),
  /** Windows in which another rate holds. */
  bandwidthWindows: z.array(rateWindowSchema).max(64).optional(),
  transmit: transmitSchema.optional(),
  /** In which order the rules were given; null or absent: all includes, then all excludes. */
  ruleOrder: z
    .array(z.enum(['include', 'exclude']))
    .max(2048)
    .nullable()
    .optional(),
  mirror: mirrorOptionsSchema.optional(),
  verifySchedule: verifyScheduleSchema.nullable().optional(),
  /** Absent: `refuse`. */
  targetWrites: targetWritesChoiceSchema.optional(),
  /** Device nodes, and files with setuid, setgid or capabilities, in the replica. Absent: `allow`; the target may refuse them anyway. */
  devices: replicaChoiceSchema.optional(),
  setuid: replicaChoiceSchema.optional(),
  /** Of the mode `sync`; absent: the defaults. */
  synchronous: synchronousSchema.optional(),
  /** Absent: 100 files and 20 % within a minute; null: no brake. */
  brake: brakeSchema.nullable().optional(),
  /** What the target does when the source is gone; null or absent: what a person orders, with nothing but the data. */
  failover: failoverSchema.nullable().optional(),
});
export type JobDefinition = z.output<typeof jobDefinitionSchema>;

export const mirrorStatusSchema = z.object({
  state: z.enum(['idle', 'calculating', 'mirroring', 'waiting', 'paused']),
  /** 100 means done. */
  percent: z.number().min(0).max(100),
  bytesRemaining: countSchema,
  bytesSkipped: countSchema,
  bytesSent: countSchema,
  filesDone: countSchema,
  filesTotal: countSchema,
  /** While it runs: handled (sent or found equal), and how long the rest takes at that rate. Null: nobody can say yet. */
  bytesPerSecond: countSchema.nullable().optional(),
  secondsLeft: countSchema.nullable().optional(),
});
export type MirrorStatus = z.output<typeof mirrorStatusSchema>;

export const replicationStatusSchema = z.object({
  state: z.enum(['ready', 'replicating', 'queuing', 'paused', 'stopped']),
  /** Intercepted for the job since it was last started or its agent began. */
  operations: countSchema.optional(),
  queuedOperations: countSchema,
  /**
   * Files and folders of which an operation is queued or on its way. Null: not known, because there are very many of them, or because an
   * earlier process of the agent had queued some and the target has not received all of those yet.
   */
  queuedFiles: countSchema.nullable().optional(),
  /** Of all that waits or is on its way, in memory and on disk. */
  queuedBytes: countSchema,
  /** What the queue's files take of the disk. */
  diskQueueBytes: countSchema,
  sentBytes: countSchema,
  sentCompressedBytes: countSchema,
  /** For people; null: none yet. */
  lastFileTouched: z.string().nullable(),
  /** Only where the path is not UTF-8: base64 of its bytes. */
  lastFileTouchedBytes: z.base64().optional(),
  /**
   * What may differ between the two sides and is to be repaired: places, bytes in known ranges of files, and why, with the places that each
   * reason has brought, the most first. A later agent may know other reasons than `dirtyReasons`. Absent: nothing.
   */
  dirty: z
    .object({
      items: countSchema,
      bytes: countSchema,
      reasons: z.array(z.object({ reason: z.string(), items: countSchema })),
    })
    .optional(),
});
export type ReplicationStatus = z.output<typeof replicationStatusSchema>;

/** How the job sends now. */
export const transmissionStatusSchema = z.object({
  compression: compressionSchema,
  /** Bytes per second that may be sent now; null: no limit. */
  limit: z.number().min(0).nullable(),
});

export const jobStatusSchema = z.object({
  name: jobNameSchema,
  source: z.string(),
  target: z.string(),
  state: jobStateSchema,
  reason: reasonSchema.nullable(),
  targetDataState: targetDataStateSchema,
  interceptor: z.enum(['fuse', 'watch', 'memory', 'none']),
  /** Why `auto` did not take the best driver, or what this one does not promise; null: nothing to say. */
  interceptorReason: z.string().nullable().optional(),
  mirror: mirrorStatusSchema,
  /** Present while a verification runs. */
  verification: z.object({ percent: z.number().min(0).max(100), differences: countSchema }).optional(),
  replication: replicationStatusSchema,
  transmission: transmissionStatusSchema.optional(),
  mode: modeSchema.optional(),
  /** Only in the mode `sync`. */
  synchronous: synchronousStatusSchema.optional(),
  /** Whether others can change the replica, as the target last said; `unguarded`: they should not and can, for the sentence's reason. */
  targetWrites: z.object({ state: z.enum(['refused', 'allowed', 'unguarded']), sentence: z.string() }).optional(),
  /** The self-audit. Absent: the job does not run. */
  audit: z
    .object({
      /** Source time of the newest cookie that came through the whole path to the replica; null: none yet. */
      lastSeen: timeSchema.nullable(),
      ageMs: z.number().min(0).nullable(),
      /** `kernel`: cookies begin as a write to the protected directory. `queue`: the driver has no such way, they begin in the send queue. */
      begins: z.enum(['kernel', 'queue']),
      /** The hop at which one is missing for longer than `audit.limit`; null: none is. */
      hop: z.enum(['written', 'intercepted', 'sent', 'received', 'applied']).nullable(),
    })
    .optional(),
  /** What the target has received and not applied, as it last said; `oldest`: when the first of it happened. Absent: not known now. */
  targetQueue: z.object({ operations: countSchema, bytes: countSchema, oldest: timeSchema.nullable() }).optional(),
  recoveryPoint: z.object({
    /** Null: the target has never been a whole image of the source. */
    time: timeSchema.nullable(),
    latencyMs: z.number().min(0).nullable(),
    /** Decimal; `0`: before everything. */
    position: z.string().regex(/^\d+$/),
  }),
  /** What can change its files past the interceptor, in sentences. Absent: they are being looked through still, or it does not run. */
  exposures: z.array(z.string()).optional(),
  /** Why a change past the interceptor would go unnoticed. Absent: it is noticed, or it cannot happen. */
  tripwireOff: z.string().optional(),
  /** Mount points within what is protected that are not intercepted; for people. Absent: none. */
  uncovered: z.array(z.string()).optional(),
  actions: z.array(jobActionSchema),
  id: z.uuid().optional(),
  /** Which end of the job answers; absent: the source. */
  role: z.enum(['source', 'target']).optional(),
  /** Of the target's: the monitor, and a failover under way or done. */
  failover: failoverStatusSchema.optional(),
  epoch: z.number().int().min(1).optional(),
  /** Files that failed all their repairs; the job is not `protected` while there are any. */
  unrepairable: countSchema.optional(),
  /** The first of them, each `PATH: ERROR`; for people. */
  unrepairablePaths: z.array(z.string().max(4096)).max(100).optional(),
  /** After a stop: who still uses the mount, which stays as pass-through so long. Empty or absent: unmounted. */
  mountUsers: z.array(z.string()).optional(),
});
export type JobStatus = z.output<typeof jobStatusSchema>;

export const jobSummarySchema = z.object({ status: jobStatusSchema, definition: jobDefinitionSchema });
export type JobSummary = z.output<typeof jobSummarySchema>;

export const jobSelectorSchema = z.strictObject({ name: jobNameSchema });

/** What `job.validate` has to say about a definition; with an `error` the job cannot start. */
export const problemSchema = z.object({
  severity: z.enum(['error', 'warning']),
  code: z.string().max(64),
  sentence: z.string().max(4096),
});
export type Problem = z.output<typeof problemSchema>;
