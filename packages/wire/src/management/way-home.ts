/**
 * The way home: what a source had not got to its target when another server took over, and what may be done then. In: the job's two servers
 * as their agents know them. Out: lists and plans for people. Promise: what is on one side alone is named before anything is overwritten.
 */
import { z } from 'zod';
import { countSchema, timeSchema } from './vocabulary.ts';

export const unsentKinds = [
  'ranges',
  'doubtful',
  'file',
  'metadata',
  'made',
  'named',
  'removed',
  'since',
  'everything',
] as const;

export const unsentEntrySchema = z.object({
  /** `ranges` and `doubtful` (after a power cut) of a file; `since`: whatever changed beneath from then on; see the engine's unsent.ts. */
  kind: z.enum(unsentKinds),
  /** For people. */
  path: z.string(),
  /** Base64 of its bytes. */
  bytes: z.base64(),
  /** start, end, start, end … */
  ranges: z.array(z.number().int().min(0)),
  /** Of content. */
  size: countSchema,
  sinceMs: z.number().min(0),
});
export type UnsentEntry = z.output<typeof unsentEntrySchema>;

/** As it is kept, and as `job.unsent` answers it. */
export const unsentListSchema = z.object({
  at: timeSchema,
  entries: z.array(unsentEntrySchema),
  /** Beyond what is listed. */
  more: countSchema,
  /** Of all, also of what is not listed. */
  size: countSchema,
  /** Where its content has been put aside on this server; empty: it has not. */
  asideAt: z.array(z.string()),
});
export type UnsentList = z.output<typeof unsentListSchema>;
