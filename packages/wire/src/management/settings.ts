/**
 * What is set in an agent's configuration file. In: the file, and what the agent was started with. Out: each setting with its meaning, what
 * holds now and what will hold after the next start. Values are as they are written in the file.
 */
import { z } from 'zod';

const writtenSchema = z.string().max(65_536);

export const settingSchema = z.object({
  /** Its path in the file: `queue.memory` is `memory:` beneath `queue:`. */
  key: z.string().max(128),
  /** What it does, a sentence. */
  doc: z.string().max(2048),
  /** What may be written. */
  unit: z.string().max(512),
  /** Where nothing is written. */
  usual: writtenSchema,
  /** What the agent runs with. */
  now: writtenSchema,
  /** `option`: of its command line, which stands before the file. */
  from: z.enum(['default', 'file', 'option']),
  /** What it would run with after a start; null: it would not start, see `problem`. */
  next: writtenSchema.nullable(),
});
export type Setting = z.output<typeof settingSchema>;

export const settingsSchema = z.object({
  file: z.string().max(4096),
  settings: z.array(settingSchema).max(1000),
  /** Why the agent would not start with the file as it is; null: it would. */
  problem: z.string().max(4096).nullable(),
});
export type AgentSettings = z.output<typeof settingsSchema>;

/** Null: as usual. The file keeps its comments; the change holds from the next start on. */
export const settingChangeSchema = z.strictObject({ key: z.string().min(1).max(128), value: writtenSchema.nullable() });
