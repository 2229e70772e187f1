/**
 * All that this agent does about swapped roles, as one: on the server that takes over, on the one that comes back, and for people. In: its
 * jobs as source and as target. Out: the answers to greetings, calls and failovers.
 */
import { brand, printable, type RawName, rawToText } from '@understudy/base';
import type { Scope } from '@understudy/engine';
import {
  type CallArguments,
  type CallResult,
  type Hello,
  type JobDefinition,
  type JobStatus,
  ManagementError,
  type Refuse,
} from '@understudy/wire';
import type { TrustStore } from '../../../pairing/trust.ts';
import { parseRule, placesOverlap, scopeOf } from '../../../rules/index.ts';
import type { Job } from '../../source/known-job.ts';
import type { JobSurroundings } from '../../source/prepare-job.ts';
import { rulesInOrder } from '../../source/rule-order.ts';
import type { SourceJobs } from '../../source/source-jobs.ts';
import { placesOf } from '../../target/replica-place.ts';
import type { TargetJobs } from '../../target/target-jobs.ts';
import type { Takeovers } from '../takeovers.ts';
import { type BegunReverse, beginReverse } from './begin-reverse.ts';
import { comeBack } from './come-back.ts';
import type { RoleDoor } from './door.ts';
import type { EpochWord } from './epoch-word.ts';
import { WayGiver } from './give-way.ts';
import { HomeServices, type HomeServicesParts } from './home-services.ts';
import { WayHome } from './way-home.ts';

export interface RoleParts {
  readonly sources: SourceJobs;
  readonly targets: TargetJobs;
  readonly say: JobSurroundings['say'];
  readonly trust: Pick<TrustStore, 'find'>;
  /** The failover's steps, backwards. */
  readonly takeovers: Pick<Takeovers, 'leave' | 'stay' | 'left'>;
  readonly epochs: EpochWord;
  /** On this server, where a job comes home to. */
  readonly services: HomeServicesParts['services'];
}

/** What a failover knows of the job that it takes over. */
export interface TakenOver {
  readonly jobId: string;
  readonly epoch: number;
  /** As the former source has it. */
  readonly definition: JobDefinition;
  /** Fingerprint of the former source. */
  readonly peer: string;
  readonly replicaRoots: readonly RawName[];
}

export class SwappedRoles {
  readonly #parts: RoleParts;
  readonly #door: RoleDoor;
  readonly #giver: WayGiver;
  readonly #home: WayHome;
  readonly #homeServices: HomeServices;

  constructor(parts: RoleParts) {
    const { sources, targets, say, takeovers, epochs } = parts;
    this.#parts = parts;
    this.#door = sources.door;
    this.#homeServices = new HomeServices({ door: this.#door, services: parts.services });
    this.#giver = new WayGiver({ door: this.#door, nameOf: (peer) => this.#nameOf(peer), nowMs: Date.now });
    this.#home = new WayHome({
      door: this.#door,
      say,
      keepAgain: (jobId) => targets.keepAgain(jobId),
      epochs,
      leaving: ({ stored }) => takeovers.leave(stored.id),
      staying: ({ stored }) => takeovers.stay(stored.id),
      left: (jobId) => {
        takeovers.left(jobId).catch((error: unknown) => this.#door.fault(error, null));
      },
    });
  }

  restore(): void {
    this.#home.restore();
    this.#homeServices.restore();
  }

  close(): void {
    this.#home.close();
    this.#homeServices.close();
  }

  // ------------------------------------------------------------------------------------------- for a failover

  /** FO4: from now on what is changed in the replica is seen. Its own job ends; what keeps others from writing there gives way to the mount. */
  begin({ jobId, epoch, definition, peer, replicaRoots }: TakenOver): Promise<BegunReverse> {
    this.#parts.targets.end(jobId, 'this server has taken the job over');
    const known = this.#parts.trust.find(peer);
    // Where it was last reached is asked anew at each try; this is what stands in the definition.
    const address = known?.addresses[0] ?? `${known?.name ?? 'unknown'}:7320`;
    const former = { name: definition.sourceName ?? known?.name ?? 'former-source', address, fingerprint: peer };
    return beginReverse({ jobId, epoch, definition, former, replicaRoots }, this.#door);
  }

  /** What was begun for a failover that did not come to its end. */
  async drop(jobId: string): Promise<string> {
    const job = this.#door.find(jobId);
    if (job?.stored.reverse === undefined) return 'nothing is intercepted';
    await this.#door.exclusively(job, () => this.#door.stop(job));
    this.#door.remove(job);
    return 'nothing is intercepted any more';
  }

  // ------------------------------------------------------------------------------------------- for other servers

  primary(hello: Hello, peer: string): Refuse | null {
    return this.#giver.answer(hello, peer) ?? this.#inUse(hello);
  }

  /** What lay over the replica while this server was the primary has to be gone before it is one: the mount hides it. */
  #inUse(hello: Hello): Refuse | null {
    const places = placesOf(hello).map(({ replica }) => replica);
    const users = this.#door.usersOfLeft(places);
    if (users === null) return null;
    const who = users.length === 0 ? 'somebody' : users.slice(0, 5).join(', ');
    const sentence = `The mount that lay over ${places.map((place) => printable(place)).join(', ')} while this server was the primary is used by ${who} still: end that, and the job goes on by itself.`;
    return { code: 'replica-open-for-writing', sentence: sentence.slice(0, 1024) };
  }

  /** Of a restore: what a job of this server protects is not written to behind its back. */
  protectedHere(hello: Hello): Refuse | null {
    if (hello.restore !== true) return null;
    const places = placesOf(hello).map(({ replica }) => replica);
    for (const job of this.#door.all()) {
      const roots = job.stored.started ? (job.running?.roots.map(({ path }) => path) ?? this.#door.roots(job)) : [];
      const place = places.find((one) => roots.some((root) => placesOverlap(root, one)));
      if (place === undefined) continue;
      const { name } = job.stored.definition;
      const sentence = `${printable(place)} is protected by the job ${name} of this server: stop it with \`understudy job stop ${name}\`, and start it again when the files are back.`;
      return { code: 'replica-open-for-writing', sentence: sentence.slice(0, 1024) };
    }
    return null;
  }

  /** Of the replica that this server keeps as a former source: what the job's rules had left out is not to be touched. */
  spared(jobId: string, path: RawName, isDirectory: boolean): boolean {
    const job = this.#door.find(jobId);
    if (job === null || job.stored.gaveWay === undefined) return false;
    const { definition, id, revision } = job.stored;
    if (this.#rules?.of !== `${id} ${revision}`) {
      const rules = rulesInOrder(definition)
        .map(parseRule)
        .filter((rule) => rule !== null);
      this.#rules = { of: `${id} ${revision}`, scope: scopeOf(brand<RawName>('/'), rules) };
    }
    return this.#rules.scope.decide(rawToText(path), isDirectory) !== 'inside';
  }
  #rules: { readonly of: string; readonly scope: Scope } | null = null;

  comeBack(hello: Hello, peer: string): Promise<Refuse | null> {
    const { targets, epochs } = this.#parts;
    const home = (job: Job) => this.#homeServices.begin(job);
    return comeBack(hello, peer, { door: this.#door, epochs, home, letGo: (jobId) => targets.letGo(jobId) });
  }

  // ------------------------------------------------------------------------------------------- for people

  unsent(name: string): CallResult<'job.unsent'> {
    return { unsent: this.#door.unsent(this.job(name)).read() };
  }

  async failback(name: string): Promise<JobStatus> {
    await this.#home.failback(this.job(name));
    return this.#parts.sources.status(name);
  }

  async reverse(name: string): Promise<JobStatus> {
    await this.#home.reverse(this.job(name));
    return this.#parts.sources.status(name);
  }

  undo({ name, discard }: CallArguments<'job.undoFailover'>): Promise<CallResult<'job.undoFailover'>> {
    return this.#home.undo(this.job(name), discard);
  }

  /** Throws ManagementError. */
  job(name: string): Job {
    for (const job of this.#door.all()) if (job.stored.definition.name === name) return job;
    throw new ManagementError('unknown-job', `This server has no job named ${name} of its own.`);
  }

  #nameOf(peer: string): string {
    return this.#parts.trust.find(peer)?.name ?? peer.slice(0, 12);
  }
}
