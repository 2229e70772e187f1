/** What lies in a directory of a server, for whoever chooses what to protect. In: one directory. Out: a bounded list, and how much it holds. */
import { z } from 'zod';
import { countSchema, rawPathSchema, timeSchema } from './vocabulary.ts';

/** Entries in one answer. */
export const MOST_ENTRIES = 2000;

export const browseParamsSchema = z.strictObject({
  /** Absolute. */
  path: rawPathSchema,
  limit: z.number().int().min(1).max(MOST_ENTRIES).default(500),
  /** Whether all that lies beneath it is counted too, for two seconds at most. */
  measure: z.boolean().default(false),
});

export const directoryEntrySchema = z.object({
  /** Of one component. */
  name: rawPathSchema,
  kind: z.enum(['directory', 'file', 'link', 'other']),
  /** Of a file's content; of anything else null. */
  bytes: countSchema.nullable(),
  modified: timeSchema,
});
export type DirectoryEntry = z.output<typeof directoryEntrySchema>;

export const browseResultSchema = z.object({
  /** Directories first, then by name; of those that were read. */
  entries: z.array(directoryEntrySchema).max(MOST_ENTRIES),
  /** There is more in it than was read. */
  more: z.boolean(),
  /** On the disk, with everything beneath; null: it was not asked for. `counted` false: there is more than that. */
  size: z.object({ bytes: countSchema, counted: z.boolean() }).nullable(),
});
export type BrowseResult = z.output<typeof browseResultSchema>;
