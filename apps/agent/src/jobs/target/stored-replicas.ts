/**
 * Which replicas this agent keeps, as they lie in its home: one folder a job with `replica.json` and the job's journal.
 * In: what sources were welcomed with. Out: the same after a restart. Throws StartError for a damaged file, never overwrites it.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { standingSchema } from '@understudy/wire';
import { z } from 'zod';
import { readJson, writeJson } from '../../home/atomic-json.ts';
import { makeFolder } from '../../home/make-folder.ts';
import { StartError } from '../../home/start-error.ts';

const storedReplicaSchema = z.strictObject({
  jobId: z.uuid(),
  jobName: z.string(),
  /** Fingerprint of the source. */
  peer: z.string(),
  /** The stream that fills it. */
  streamId: z.uuid(),
  roots: z.array(
    z.strictObject({
      /** Base64 of the replica root's path. */
      path: z.string(),
      /** Base64 of the directory's file handle: it is known again, whatever is found at the path; null: not opened yet. */
      handle: z.string().nullable(),
    }),
  ),
  /** The highest epoch that has begun here; absent: 1. */
  epoch: z.number().int().min(1).optional(),
  /** The source's last word at a greeting, as `helloSchema` has it: what is needed to go on without it. */
  hello: z.record(z.string(), z.unknown()).optional(),
  /** What the source last said of the job itself. */
  standing: standingSchema.optional(),
  /** The source has stopped the job: others may have written into the replica since. */
  rests: z.boolean().optional(),
  /** A mount of ours keeps others from writing there; `liftedAt`: an agent that ended in order took it away, ms. */
  guarded: z.strictObject({ liftedAt: z.number().optional() }).optional(),
  /** Others could write there all the same, and the source has not said that it has compared the two since. */
  opened: z.object({ at: z.number(), sentence: z.string() }).optional(),
});
export type StoredReplica = z.output<typeof storedReplicaSchema>;

const JOB = /^[0-9a-f-]{36}$/;

export class StoredReplicas {
  readonly #directory: string;
  readonly #journals: string;
  readonly #all = new Map<string, StoredReplica>();

  /** `journals`: where what is received is to lie; empty: beside the record. */
  constructor(home: string, journals = '') {
    this.#directory = join(home, 'replicas');
    this.#journals = journals === '' ? this.#directory : journals;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#directory).filter((each) => JOB.test(each))) {
      const path = join(this.#directory, name, 'replica.json');
      const stored = readJson(path, storedReplicaSchema);
      if (stored === null) continue;
      if (stored.jobId !== name)
        throw new StartError(
          'state-damaged',
          `${path} is damaged (it names the job ${stored.jobId}). It was left as it is: restore it from a backup, or move its folder away to start without what it held.`,
        );
      this.#all.set(stored.jobId, stored);
    }
  }

  all(): Iterable<StoredReplica> {
    return this.#all.values();
  }

  get(jobId: string): StoredReplica | null {
    return this.#all.get(jobId) ?? null;
  }

  journalOf(jobId: string): string {
    const folder = join(this.#directory, jobId);
    makeFolder(folder);
    return join(folder, 'journal');
  }

  /** Of what was received; it may lie elsewhere. */
  receivedOf(jobId: string): string {
    return join(this.#journals, jobId, 'received');
  }

  save(replica: StoredReplica): void {
    if (JSON.stringify(this.#all.get(replica.jobId)) === JSON.stringify(replica)) return;
    const folder = join(this.#directory, replica.jobId);
    makeFolder(folder);
    writeJson(join(folder, 'replica.json'), replica);
    this.#all.set(replica.jobId, replica);
  }

  /** Its path is free for other jobs; the record is kept aside, for a person who wonders what that replica was. */
  leave(jobId: string): void {
    const folder = join(this.#directory, jobId);
    rmSync(join(folder, 'journal'), { force: true });
    rmSync(this.receivedOf(jobId), { recursive: true, force: true });
    renameSync(folder, join(this.#directory, `left-${Date.now()}-${jobId}`));
    this.#all.delete(jobId);
  }
}
