/**
 * A failover that is only tried: what came of it, and when it is tried by itself. In: nothing but what the target's agent did. Out: a
 * record, of which the last one that went well is what «last proven» means.
 */
import { z } from 'zod';
import { countSchema, timeSchema } from './vocabulary.ts';

export const testFailoverSchema = z.object({
  startedAt: timeSchema,
  endedAt: timeSchema,
  /** Who asked for it; null: the schedule. */
  by: z.string().max(64).nullable(),
  /** Every service served. */
  ok: z.boolean(),
  /** What it came to, or what stood in the way. */
  sentence: z.string().max(4096),
  /** The replica was tried as it was here; and the source's time of that. Null: no copy was made. */
  position: z.string().regex(/^\d+$/).nullable(),
  point: timeSchema.nullable(),
  copy: z.enum(['reflink', 'view']).nullable(),
  /** How long nothing was applied to the replica for it. */
  heldMs: countSchema.nullable(),
  /** From the start of the first service until the last one served; null: they did not. */
  recoveryMs: countSchema.nullable(),
  services: z.array(z.object({ name: z.string().max(128), ms: countSchema })),
});
export type TestFailover = z.output<typeof testFailoverSchema>;

export const testFailoverStatusSchema = z.object({
  running: z.boolean(),
  last: testFailoverSchema.nullable(),
  /** The last that went well. */
  proven: testFailoverSchema.nullable(),
});
export type TestFailoverStatus = z.output<typeof testFailoverStatusSchema>;

/** As cron has it, in the target's local time: `0 4 * * *` is every night at four. */
export const testScheduleSchema = z.strictObject({ cron: z.string().min(1).max(256) });
