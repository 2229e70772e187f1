/** How mirrors of a job are done. In: what a person asks for. Out: options with their defaults. */
import { z } from 'zod';

export const orphanChoiceSchema = z.enum(['report', 'move', 'delete']);
export type OrphanChoiceName = z.output<typeof orphanChoiceSchema>;
const isPowerOfTwo = (value: number): boolean => (value & (value - 1)) === 0;
export const blockSizeSchema = z
  .number()
  .int()
  .min(4096, 'a block has at least 4096 bytes')
  .max(1_048_576, 'a block has at most 1048576 bytes (1 MiB)')
  .refine(isPowerOfTwo, 'a block is a power of two: 4096, 8192, … 1048576 bytes');

/** How mirrors are done unless a command says otherwise. */
export const mirrorOptionsSchema = z.strictObject({
  /** Bytes that are compared as one, with `checksum`; null: the agent's choice. */
  blockSize: blockSizeSchema.nullable().default(null),
  /** Everything is listed before anything is sent, so that what is left to do is known. */
  calculate: z.boolean().default(true),
  /** What becomes of files on the target that never came from the source. */
  orphans: orphanChoiceSchema.default('report'),
  /** Younger ones are only reported, ms; null: all are meant. */
  orphansOlderThanMs: z.number().int().min(1).nullable().default(null),
});
export type MirrorOptionsInput = z.input<typeof mirrorOptionsSchema>;
