/**
 * Moments to which a target can take its replica back, and views of them. In: what the target's agent knows. Out: the answer to
 * `job.points`. Times are the source's.
 */
import { z } from 'zod';
import { countSchema, timeSchema } from './vocabulary.ts';

export const pointSchema = z.object({
  /** On the source: what had happened by then is in it. */
  time: timeSchema,
  position: z.string().regex(/^\d+$/),
  /** What is kept between it and the next one. */
  bytes: countSchema,
  /** `before-brake`: where `brake --halt-here` would take the replica back to. */
  reason: z.enum(['before-brake']).nullable(),
  /** Paths of which it is not known what they were then: content beyond the limits, or what was under way at a power cut. */
  uncertain: countSchema,
});
export type Point = z.output<typeof pointSchema>;

export const viewSchema = z.object({
  directory: z.string(),
  time: timeSchema,
  since: timeSchema,
});
export type View = z.output<typeof viewSchema>;

export const pointsSchema = z.object({
  /** The server that keeps the replica. */
  server: z.string(),
  /** The oldest first. */
  points: z.array(pointSchema),
  views: z.array(viewSchema),
  /** How far back it is to reach, whichever comes first; 0 and 0: no further than the brake needs. */
  ageMs: countSchema,
  limitBytes: countSchema,
  /** Taken on the replica's file system. */
  keptBytes: countSchema,
  /** Since the agent began to keep this replica: what was written for it, and what operations wrote. */
  writtenBytes: countSchema,
  changedBytes: countSchema,
});
export type Points = z.output<typeof pointsSchema>;
