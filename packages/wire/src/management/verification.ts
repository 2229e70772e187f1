/** What verifications find: the answer of one, and the report that is kept of it. */
import { z } from 'zod';
import { countSchema, timeSchema } from './vocabulary.ts';

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
  /** With repair: how many of the differences were sent again. */
  repaired: countSchema,
  /** Paths that changed all the time and were not compared (the first hundred), and how many things of them. */
  inMotion: z.array(z.string()).optional(),
  inMotionCount: countSchema.optional(),
});
export type VerifyResult = z.output<typeof verifyResultSchema>;

/** One verification as it is kept in the source agent's home. */
export const verificationReportSchema = z.object({
  /** Grows with every verification of the job. */
  number: z.number().int().min(1),
  startedAt: timeSchema,
  endedAt: timeSchema,
  /** Who asked for it; null: the schedule. */
  by: z.string().max(64).nullable(),
  repair: z.boolean(),
  /** Null: it came to its end. Otherwise why it did not. */
  brokenOff: z.string().max(4096).nullable(),
  result: verifyResultSchema.nullable(),
});
export type VerificationReport = z.output<typeof verificationReportSchema>;
