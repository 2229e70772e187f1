/**
 * What source and target say beside the records. Small and rare messages are JSON checked here; operations and
 * acknowledgements are binary (frame.ts). Node ids and positions are decimal strings in JSON: a double cannot hold a u64.
 */
import { brand } from '@understudy/base';
import { z } from 'zod';
import type { NodeId, Position } from './record.ts';

export const REPLICATION_PROTOCOL = 'understudy-replication/4';

const nodeText = z
  .string()
  .regex(/^\d{1,20}$/)
  .refine((text) => !/^\d+$/.test(text) || BigInt(text) < 1n << 64n, 'a node is below 2^64')
  .transform((text) => brand<NodeId>(BigInt(text)));
const positionNumber = z
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .transform((value) => brand<Position>(value));
const momentNumber = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const rootIndex = z.number().int().min(0).max(65_535);
const rawText = z.string().max(65_536);

export const brakeLimitsSchema = z.object({
  /** Distinct old files that lose their content, and which share of all files that is; both have to be reached. */
  files: z.number().int().min(1).max(1_000_000_000),
  share: z.number().min(0).max(1),
  windowMs: z.number().int().min(1000).max(86_400_000),
});
export type BrakeLimits = z.output<typeof brakeLimitsSchema>;

/** The first thing a source says. */
export const helloSchema = z.object({
  /** Product version, for people; the protocol's own is in the upgrade. */
  version: z.string().max(64),
  jobId: z.uuid(),
  jobName: z.string().min(1).max(128),
  /** Changes whenever positions are not a continuation of what came before (the source's queue was lost). */
  streamId: z.uuid(),
  epoch: z.number().int().min(1).max(4_294_967_295),
  /** The oldest position that the source can still send, and the one behind the newest. */
  oldest: positionNumber,
  next: positionNumber,
  /** What the source knows to be applied: replies about positions up to here have reached it. */
  applied: positionNumber,
  /**
   * The source's process is another than the one that last spoke of this stream: it numbers on behind `welcome.received`, and what the
   * target has accepted beyond that is void.
   */
  fresh: z.boolean().optional(),
  /**
   * `probe` only asks whether this job could be accepted, `leave` says that it was deleted: the target lets go of the replica, which
   * stays as it is. `rest`: it was stopped; others may write into the replica, which is still kept for it. `brake-go-on` and
   * `brake-halt-here` are a person's word to a brake that holds; `next` says what the source has intercepted by then. `undo` and `hand-over`
   * are said by the server that has taken a job over to the one whose job it was, which is its primary again from `epoch` on: `undo`, nothing
   * was changed meanwhile; `hand-over`, the receiver has all that was. All end after the answer.
   */
  intent: z.enum(['replicate', 'probe', 'leave', 'rest', 'brake-go-on', 'brake-halt-here', 'undo', 'hand-over']),
  /** SAFE4: what the brake lets pass; null: everything; absent: what is usual. */
  brake: brakeLimitsSchema.nullable().optional(),
  /** A person has just ordered the start of this stream: a replica that was halted by hand may begin anew with it. */
  commanded: z.boolean().optional(),
  /** SAFE5: a person has accepted that the replica's folder holds files that are not known to be this job's. */
  adopt: z.boolean().optional(),
  /**
   * The files are brought back once, and let go of by `leave`: what lies in their way is put aside and never written over. Absent: a job.
   */
  restore: z.boolean().optional(),
  /** Whether others may write into the replica while the job runs; absent: `refuse`. */
  targetWrites: z.enum(['refuse', 'allow']).optional(),
  /** What the job refuses to have in its replica, beside what the target refuses by itself; absent: nothing. */
  refuses: z.object({ devices: z.boolean(), setuid: z.boolean() }).optional(),
  /** Names this running machine and its mount namespace, so that a target finds out that it is on the same one. */
  machine: z.string().min(1).max(128),
  /** `DIR` of `--to` in base64 of its bytes, or null: the same paths as on the source. */
  replicaBase: z.string().max(4096).nullable(),
  /**
   * The protected roots in order of their index; path in base64 of its bytes. `replica`: where that root's replica lies, in base64; absent:
   * where `replicaBase` puts it.
   */
  roots: z
    .array(z.object({ path: rawText, node: nodeText, replica: rawText.optional() }))
    .min(1)
    .max(1024),
  /** Digests that the source can make for `check`, the one it likes best first; absent: SHA-256 only. */
  digests: z.array(z.string().max(16)).max(16).optional(),
  /**
   * What the target keeps for the day on which the source is gone, durable before it says welcome: what the source is called, and the
   * job as `jobDefinitionSchema` has it, read when it is needed (a newer source may say more in it).
   */
  handover: z
    .object({
      sourceName: z.string().min(1).max(128),
      revision: z.number().int().min(1),
      definition: z.record(z.string(), z.unknown()),
    })
    .optional(),
});
export type Hello = z.output<typeof helloSchema>;

/** `unguarded`: they were to be refused and cannot be; the sentence says why. */
export const targetWritesSchema = z.object({
  state: z.enum(['refused', 'allowed', 'unguarded']),
  sentence: z.string().max(1024),
});
export type TargetWrites = z.output<typeof targetWritesSchema>;

/** The target's answer: it goes on from `received` + 1 of the same stream, or wants a mirror on a new one. */
export const welcomeSchema = z.object({
  version: z.string().max(64),
  /** True: the target holds this stream up to `received`, resend from there. False: it starts at hello.next. */
  resumes: z.boolean(),
  received: positionNumber,
  applied: positionNumber,
  /** The `origin` of the newest packet that is received (frame.ts); 0: none of this stream. */
  origin: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Highest position whose mirror was complete; 0: the replica has never been complete, or is not known to be. */
  complete: z.boolean(),
  /** An operation was given up since the run began or the replica was complete, and word of it may not have reached the source. */
  failures: z.boolean().optional(),
  /** It does not go on with another stream, of which it has applied some: what is there may look newer than it is. */
  replaces: z.boolean().optional(),
  /** The digest that both can make; absent: SHA-256. */
  digest: z.enum(['sha256', 'blake3']).optional(),
  /** Codecs that the target can expand; absent: lz4 and brotli. */
  codecs: z.array(z.string().max(16)).max(16).optional(),
  /** Whether others can change the replica; absent: the target does not say. */
  targetWrites: targetWritesSchema.optional(),
  /** A sentence for the event log: why it does not resume. */
  why: z.string().max(512),
});
export type Welcome = z.output<typeof welcomeSchema>;

export const refuseCode = z.enum([
  'superseded',
  'version',
  'unknown-job',
  'replica-path-in-use',
  'replica-path-invalid',
  'replica-open-for-writing',
  'foreign-files',
  /** The receiver was the job's primary and is making room for its replica: come again in a moment. */
  'gives-way',
  'brake',
  'brake-halted',
  'no-space',
  'no-privilege',
  'not-trusted',
  'protocol',
  'failed',
]);
export const refuseSchema = z.object({
  code: refuseCode,
  sentence: z.string().max(1024),
  /** Of `superseded`: the epoch that another server writes under. */
  epoch: z.number().int().min(1).max(4_294_967_295).optional(),
});
export type Refuse = z.output<typeof refuseSchema>;

/** What the target tells about records it has applied; `at` is the record's position. */
export const replySchema = z.discriminatedUnion('kind', [
  /** Content of this file is missing or differs by attributes: send it. Of a directory: list it (again). */
  z.object({ kind: z.literal('want'), at: positionNumber, root: rootIndex, node: nodeText }),
  /** The target has node with equal attributes: nothing to send. Of a directory: its listing is complete. */
  z.object({ kind: z.literal('have'), at: positionNumber, root: rootIndex, node: nodeText }),
  /** A check failed. `what` names it: content, size, mode, owner, times, xattrs, link-target, type, missing, extra. */
  z.object({
    kind: z.literal('differs'),
    at: positionNumber,
    root: rootIndex,
    node: nodeText,
    /** The directory in which the name was compared, 0 where none was; `node` is the same where a name is an orphan. */
    parent: nodeText.optional(),
    offset: z.number().int().min(0),
    extent: z.number().int().min(0),
    what: z.string().max(32),
    /** Base64 of the path beneath the root, as the target knows it. */
    path: rawText,
    detail: z.string().max(256),
  }),
  /** The record could not be applied; the node is dirty and must be repaired. */
  z.object({
    kind: z.literal('failed'),
    at: positionNumber,
    root: rootIndex,
    node: nodeText,
    parent: nodeText,
    errno: z.string().max(32),
    path: rawText,
  }),
  /**
   * A name on the target that is not the set's, and what became of it (absent: left; `outside`: the rules took it in before, it stays);
   * `to`: base64 of where it went.
   */
  z.object({
    kind: z.literal('orphan'),
    at: positionNumber,
    root: rootIndex,
    path: rawText,
    fate: z.enum(['left', 'moved', 'deleted', 'outside']).optional(),
    to: rawText.optional(),
  }),
]);
export type Reply = z.output<typeof replySchema>;
export const repliesSchema = z.array(replySchema).max(4096);

/** The target's condition, said when it changes, and what waits there. */
export const conditionSchema = z.object({
  /**
   * `retrying`: an operation fails and is tried again (no space …); `full`: the target's queue is at its limit; `held`: the brake lets
   * nothing be applied until a person decides; `ok`.
   */
  state: z.enum(['ok', 'retrying', 'full', 'replaying', 'held']),
  code: z.string().max(64),
  sentence: z.string().max(512),
  /** What has come and is not applied; told every second while it moves. `oldestMs`: the source's time of the first of it. Absent: not said. */
  queue: z
    .object({
      operations: z.number().int().min(0),
      bytes: z.number().int().min(0),
      oldestMs: z.number().int().min(0).nullable(),
    })
    .optional(),
  /**
   * TRM3: others could write into the replica, until `at` by the target's clock, and nothing has been compared since: told until the source
   * says that it has been. Absent: nobody could, as far as is known.
   */
  opened: z.object({ at: momentNumber, sentence: z.string().max(1024) }).optional(),
});
export type Condition = z.output<typeof conditionSchema>;
export type Opened = NonNullable<Condition['opened']>;

/** What the source itself says of the job, when that changes: the target's last word of a source that has fallen silent. */
export const standingSchema = z.object({
  /** Of the states of a job. */
  state: z.string().min(1).max(32),
  reason: z.object({ code: z.string().max(64), sentence: z.string().max(1024) }).nullable(),
  /** FO2: outside of what is on its way the replica equals the source: complete, nothing dirty, no gap. */
  good: z.boolean(),
  /** The newest `opened.at` behind which both sides were compared, and what differed was sent; absent: none. */
  compared: momentNumber.optional(),
});
export type Standing = z.output<typeof standingSchema>;
