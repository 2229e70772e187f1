/**
 * What this agent keeps as the witness of others' jobs: HOME/witness, a file a job. In: paired agents that read and change records. Out: the
 * same after a restart. Promise: a change is on the disk before it is confirmed; who took part in a job first, and whom he named, are the
 * only ones who may change its record.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochRecord } from '@understudy/engine';
import {
  type CallArguments,
  type CallResult,
  epochRecordSchema,
  fingerprintSchema,
  ManagementError,
} from '@understudy/wire';
import { z } from 'zod';
import { readJson, writeJson } from '../home/atomic-json.ts';

const fileSchema = z.strictObject({
  jobId: z.uuid(),
  revision: z.number().int().min(1),
  /** Fingerprints of the agents that may change it. */
  parties: z.array(fingerprintSchema).min(1).max(8),
  record: epochRecordSchema,
});
type Stored = z.output<typeof fileSchema>;

/** A paired agent that asks without end must not fill the disk. */
const MOST_JOBS = 4096;

export class WitnessStore {
  readonly #directory: string;
  readonly #known = new Map<string, Stored>();

  constructor(home: string) {
    this.#directory = join(home, 'witness');
  }

  read({ jobId }: CallArguments<'witness.read'>, caller: string): CallResult<'witness.read'> {
    const stored = this.#find(jobId);
    if (stored === null) return { kept: null };
    demandParty(stored, caller);
    return { kept: keptOf(stored) };
  }

  swap(
    { jobId, expected, record, parties }: CallArguments<'witness.swap'>,
    caller: string,
  ): CallResult<'witness.swap'> {
    const stored = this.#find(jobId);
    if (stored !== null) demandParty(stored, caller);
    if (record.holder !== caller)
      throw new ManagementError('refused', 'An agent claims an epoch for itself and for nobody else.');
    if (expected !== (stored === null ? null : String(stored.revision)))
      return { swapped: false, now: stored === null ? null : keptOf(stored) };
    const all = stored?.parties ?? [...new Set([caller, ...parties])];
    const now = { jobId, revision: (stored?.revision ?? 0) + 1, parties: all, record };
    this.#keep(now);
    return { swapped: true, now: keptOf(now) };
  }

  /** Throws StartError for a damaged file: a witness that has forgotten would say yes to everybody. */
  #find(jobId: string): Stored | null {
    const known = this.#known.get(jobId);
    if (known !== undefined) return known;
    const stored = readJson(this.#pathOf(jobId), fileSchema);
    if (stored !== null) this.#known.set(jobId, stored);
    return stored;
  }

  #keep(stored: Stored): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    if (stored.revision === 1 && readdirSync(this.#directory).length >= MOST_JOBS)
      throw new ManagementError('refused', `This agent is the witness of ${MOST_JOBS} jobs already.`);
    writeJson(this.#pathOf(stored.jobId), stored);
    this.#known.set(stored.jobId, stored);
  }

  #pathOf(jobId: string): string {
    return join(this.#directory, `${jobId}.json`);
  }
}

const keptOf = ({ revision, record }: Stored): { revision: string; record: EpochRecord } => ({
  revision: String(revision),
  record,
});

function demandParty({ parties }: Stored, caller: string): void {
  if (parties.includes(caller)) return;
  throw new ManagementError('forbidden', 'This agent takes no part in that job.');
}
