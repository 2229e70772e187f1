/**
 * Restores as they lie in the home of the agent that keeps the replica: one file for each job, the last of it. In: records. Out: the same
 * after a crash. Throws StartError for a damaged file: the other server would keep its folder from writers for ever.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { reasonSchema, timeSchema } from '@understudy/wire';
import { z } from 'zod';
import { readJson, writeJson } from '../../home/atomic-json.ts';
import { storedJobSchema } from '../stored-job.ts';

const recordSchema = z.strictObject({
  /** Of the job whose replica it is. */
  jobId: z.uuid(),
  jobName: z.string(),
  /** The copy, as a job that is none: it has an identity of its own. */
  stored: storedJobSchema,
  places: z.array(z.string()),
  by: z.string(),
  startedAt: timeSchema,
  endedAt: timeSchema.nullable(),
  phase: z.enum(['copying', 'done', 'halted', 'cancelled']),
  reason: reasonSchema.nullable(),
  /** Of one that is over and not told yet: how it will have ended. It is not begun anew, for the other server may have let go of it. */
  ending: z
    .strictObject({ phase: z.enum(['done', 'halted', 'cancelled']), reason: reasonSchema.nullable() })
    .optional(),
  /** The other server knows that it is over, and lets others write there. */
  left: z.boolean(),
});
export type RestoreRecord = z.output<typeof recordSchema>;

const FILE = /^([0-9a-f-]{36})\.json$/;

export class RestoreStore {
  readonly #directory: string;
  readonly #all = new Map<string, RestoreRecord>();

  constructor(home: string) {
    this.#directory = join(home, 'restores');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#directory)) {
      const id = FILE.exec(name)?.[1];
      const record = id === undefined ? null : readJson(join(this.#directory, name), recordSchema);
      if (record !== null && record.jobId === id) this.#all.set(id, record);
    }
  }

  get(jobId: string): RestoreRecord | null {
    return this.#all.get(jobId) ?? null;
  }

  all(): readonly RestoreRecord[] {
    return [...this.#all.values()];
  }

  /** On the disk when this returns. */
  save(record: RestoreRecord): void {
    writeJson(join(this.#directory, `${record.jobId}.json`), record);
    this.#all.set(record.jobId, record);
  }
}
