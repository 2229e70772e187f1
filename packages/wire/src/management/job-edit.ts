/**
 * A job that is changed: what the editor has seen, and what is to be otherwise. A field that is left out stays as it is; one that is
 * given replaces what there was (a list as a whole).
 */
import { z } from 'zod';
import { type JobDefinition, jobDefinitionSchema, jobSelectorSchema, jobStatusSchema } from './job.ts';

export const jobCreateSchema = jobDefinitionSchema.extend({
  start: z.boolean().default(false),
  /** Files that lie in the replica's folder already are this job's from now on. */
  adopt: z.boolean().optional(),
});
export type JobCreate = z.output<typeof jobCreateSchema>;

/** Without its default: what is left out of an edit must not be reset by it. */
function withoutDefault(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault ? withoutDefault(schema.unwrap() as z.ZodType) : schema;
}

const fields = Object.entries(jobDefinitionSchema.shape).map(([field, schema]) => [
  field,
  withoutDefault(schema).optional(),
]);

export type JobChanges = { [K in keyof JobDefinition]?: JobDefinition[K] | undefined };
export const jobChangesSchema = z.strictObject(Object.fromEntries(fields)) as unknown as z.ZodType<JobChanges>;

/** Grows with every edit; an edit names the one it was made from, so that of two editors the second hears of the first. */
export const revisionSchema = z.number().int().min(1);

export const jobEditSchema = jobSelectorSchema.extend({ revision: revisionSchema, changes: jobChangesSchema });
export type JobEdit = z.output<typeof jobEditSchema>;

export const editedSchema = z.object({
  status: jobStatusSchema,
  revision: revisionSchema,
  /** What the editor should know though it stands in nobody's way. */
  notes: z.array(z.string()),
});

export const jobKeptSchema = z.object({ revision: revisionSchema, definition: jobDefinitionSchema });
