/**
 * The jobs whose replica this agent keeps. In: links of trusted peers. Out: a TargetJob for each, found again after a restart.
 * Promises: one job a replica path; a job belongs to the peer that made it; nothing of a replica is deleted here.
 */
import { brand, formatBytes, printable, type RawName } from '@understudy/base';
import type { Forbidden, Handle, TargetEvent } from '@understudy/engine';
import { type FrameHeader, FrameType, type Hello, helloSchema, type Position, type Refuse } from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import { parseJsonFrame, type ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import type { SegmentLimits } from '../../ports/segments/index.ts';
import { foreignFiles, isOurs, refuseForeign } from './foreign-files.ts';
import { type GuardPorts, giveBack, ReplicaGuard, type TellGuard } from './guard/replica-guard.ts';
import { FileTargetJournal } from './journal.ts';
import { ReceivedSegments } from './received-segments.ts';
import { type Place, placesOf, refusePlaces } from './replica-place.ts';
import { type OpenTree, ReplicaRoots, removeLimbos } from './replica-roots.ts';
import { type StoredReplica, StoredReplicas } from './stored-replicas.ts';
import { TargetJob, type TargetJobOptions } from './target-job.ts';

const MEMORY_BYTES = 64 * 1024 * 1024;
const KEEP_ASIDE_BYTES = 4 * 1024 * 1024 * 1024;

type Severity = 'information' | 'warning' | 'error';

export interface TargetSurroundings {
  readonly version: string;
  readonly home: string;
  readonly machine: string;
  readonly bootId: string;
  readonly openTree?: OpenTree;
  /** How replicas are kept from other writers; absent: they are not. */
  readonly guard?: GuardPorts;
  /** Which places and files this server takes; absent: all but the system's own places. */
  readonly replicas?: { readonly allow: readonly RawName[]; readonly forbidden: Forbidden };
  /** Of what is received and not applied; the defaults of the settings where it is not said. */
  readonly journal?: {
    readonly memoryBytes: number;
    /** Empty: in the home. */
    readonly folder: string;
    readonly limits: Partial<SegmentLimits>;
  };
  /** Of overwritten content, for one job's brake. */
  readonly keepAsideBytes?: number;
  event(event: { code: string; severity: Severity; sentence: string }, job: string): void;
  /** A fault of our own, for the technical log. */
  fault(error: unknown, job: string): void;
}

const raw = (base64: string): RawName => brand<RawName>(Buffer.from(base64, 'base64').toString('latin1'));
const base64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64');

export class TargetJobs {
  readonly #surroundings: TargetSurroundings;
  readonly #stored: StoredReplicas;
  readonly #jobs = new Map<string, TargetJob>();
  /** What was last said about a job that ended by itself: it is not said again at every try. */
  readonly #said = new Map<string, string>();

  /** Throws StartError for a damaged record. */
  constructor(surroundings: TargetSurroundings) {
    this.#surroundings = surroundings;
    this.#stored = new StoredReplicas(surroundings.home, surroundings.journal?.folder);
  }

  /** A trusted agent has opened a link. */
  accept(link: ReplicationLink, peerFingerprint: string): void {
    link.onFrame((header, payload) => {
      try {
        this.#first(link, peerFingerprint, header, payload);
      } catch (error) {
        this.#surroundings.fault(error, '');
        this.#refuse(link, { code: 'failed', sentence: `The target agent failed: ${messageOf(error)}`.slice(0, 1000) });
      }
    });
  }

  close(): void {
    for (const job of this.#jobs.values()) job.close();
    this.#jobs.clear();
    // An agent that ends in order leaves nothing mounted; a killed one finds its mounts again.
    for (const stored of this.#stored.all()) this.#giveBack(stored);
  }

  #giveBack({ roots, jobName }: StoredReplica): void {
    const { guard } = this.#surroundings;
    if (guard === undefined) return;
    giveBack(
      roots.map(({ path }) => raw(path)),
      guard,
      this.#teller(jobName),
    );
  }

  #teller(job: string): TellGuard {
    return (code, severity, sentence) => this.#surroundings.event({ code, severity, sentence }, job);
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
    const stored = this.#stored.get(hello.jobId);
    if (stored !== null && stored.peer !== peer)
      return { code: 'not-trusted', sentence: `The job ${hello.jobName} belongs to another source server.` };
    if (hello.intent !== 'replicate' && hello.intent !== 'probe') return null;
    const taken = [...this.#stored.all()]
      .filter((other) => other.jobId !== hello.jobId)
      .flatMap((other) => other.roots.map(({ path }) => ({ jobName: other.jobName, path: raw(path) })));
    const { home, machine, replicas } = this.#surroundings;
    const homePath = brand<RawName>(Buffer.from(home).toString('latin1'));
    const refused = refusePlaces(placesOf(hello), hello, { homePath, machine, taken, allow: replicas?.allow ?? [] });
    return refused ?? (hello.intent === 'probe' ? foreignFiles(hello, stored) : null);
  }

  #answer(link: ReplicationLink, hello: Hello): void {
    if (hello.intent === 'leave') this.#leave(hello);
    if (hello.intent === 'rest') this.#rest(hello);
    if (hello.intent === 'brake-go-on' || hello.intent === 'brake-halt-here') {
      this.#decide(link, hello);
      return;
    }
    const { version } = this.#surroundings;
    const why = hello.intent === 'probe' ? 'the job would be taken' : 'the replica is let go of';
    link.sendJson(FrameType.welcome, {
      version,
      resumes: false,
      received: 0,
      applied: 0,
      origin: 0,
      complete: false,
      why,
    });
    link.close(why);
  }

  /** SAFE4: a person's word to a brake that holds. */
  #decide(link: ReplicationLink, hello: Hello): void {
    const job = this.#jobs.get(hello.jobId);
    const state = job?.brake ?? null;
    if (job === undefined || (state?.phase !== 'held' && state?.phase !== 'rolling-back')) {
      const sentence = 'No brake holds the replica of this job now, so that there is nothing to decide.';
      this.#refuse(link, { code: 'brake', sentence });
      return;
    }
    const goesOn = hello.intent === 'brake-go-on';
    if (goesOn && state.phase === 'rolling-back') {
      this.#refuse(link, { code: 'brake', sentence: 'The replica is being taken back already.' });
      return;
    }
    if (goesOn) job.goOn(brand<Position>(hello.next - 1));
    const applied = goesOn ? brand<Position>(state.at) : job.haltHere();
    const word = goesOn ? 'What the brake held is applied, as was decided.' : '';
    if (goesOn) this.#event(hello, 'brake-released', 'information', word);
    const { version } = this.#surroundings;
    const why = goesOn ? word : (job.brake?.sentence ?? '');
    const nothing = { resumes: false, origin: 0, complete: false };
    link.sendJson(FrameType.welcome, { version, ...nothing, received: applied, applied, why: why.slice(0, 512) });
    link.close('it is decided');
    if (goesOn) return;
    job.refuse({ code: 'brake-halted', sentence: why.slice(0, 1024) });
    this.#jobs.delete(hello.jobId);
  }

  #rest(hello: Hello): void {
    this.#end(hello.jobId, 'the job was stopped');
    const stored = this.#stored.get(hello.jobId);
    if (stored !== null) this.#giveBack(stored);
  }

  #leave(hello: Hello): void {
    this.#rest(hello);
    const stored = this.#stored.get(hello.jobId);
    if (stored === null) return;
    this.#stored.leave(hello.jobId);
    removeLimbos(
      stored.jobId,
      stored.roots.map(({ path }) => raw(path)),
    );
    this.#event(hello, 'job-left', 'information', 'The source has deleted the job; the replica stays as it is.');
  }

  #attach(link: ReplicationLink, hello: Hello, peer: string): void {
    const places = placesOf(hello);
    const before = this.#stored.get(hello.jobId);
    // The same stream goes on in the same directories only; a new one says what it finds to be missing.
    const goesOn = before?.streamId === hello.streamId;
    if (!goesOn || !samePlaces(this.#jobs.get(hello.jobId)?.roots.places, places))
      this.#end(hello.jobId, 'the source has begun anew');
    // Another process of the source numbers on behind what is received: nothing that was accepted beyond it may stay.
    if (hello.fresh === true) this.#end(hello.jobId, 'the source was restarted');
    this.#stored.save(recordOf(hello, peer, places, goesOn ? handlesOf(before, places) : []));
    let job = this.#jobs.get(hello.jobId);
    if (job === undefined) {
      const guard = this.#guardOf(hello, before, places);
      job = this.#make(hello, new ReplicaRoots(this.#rootOptions(hello, { places, before }, guard)), guard);
      this.#jobs.set(hello.jobId, job);
    }
    job.attach(link, hello);
    // A stream that is turned away leaves the record of what lies there as it was.
    if (!job.linked && before !== null) this.#stored.save(before);
    if (this.#jobs.get(hello.jobId) !== job) return;
    if (!job.linked) return;
    this.#said.delete(hello.jobId);
    if (!goesOn) this.#noteOthers(hello, before, job.roots);
    this.#stored.save(recordOf(hello, peer, places, job.roots.handles()));
  }

  /** A disk that is not mounted looks just like this, so it is said, though the mirror makes the new directory whole. */
  #noteOthers(hello: Hello, before: StoredReplica | null, roots: ReplicaRoots): void {
    const known = handlesOf(before, roots.places);
    for (const [index, handle] of roots.handles().entries()) {
      const was = known[index] ?? null;
      const path = roots.places[index]?.replica ?? '';
      if (was === null || was === handle) continue;
      const sentence = `The replica's root ${printable(brand<RawName>(path))} is another directory than the last time; it is filled by a mirror. Is a disk not mounted?`;
      this.#event(hello, 'replica-root-new', 'warning', sentence);
    }
  }

  /** Null: others may write there, and what kept them from it is taken away. */
  #guardOf(hello: Hello, before: StoredReplica | null, places: readonly Place[]): ReplicaGuard | null {
    const { guard } = this.#surroundings;
    if (guard === undefined) return null;
    // A root that the job does not have any more is not its to keep.
    const gone = before?.roots.filter(({ path }) => !places.some(({ replica }) => replica === raw(path))) ?? [];
    if (before !== null) this.#giveBack({ ...before, roots: gone });
    if (hello.targetWrites !== 'allow') return new ReplicaGuard(guard, this.#teller(hello.jobName));
    if (before !== null) this.#giveBack(before);
    return null;
  }

  #rootOptions(
    hello: Hello,
    { places, before }: { readonly places: readonly Place[]; readonly before: StoredReplica | null },
    guard: ReplicaGuard | null,
  ): ConstructorParameters<typeof ReplicaRoots>[0] {
    const { openTree, replicas } = this.#surroundings;
    const known = handlesOf(this.#stored.get(hello.jobId), places);
    const mayFill = (_index: number, path: RawName, handle: Handle) => {
      if (hello.adopt !== true && !isOurs(before, path, handle)) refuseForeign(path);
    };
    const opened = guard === null ? {} : { opened: (path: RawName) => guard.opened(path) };
    const forbidden = {
      devices: replicas?.forbidden.devices === true || hello.refuses?.devices === true,
      setuid: replicas?.forbidden.setuid === true || hello.refuses?.setuid === true,
    };
    return {
      jobId: hello.jobId,
      places,
      known,
      mayFill,
      forbidden,
      ...opened,
      ...(openTree === undefined ? {} : { openTree }),
    };
  }

  #make(hello: Hello, roots: ReplicaRoots, guard: ReplicaGuard | null): TargetJob {
    const { version, journal } = this.#surroundings;
    const job: TargetJob = new TargetJob({
      version,
      ...this.#journals(hello, () => job),
      memoryBytes: journal?.memoryBytes ?? MEMORY_BYTES,
      keepAsideBytes: this.#surroundings.keepAsideBytes ?? KEEP_ASIDE_BYTES,
      notKept: (sentence) => this.#event(hello, 'target-not-durable', 'error', sentence),
      roots,
      ...(guard === null ? {} : { guard }),
      event: (event) => this.#event(hello, event.kind, event.severity, withPath(event)),
      condition: ({ state, code, sentence }) => {
        if (state === 'retrying') this.#event(hello, `target-${code}`, 'error', sentence);
        else if (state === 'ok')
          this.#event(hello, 'target-ok', 'information', 'What was in the way on the target is gone.');
      },
      ended: (refuse, fault) => {
        if (this.#jobs.get(hello.jobId) === job) this.#jobs.delete(hello.jobId);
        if (fault !== null) this.#surroundings.fault(fault, hello.jobName);
        this.#sayOnce(hello, refuse);
      },
    });
    return job;
  }

  /** Throws errno errors; then neither is open. */
  #journals(hello: Hello, job: () => TargetJob): Pick<TargetJobOptions, 'journal' | 'received'> {
    const journal = new FileTargetJournal(this.#stored.journalOf(hello.jobId), this.#surroundings.bootId);
    try {
      const received = new ReceivedSegments({
        folder: this.#stored.receivedOf(hello.jobId),
        limits: this.#surroundings.journal?.limits ?? {},
        durable: () => job().durable(),
        failed: (sentence) => job().fail(sentence),
        alert: (over, used, limit) => this.#tellShare(hello, { over, used, limit }),
      });
      for (const { sentence } of received.damage) this.#event(hello, 'target-journal-damaged', 'error', sentence);
      return { journal, received };
    } catch (error) {
      journal.close();
      throw error;
    }
  }

  #tellShare(hello: Hello, { over, used, limit }: { over: boolean; used: number; limit: number }): void {
    const share = `${formatBytes(used)} of ${formatBytes(limit)}`;
    if (over)
      this.#event(hello, 'target-journal-filling', 'warning', `What waits to be applied takes ${share} on disk.`);
    else
      this.#event(
        hello,
        'target-journal-emptied',
        'information',
        `What waits to be applied takes ${share} on disk again.`,
      );
  }

  #end(jobId: string, sentence: string): void {
    this.#jobs.get(jobId)?.close(sentence);
    this.#jobs.delete(jobId);
  }

  #sayOnce(hello: Hello, { code, sentence }: Refuse): void {
    if (this.#said.get(hello.jobId) === sentence) return;
    this.#said.set(hello.jobId, sentence);
    this.#event(hello, code === 'replica-open-for-writing' ? code : `replica-${code}`, 'error', sentence);
  }

  #event(hello: Hello, code: string, severity: Severity, sentence: string): void {
    this.#surroundings.event({ code, severity, sentence }, hello.jobName);
  }
}

function samePlaces(one: readonly Place[] | undefined, other: readonly Place[]): boolean {
  return JSON.stringify(one ?? other) === JSON.stringify(other);
}

function recordOf(
  { jobId, jobName, streamId }: Hello,
  peer: string,
  places: readonly Place[],
  handles: readonly (Handle | null)[],
): StoredReplica {
  const roots = places.map(({ replica }, index) => {
    const handle = handles[index] ?? null;
    return { path: base64(replica), handle: handle === null ? null : base64(handle) };
  });
  return { jobId, jobName, peer, streamId, roots };
}

/** By index; null where another directory than before, or none yet, is meant. */
function handlesOf(stored: StoredReplica | null, places: readonly Place[]): (Handle | null)[] {
  return places.map(({ replica }, index) => {
    const root = stored?.roots[index];
    if (root === undefined || root.handle === null || raw(root.path) !== replica) return null;
    return brand<Handle>(raw(root.handle));
  });
}

function withPath(event: TargetEvent): string {
  return event.path === '' ? event.sentence : `${printable(event.path)}: ${event.sentence}`;
}
