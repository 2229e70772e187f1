import { z } from 'zod';

/** SAFE4: how many old files may lose their content within a window before the replica is held; null: any number. */
export const brakeSchema = z.strictObject({
  /** Distinct files. */
  files: z.number().int().min(1).max(1_000_000_000),
  /** Of all files of the job, in per cent; both have to be reached. */
  percent: z.number().min(0).max(100).default(20),
  windowMs: z.number().int().min(1000).max(86_400_000).default(60_000),
});
export type BrakeOptions = z.output<typeof brakeSchema>;
