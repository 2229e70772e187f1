import { z } from 'zod';
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
] as const;
export const jobActionSchema = z.enum(jobActions);
export type JobAction = z.output<typeof jobActionSchema>;

export const interceptChoiceSchema = z.enum(['auto', 'fuse', 'watch']);
export type InterceptChoice = z.output<typeof interceptChoiceSchema>;
export const modeSchema = z.enum(['async', 'sync']);
export type Mode = z.output<typeof modeSchema>;
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

/** The agent that is asked is the source; `sourceName` is what the caller calls it, null: as it calls itself. */
export const jobDefinitionSchema = z.strictObject({
  name: jobNameSchema,
  sourceName: serverNameSchema.nullable().default(null),
  target: targetServerSchema,
  include: z.array(rawPathSchema).min(1).max(1024),
  exclude: z.array(rawPathSchema).max(1024).default([]),
  /** `DIR` of `--to`; null: the same paths as on the source. */
  to: rawPathSchema.nullable().default(null),
  intercept: interceptChoiceSchema.default('auto'),
  mode: modeSchema.default('async'),
  compression: compressionSchema.default('none'),
  /** Bytes per second on the wire; null: no limit. */
  bandwidth: z.number().int().min(1024).nullable().default(null),
});
export type JobDefinition = z.output<typeof jobDefinitionSchema>;

export const jobCreateSchema = jobDefinitionSchema.extend({ start: z.boolean().default(false) });
export type JobCreate = z.output<typeof jobCreateSchema>;

export const mirrorStatusSchema = z.object({
  state: z.enum(['idle', 'calculating', 'mirroring', 'waiting', 'paused']),
  /** 100 means done. */
  percent: z.number().min(0).max(100),
  bytesRemaining: countSchema,
  bytesSkipped: countSchema,
  bytesSent: countSchema,
  filesDone: countSchema,
  filesTotal: countSchema,
});
export type MirrorStatus = z.output<typeof mirrorStatusSchema>;

export const replicationStatusSchema = z.object({
  state: z.enum(['ready', 'replicating', 'queuing', 'paused', 'stopped']),
  queuedOperations: countSchema,
  queuedBytes: countSchema,
  diskQueueBytes: countSchema,
  sentBytes: countSchema,
  sentCompressedBytes: countSchema,
  /** For people; null: none yet. */
  lastFileTouched: z.string().nullable(),
  /** Only where the path is not UTF-8: base64 of its bytes. */
  lastFileTouchedBytes: z.base64().optional(),
});
export type ReplicationStatus = z.output<typeof replicationStatusSchema>;

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
  recoveryPoint: z.object({
    /** Null: the target has never been a whole image of the source. */
    time: timeSchema.nullable(),
    latencyMs: z.number().min(0).nullable(),
    /** Decimal; `0`: before everything. */
    position: z.string().regex(/^\d+$/),
  }),
  actions: z.array(jobActionSchema),
  id: z.uuid().optional(),
  epoch: z.number().int().min(1).optional(),
  /** Files that failed all their repairs; the job is not `protected` while there are any. */
  unrepairable: countSchema.optional(),
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

export const differenceSchema = z.object({
  /** On the source; for people. */
  path: z.string(),
  /** Only where the path is not UTF-8: base64 of its bytes. */
  pathBytes: z.base64().optional(),
  /** content, size, mode, owner, times, xattrs, link-target, type, missing, extra. */
  what: z.string().max(32),
  detail: z.string().max(512),
});
export type Difference = z.output<typeof differenceSchema>;

export const verifyResultSchema = z.object({
  differences: z.array(differenceSchema),
  /** There were more differences than are listed; `count` has them all. */
  truncated: z.boolean(),
  count: countSchema,
  filesChecked: countSchema,
  bytesChecked: countSchema,
  /** Position at which the verification ended. */
  position: z.string().regex(/^\d+$/),
  /** With repair: how many of the paths were sent again. */
  repaired: countSchema,
});
export type VerifyResult = z.output<typeof verifyResultSchema>;
