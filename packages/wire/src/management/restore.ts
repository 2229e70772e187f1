/**
 * A restore: what a target keeps is copied once, back to its source or to another place. In: where to, and what may be in the way there.
 * Out: the plan of `restore --dry-run`, and how far one has come.
 */
import { z } from 'zod';
import { mirrorStatusSchema, targetServerSchema } from './job.ts';
import { obstacleSchema } from './takeover.ts';
import { jobNameSchema, rawPathSchema, reasonSchema, timeSchema } from './vocabulary.ts';

export const restoreChoiceSchema = z.strictObject({
  /** Each protected path comes to lie beneath `directory` as it is. Null: at the source, where it was. */
  to: z.strictObject({ server: targetServerSchema, directory: rawPathSchema }).nullable().default(null),
  /** What lies there already and differs is put aside; otherwise the place has to be empty. */
  overwrite: z.boolean().default(false),
  /** FO2: the risks that the operator names, as the refusals call them. */
  risks: z.array(z.string().max(64)).max(16).default([]),
});
export type RestoreChoice = z.output<typeof restoreChoiceSchema>;

export const restorePlanSchema = z.object({
  name: jobNameSchema,
  server: z.string().max(128),
  /** Where it will lie; for people. */
  places: z.array(z.string()),
  /** With this job's names, in their order. */
  steps: z.array(z.string().max(8192)),
  obstacles: z.array(obstacleSchema),
  notes: z.array(z.string().max(4096)),
});
export type RestorePlan = z.output<typeof restorePlanSchema>;

export const restoreStatusSchema = z.object({
  name: jobNameSchema,
  server: z.string().max(128),
  places: z.array(z.string()),
  by: z.string().max(64),
  startedAt: timeSchema,
  endedAt: timeSchema.nullable(),
  /** `halted`: a person is needed. What was copied stays where it is. */
  phase: z.enum(['copying', 'done', 'halted', 'cancelled']),
  /** Of one that is copying. */
  mirror: mirrorStatusSchema.nullable(),
  /** What it waits for, or why it is halted. */
  reason: reasonSchema.nullable(),
});
export type RestoreStatus = z.output<typeof restoreStatusSchema>;
