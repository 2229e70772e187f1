/**
 * How a job was over the last month, as an agent has kept it. In: a stretch of time, how fine, at most how many figures. Out: the answer to
 * `job.history`. Times are those of the agent that is asked. What was not measured is null and never nought.
 */
import { z } from 'zod';
import { jobSelectorSchema } from './job.ts';
import { timeSchema } from './vocabulary.ts';

/** Figures of every ten seconds are kept for a day, of every ten minutes for thirty days. */
export const historySpans = [
  { stepMs: 10_000, count: 8_640 },
  { stepMs: 600_000, count: 4_320 },
] as const;

const MINUTE_MS = 60_000;

export const historyAskedSchema = jobSelectorSchema.extend({
  /** Absent: a day before `to`. What lies further back than thirty days is left out. */
  from: timeSchema.optional(),
  /** Absent: now. */
  to: timeSchema.optional(),
  /** How long a stretch each figure stands for, at the least; it becomes longer where `limit` or what is kept asks for it. */
  resolutionMs: z
    .number()
    .int()
    .min(historySpans[0].stepMs)
    .max(30 * 24 * 60 * MINUTE_MS)
    .optional(),
  /** Stretches in the answer, at most. */
  limit: z.number().int().min(1).max(5_000).default(1_000),
});
export type HistoryAsked = z.output<typeof historyAskedSchema>;

/** One figure a stretch, the oldest first; null: not known of that time. */
const figuresSchema = z.array(z.number().min(0).nullable()).max(5_000);

export const historySchema = z.object({
  /** Of whom: the source measures throughput and its own queue, the target what has arrived. */
  role: z.enum(['source', 'target']),
  /** When the first stretch begins; the next ones follow without a gap. */
  from: timeSchema,
  resolutionMs: z.number().int().min(1),
  /** Sent, bytes a second: the average of what is known. */
  throughput: figuresSchema,
  /**
   * These four: the greatest value within the stretch; bytes, and for the age milliseconds. What waits, wherever it lies; and how much of the
   * disk the queue's files take, which is no part of the former.
   */
  queueBytes: figuresSchema,
  queueDiskBytes: figuresSchema,
  targetQueueBytes: figuresSchema,
  recoveryPointAgeMs: figuresSchema,
});
export type JobHistory = z.output<typeof historySchema>;
