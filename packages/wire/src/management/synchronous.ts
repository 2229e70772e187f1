/** FSI4: how a job in synchronous mode makes applications wait for its target, and how that stands. */
import { z } from 'zod';
import { countSchema } from './vocabulary.ts';

export const modeSchema = z.enum(['async', 'sync']);
export type Mode = z.output<typeof modeSchema>;

export const synchronousSchema = z.strictObject({
  /** Each call that changes something waits; or fsync and its like alone. */
  at: z.enum(['every-call', 'fsync']).default('every-call'),
  /** For what: durable in the target's journal, or done on the replica. */
  until: z.enum(['received', 'applied']).default('received'),
  /** Where that does not come within the time: wait on, go on asynchronously, or undo the call and answer an error. */
  policy: z.enum(['suspend', 'degrade', 'abort']).default('suspend'),
  timeoutMs: z.number().int().min(100, 'a time limit is at least 100 ms').max(86_400_000).default(30_000),
});
export type SynchronousOptions = z.output<typeof synchronousSchema>;
export const DEFAULT_SYNCHRONOUS: SynchronousOptions = synchronousSchema.parse({});

export const synchronousStatusSchema = synchronousSchema.extend({
  /**
   * `synchronous`: what is answered is on the target. `incomplete`: calls wait, but the replica is not whole yet. `waiting`: calls have
   * waited for longer than the time limit. `degraded` and `paused`: calls do not wait.
   */
  state: z.enum(['synchronous', 'incomplete', 'waiting', 'degraded', 'paused']),
  callsWaiting: countSchema,
  longestWaitMs: countSchema,
  /** Calls that were undone and answered with an error, since the directories were mounted. */
  callsAborted: countSchema,
  /** Calls that were to be undone and could not be: they wait as with `suspend`. */
  callsStuck: countSchema,
});
export type SynchronousStatus = z.output<typeof synchronousStatusSchema>;
