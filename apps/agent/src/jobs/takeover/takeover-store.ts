/**
 * Failovers as they lie in the target's home: one file a job, replaced whole before each step. In: records. Out: the same after a crash.
 * Throws StartError for a damaged file: a failover that was forgotten would be a second writer.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Takeover } from '@understudy/engine';
import { reasonSchema, takeoverDataSchema, takeoverStepSchema, timeSchema } from '@understudy/wire';
import { z } from 'zod';
import { readJson, syncDirectory, writeJson } from '../../home/atomic-json.ts';

const stepNoteSchema = z.strictObject({
  step: takeoverStepSchema,
  state: z.enum(['waiting', 'doing', 'done', 'skipped', 'failed', 'undoing', 'undone']),
  sentence: z.string(),
  outcome: z.string().nullable(),
});

const takeoverSchema: z.ZodType<Takeover> = z.strictObject({
  phase: z.enum(['failing-over', 'failed-over', 'taking-back', 'halted', 'taken-back']),
  steps: z.array(stepNoteSchema),
  reason: reasonSchema.nullable(),
  cancelled: z.boolean(),
});

const recordSchema = z.strictObject({
  jobId: z.uuid(),
  jobName: z.string(),
  startedAt: timeSchema,
  endedAt: timeSchema.nullable(),
  by: z.string(),
  automatic: z.boolean(),
  data: takeoverDataSchema,
  point: timeSchema.nullable(),
  risks: z.array(z.string()),
  /** The one that it begins. */
  epoch: z.number().int().min(1),
  /** Source time up to which the data reaches; null: not known. */
  reaches: timeSchema.nullable(),
  takeover: takeoverSchema,
  /** While it is halted: what would help. */
  advice: z.string(),
});
export type TakeoverRecord = z.output<typeof recordSchema>;

const FILE = /^([0-9a-f-]{36})\.json$/;

export class TakeoverStore {
  readonly #directory: string;
  readonly #all = new Map<string, TakeoverRecord>();

  constructor(home: string) {
    this.#directory = join(home, 'takeovers');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#directory)) {
      const id = FILE.exec(name)?.[1];
      const record = id === undefined ? null : readJson(join(this.#directory, name), recordSchema);
      if (record !== null && record.jobId === id) this.#all.set(id, record);
    }
  }

  get(jobId: string): TakeoverRecord | null {
    return this.#all.get(jobId) ?? null;
  }

  all(): readonly TakeoverRecord[] {
    return [...this.#all.values()];
  }

  /** On the disk when this returns. */
  save(record: TakeoverRecord): void {
    writeJson(join(this.#directory, `${record.jobId}.json`), record);
    this.#all.set(record.jobId, record);
  }

  forget(jobId: string): void {
    rmSync(join(this.#directory, `${jobId}.json`), { force: true });
    syncDirectory(this.#directory);
    this.#all.delete(jobId);
  }

  /** Where a command of that job's may write what it says. */
  outputOf(jobId: string): string {
    return join(this.#directory, `${jobId}.output`);
  }
}
