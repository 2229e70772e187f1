/** What `state.json` in a job's queue folder holds; the words are the engine's (protection/job-memory.ts). */
import type { JobMemory } from '@understudy/engine';
import { z } from 'zod';

const nodeText = z.string().regex(/^\d{1,20}$/);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const itemSchema = z.object({
  kind: z.enum(['entry', 'node', 'metadata', 'ranges', 'compare', 'names', 'changed', 'root']),
  root: count,
  node: nodeText.optional(),
  name: z.string().max(255).optional(),
  ranges: z.array(z.number().min(0).max(Number.MAX_SAFE_INTEGER)).optional(),
});

const memorySchema: z.ZodType<JobMemory> = z.object({
  complete: z.boolean(),
  items: z.array(itemSchema),
  reasons: z.array(z.object({ reason: z.string() as z.ZodType<JobMemory['reasons'][number]['reason']>, items: count })),
  scopes: z.array(z.object({ exceptions: z.array(nodeText).nullable(), nameless: z.array(nodeText) })),
  differences: z.object({ atMs: z.number(), count, paths: z.array(z.string()).max(16) }).optional(),
});

export const queueStateSchema = z.object({
  /** Ring, roots and rules that it belongs to. */
  key: z.string(),
  streamId: z.uuid(),
  version: count,
  memory: memorySchema,
});
