/**
 * The jobs whose replica this agent keeps. In: links of trusted peers. Out: a TargetJob for each, found again after a restart.
 * Promises: one job a replica path; a job belongs to the peer that made it; nothing of a replica is deleted here.
 */
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { brand, printable, type RawName } from '@understudy/base';
import { FileError, type ReplicaFiles, type TargetEvent } from '@understudy/engine';
import { openReplicaTree } from '@understudy/filesystem';
import { type FrameHeader, FrameType, type Hello, helloSchema, type Refuse } from '@understudy/wire';
import { z } from 'zod';
import { readJson, writeJson } from '../../home/atomic-json.ts';
import { parseJsonFrame, type ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import { FileTargetJournal } from './journal.ts';
import { type Place, placesOf, refusePlaces } from './replica-place.ts';
import { TargetJob } from './target-job.ts';

const storedReplicaSchema = z.strictObject({
  jobId: z.uuid(),
  jobName: z.string(),
  /** Fingerprint of the source. */
  peer: z.string(),
  /** Base64 of the replica roots' paths. */
  replicas: z.array(z.string()),
});
type StoredReplica = z.output<typeof storedReplicaSchema>;

export interface TargetSurroundings {
  readonly version: string;
  readonly home: string;
  readonly machine: string;
  readonly bootId: string;
  event(event: { code: string; severity: 'information' | 'warning' | 'error'; sentence: string }, job: string): void;
}

const raw = (base64: string): RawName => brand<RawName>(Buffer.from(base64, 'base64').toString('latin1'));
const base64 = (path: RawName): string => Buffer.from(path, 'latin1').toString('base64');

export class TargetJobs {
  readonly #surroundings: TargetSurroundings;
  readonly #directory: string;
  readonly #jobs = new Map<string, TargetJob>();

  constructor(surroundings: TargetSurroundings) {
    this.#surroundings = surroundings;
    this.#directory = join(surroundings.home, 'replicas');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** A trusted agent has opened a link. */
  accept(link: ReplicationLink, peerFingerprint: string): void {
    link.onFrame((header, payload) => this.#first(link, peerFingerprint, header, payload));
  }

  close(): void {
    for (const job of this.#jobs.values()) job.close();
    this.#jobs.clear();
  }

  #first(link: ReplicationLink, peer: string, header: FrameHeader, payload: Uint8Array): void {
    if (header.type !== FrameType.hello) {
      link.violation('the first frame of a source is hello');
      return;
    }
    const hello = parseJsonFrame(link, header, payload, helloSchema);
    if (hello === null) return;
    const refusal = this.#refusal(hello, peer);
    if (refusal !== null) this.#refuse(link, refusal);
    else if (hello.intent === 'replicate') this.#attach(link, hello, peer);
    else this.#answer(link, hello);
  }

  #refuse(link: ReplicationLink, refuse: Refuse): void {
    link.sendJson(FrameType.refuse, refuse);
    link.close(refuse.sentence);
  }

  #refusal(hello: Hello, peer: string): Refuse | null {
    const stored = this.#stored(hello.jobId);
    if (stored !== null && stored.peer !== peer)
      return { code: 'not-trusted', sentence: `The job ${hello.jobName} belongs to another source server.` };
    if (hello.intent === 'leave') return null;
    const taken = this.#all()
      .filter((other) => other.jobId !== hello.jobId)
      .flatMap((other) => other.replicas.map((path) => ({ jobName: other.jobName, path: raw(path) })));
    const { home, machine } = this.#surroundings;
    const homePath = brand<RawName>(Buffer.from(home).toString('latin1'));
    return refusePlaces(placesOf(hello), hello, { homePath, machine, taken });
  }

  #answer(link: ReplicationLink, hello: Hello): void {
    if (hello.intent === 'leave') this.#leave(hello);
    const { version } = this.#surroundings;
    const why = hello.intent === 'leave' ? 'the replica is let go of' : 'the job would be taken';
    link.sendJson(FrameType.welcome, { version, resumes: false, received: 0, applied: 0, complete: false, why });
    link.close(why);
  }

  #leave(hello: Hello): void {
    this.#jobs.get(hello.jobId)?.close();
    this.#jobs.delete(hello.jobId);
    if (this.#stored(hello.jobId) === null) return;
    // Kept beside, for a person who wonders what that replica was.
    renameSync(join(this.#directory, hello.jobId), join(this.#directory, `left-${Date.now()}-${hello.jobId}`));
    this.#event(hello, 'job-left', 'information', 'The source has deleted the job; the replica stays as it is.');
  }

  #attach(link: ReplicationLink, hello: Hello, peer: string): void {
    const places = placesOf(hello);
    const folder = join(this.#directory, hello.jobId);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const replicas = places.map(({ replica }) => base64(replica));
    const record: StoredReplica = { jobId: hello.jobId, jobName: hello.jobName, peer, replicas };
    if (JSON.stringify(this.#stored(hello.jobId)) !== JSON.stringify(record))
      writeJson(join(folder, 'replica.json'), record);
    let job = this.#jobs.get(hello.jobId);
    if (job === undefined) {
      job = this.#make(hello, folder, places);
      this.#jobs.set(hello.jobId, job);
    }
    job.attach(link, hello);
  }

  #make(hello: Hello, folder: string, places: readonly Place[]): TargetJob {
    return new TargetJob({
      version: this.#surroundings.version,
      journal: new FileTargetJournal(join(folder, 'journal'), this.#surroundings.bootId),
      openRoot: (index, source) =>
        openReplica(hello.jobId, index, places.find((p) => p.source === source)?.replica ?? null),
      event: (event) => this.#event(hello, event.kind, event.severity, withPath(event)),
      condition: ({ state, code, sentence }) => {
        if (state === 'retrying') this.#event(hello, `target-${code}`, 'error', sentence);
      },
    });
  }

  #event(hello: Hello, code: string, severity: 'information' | 'warning' | 'error', sentence: string): void {
    this.#surroundings.event({ code, severity, sentence }, hello.jobName);
  }

  #stored(jobId: string): StoredReplica | null {
    return readJson(join(this.#directory, jobId, 'replica.json'), storedReplicaSchema);
  }

  #all(): StoredReplica[] {
    return readdirSync(this.#directory)
      .filter((name) => /^[0-9a-f-]{36}$/.test(name))
      .map((name) => this.#stored(name))
      .filter((stored) => stored !== null);
  }
}

/** Limbo lies beside the root, or within it where the root is a file system of its own. */
function openReplica(jobId: string, index: number, replica: RawName | null): ReplicaFiles {
  if (replica === null) throw new FileError('ENOENT', 'open', `root ${index} was never announced`);
  const parent = replica.slice(0, Math.max(1, replica.lastIndexOf('/')));
  const limboIn = (place: string) =>
    brand<RawName>(`${place === '/' ? '' : place}/.understudy-${jobId}/limbo-${index}`);
  try {
    return openReplicaTree({ rootPath: replica, limboPath: limboIn(parent), create: true });
  } catch (error) {
    if (!(error instanceof FileError && error.code === 'EXDEV')) throw error;
    return openReplicaTree({ rootPath: replica, limboPath: limboIn(replica), create: true });
  }
}

function withPath(event: TargetEvent): string {
  return event.path === '' ? event.sentence : `${printable(event.path)}: ${event.sentence}`;
}
