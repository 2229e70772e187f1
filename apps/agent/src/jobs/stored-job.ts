/**
 * Job definitions as they lie in the agent's home: one file a job, replaced whole, never guessed.
 * In: definitions. Out: the same after a restart. The agent of the current primary owns them.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { jobDefinitionSchema, type UnsentList, unsentListSchema } from '@understudy/wire';
import { z } from 'zod';
import { readJson, syncDirectory, writeJson } from '../home/atomic-json.ts';
import { formerRulesSchema, MOST_FORMER_RULES } from './source/former-rules.ts';
import { type RootsFile, rememberedRootsSchema } from './source/plan-roots.ts';
import type { ReserveFile } from './source/position-reserve.ts';

export const storedJobSchema = z.strictObject({
  id: z.uuid(),
  revision: z.number().int().min(1),
  /** Who may write: grows at every failover and reverse. */
  epoch: z.number().int().min(1),
  started: z.boolean(),
  paused: z.boolean(),
  /** A person has accepted what lies in the replica's folder; until the target has taken the job. */
  adopt: z.boolean().optional(),
  /** It is brought back once and let go of, see restore/; such a job is kept there and not among the others. */
  restore: z.boolean().optional(),
  /** SAFE6: another server writes under this epoch (null: it did not say which). What the job protects is read-only here. */
  superseded: z
    .strictObject({ epoch: z.number().int().min(1).nullable(), sentence: z.string().max(4096), at: z.iso.datetime() })
    .optional(),
  /** Writes are held here since then, so that the target can take over without loss. */
  cutover: z
    .strictObject({
      at: z.iso.datetime(),
      /** Services that were stopped here for it, or are being stopped. */
      stopped: z.array(z.string().max(128)).max(64).optional(),
    })
    .optional(),
  /** It has come home, and its services have still to be started here. */
  serve: z.boolean().optional(),
  /** FO3: the witness has confirmed this epoch once. */
  confirmedEpoch: z.number().int().min(1).optional(),
  definition: jobDefinitionSchema,
  /** Sets of rules that it had before, oldest first: what they took in stays on the target. */
  formerRules: z.array(formerRulesSchema).max(MOST_FORMER_RULES).optional(),
  /** This server was the job's target and has taken it over (takeover/reverse): the definition is the swapped one. */
  reverse: z
    .strictObject({
      /** As the former source has it. */
      former: jobDefinitionSchema,
      /**
       * `noting`: nothing is sent, changes are noted; `failback`: sent, and then the roles go back; `stays`: sent, and the roles stay.
       * `undoing`: nothing was changed, the former source is told to go on; `giving-up`: something was, and it lies aside.
       */
      purpose: z.enum(['noting', 'failback', 'stays', 'undoing', 'giving-up']),
      /** What is written was intercepted from then on. */
      begun: z.boolean(),
      /** The epoch for which the job is being handed back: nothing is written here any more. */
      handing: z.number().int().min(1).optional(),
      /** What serves here was stopped, or is being stopped, for a switch that has not been made. */
      stopped: z.boolean().optional(),
    })
    .optional(),
  /** Another server has taken the job over, and this one has made room for its replica; at this epoch. */
  gaveWay: z
    .strictObject({ epoch: z.number().int().min(1), server: z.string().max(128), asideAt: z.array(z.string()) })
    .optional(),
});
export type StoredJob = z.output<typeof storedJobSchema>;

/** Where a job keeps it; null: there is none. */
export interface UnsentFile {
  read(): UnsentList | null;
  write(list: UnsentList | null): void;
}

const reserveSchema = z.strictObject({ reservedTo: z.number().int().min(0) });
const DEPARTED = '.departed';
const DEFINITION = /^([0-9a-f-]{36})\.json$/;

export class JobStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Throws StartError for a damaged file: an agent that has forgotten a job would say "fine" about it. */
  all(): StoredJob[] {
    const jobs: StoredJob[] = [];
    for (const name of readdirSync(this.#directory).sort()) {
      if (!DEFINITION.test(name)) continue;
      const job = readJson(join(this.#directory, name), storedJobSchema);
      if (job !== null) jobs.push(job);
    }
    return jobs;
  }

  save(job: StoredJob): void {
    writeJson(join(this.#directory, `${job.id}.json`), job);
  }

  remove(id: string): void {
    this.#unlink(`${id}.json`, `${id}.positions`, `${id}.roots`, `${id}.mirror`, `${id}.verifications`, `${id}.unsent`);
  }

  /** Deleted jobs whose target has not been told. Throws StartError for a damaged file. */
  departed(): StoredJob[] {
    const names = readdirSync(this.#directory).filter((name) => name.endsWith(DEPARTED));
    return names.map((name) => readJson(join(this.#directory, name), storedJobSchema)).filter((job) => job !== null);
  }

  depart(job: StoredJob): void {
    writeJson(join(this.#directory, `${job.id}${DEPARTED}`), job);
  }

  forget(id: string): void {
    this.#unlink(`${id}${DEPARTED}`);
  }

  #unlink(...names: string[]): void {
    for (const name of names) rmSync(join(this.#directory, name), { force: true, recursive: true });
    syncDirectory(this.#directory);
  }

  /** The roots that the job had when it last ran. */
  roots(id: string): RootsFile {
    const path = join(this.#directory, `${id}.roots`);
    return { read: () => readJson(path, rememberedRootsSchema), write: (roots) => writeJson(path, roots) };
  }

  /** What a mirror under way remembers. */
  mirrorPath(id: string): string {
    return join(this.#directory, `${id}.mirror`);
  }

  /** The folder of what verifications found. */
  verificationsPath(id: string): string {
    return join(this.#directory, `${id}.verifications`);
  }

  /** What had not got to the target when another server took the job over. Throws StartError for a damaged file. */
  unsent(id: string): UnsentFile {
    const path = join(this.#directory, `${id}.unsent`);
    return {
      read: () => readJson(path, unsentListSchema),
      write: (list) => (list === null ? this.#unlink(`${id}.unsent`) : writeJson(path, list)),
    };
  }

  reserve(id: string): ReserveFile {
    const path = join(this.#directory, `${id}.positions`);
    return {
      read: () => readJson(path, reserveSchema)?.reservedTo ?? 0,
      write: (reservedTo) => writeJson(path, { reservedTo }),
    };
  }
}
