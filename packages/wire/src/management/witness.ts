/** What agents ask of a third one that is the witness of their job (FO3): one record a job, changed by whoever names what he replaces. */
import { z } from 'zod';
import { fingerprintSchema } from './vocabulary.ts';

/** Another one with every change. */
const revisionSchema = z.string().regex(/^\d{1,20}$/, 'a revision is a number');

export const epochRecordSchema = z.strictObject({
  epoch: z.number().int().min(1).max(4_294_967_295),
  /** Who writes under it. */
  holder: fingerprintSchema,
  leaseMs: z.number().int().min(1).max(86_400_000),
  /** It has stopped writing of its own accord. */
  released: z.boolean(),
});

const keptSchema = z.object({ revision: revisionSchema, record: epochRecordSchema }).nullable();

export const witnessReadSchema = z.strictObject({ jobId: z.uuid() });
export const witnessReadResultSchema = z.object({ kept: keptSchema });
export const witnessSwapSchema = z.strictObject({
  jobId: z.uuid(),
  /** What is replaced; null: nothing is kept yet. */
  expected: revisionSchema.nullable(),
  record: epochRecordSchema,
  /** Who else may change the record, for a job that is new to the witness. */
  parties: z.array(fingerprintSchema).max(7),
});
/** `now`: what is kept after the call, whoever made it so. */
export const witnessSwapResultSchema = z.object({ swapped: z.boolean(), now: keptSchema });
