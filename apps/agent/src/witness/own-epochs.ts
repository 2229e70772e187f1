/**
 * Epochs that this server has begun, and for which the former holder's lease is over: HOME/epochs, a file a job. In: the end of such a
 * wait. Out: whether it has to be waited for again. Promise: it is on the disk before anybody is told.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJson } from '../home/atomic-json.ts';

const fileSchema = z.strictObject({ epoch: z.number().int().min(1) });

export class OwnEpochs {
  readonly #directory: string;

  constructor(home: string) {
    this.#directory = join(home, 'epochs');
  }

  waited(jobId: string, epoch: number): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    writeJson(this.#pathOf(jobId), { epoch });
  }

  /** Throws StartError for a damaged file. */
  has(jobId: string, epoch: number): boolean {
    return readJson(this.#pathOf(jobId), fileSchema)?.epoch === epoch;
  }

  #pathOf(jobId: string): string {
    return join(this.#directory, `${jobId}.json`);
  }
}
