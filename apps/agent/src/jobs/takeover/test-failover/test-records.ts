/**
 * Test failovers as they lie in the target's home: one folder a job, with what the last ones came to, and a note of the one under way.
 * In: records. Out: the same after a restart, and what a killed agent left lying about.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RawName } from '@understudy/base';
import { type TestFailover, testFailoverSchema } from '@understudy/wire';
import { z } from 'zod';
import { readJson, writeJson } from '../../../home/atomic-json.ts';
import { raw } from '../../target/replica-record.ts';

const recordsSchema = z.strictObject({
  last: testFailoverSchema.nullable(),
  proven: testFailoverSchema.nullable(),
  /** Base64 of the directories that the one under way makes; null: none is under way. */
  leaves: z.array(z.base64()).nullable(),
});
type Records = z.output<typeof recordsSchema>;

const NONE: Records = { last: null, proven: null, leaves: null };
const JOB = /^[0-9a-f-]{36}$/;
const base64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64');

export class TestRecords {
  readonly #directory: string;

  constructor(home: string) {
    this.#directory = join(home, 'tests');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  of(jobId: string): Pick<Records, 'last' | 'proven'> {
    const { last, proven } = this.#read(jobId);
    return { last, proven };
  }

  /** An empty directory of its own, for the time of one. */
  folderOf(jobId: string, name: 'scratch' | 'view'): string {
    const folder = join(this.#folder(jobId), name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  outputOf(jobId: string): string {
    return join(this.#folder(jobId), 'output');
  }

  /** Written before the first of these directories is made. */
  begin(jobId: string, leaves: readonly RawName[]): void {
    this.#write(jobId, { ...this.#read(jobId), leaves: leaves.map(base64) });
  }

  end(jobId: string, record: TestFailover): void {
    const before = this.#read(jobId);
    this.#write(jobId, { last: record, proven: record.ok ? record : before.proven, leaves: null });
  }

  /** Jobs of which something is kept. */
  jobs(): readonly string[] {
    return readdirSync(this.#directory).filter((name) => JOB.test(name));
  }

  /** Of those that a process did not bring to their end. */
  left(): { readonly jobId: string; readonly directories: readonly RawName[] }[] {
    return this.jobs()
      .map((jobId) => ({ jobId, leaves: this.#read(jobId).leaves }))
      .filter(({ leaves }) => leaves !== null)
      .map(({ jobId, leaves }) => ({ jobId, directories: (leaves ?? []).map(raw) }));
  }

  swept(jobId: string): void {
    this.#write(jobId, { ...this.#read(jobId), leaves: null });
  }

  forget(jobId: string): void {
    rmSync(this.#folder(jobId), { recursive: true, force: true });
  }

  #folder(jobId: string): string {
    return join(this.#directory, jobId);
  }

  #read(jobId: string): Records {
    return readJson(join(this.#folder(jobId), 'tests.json'), recordsSchema) ?? NONE;
  }

  #write(jobId: string, records: Records): void {
    mkdirSync(this.#folder(jobId), { recursive: true, mode: 0o700 });
    writeJson(join(this.#folder(jobId), 'tests.json'), records);
  }
}
