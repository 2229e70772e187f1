/**
 * The jobs whose replica this agent keeps. In: links of trusted peers. Out: a TargetJob for each, found again after a restart.
 * Promises: one job a replica path; a job belongs to the peer that made it; nothing of a replica is deleted here.
 */
import { brand, printable, type RawName } from '@understudy/base';
import type { Handle, TargetEvent } from '@understudy/engine';
import { type FrameHeader, FrameType, type Hello, helloSchema, type Refuse } from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import { parseJsonFrame, type ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import { brakeWord } from './brake-word.ts';
import { foreignFiles, isOurs, refuseForeign } from './foreign-files.ts';
import { liftedNow, unguarded, withStanding } from './guard/openings.ts';
import type { ReplicaGuard, TellGuard } from './guard/replica-guard.ts';
import { FileTargetJournal } from './journal.ts';
import { pastOptionsOf } from './past/past-of.ts';
import { ReceivedSegments } from './received-segments.ts';
import { giveBackRoots, guardOf, type Keeping, keepAgain, letGo } from './replica-keeping.ts';
import { placesOf, refusePlaces } from './replica-place.ts';
import { handlesOf, openedOf, raw, recordOf, samePlaces } from './replica-record.ts';
import { ReplicaRoots, type ReplicaRootsOptions } from './replica-roots.ts';
import { sayShare } from './say-share.ts';
import { type StoredReplica, StoredReplicas } from './stored-replicas.ts';
import { TargetJob, type TargetJobOptions } from './target-job.ts';
import type { Severity, TargetSurroundings } from './target-surroundings.ts';

export type { TargetSurroundings } from './target-surroundings.ts';

const MEMORY_BYTES = 64 * 1024 * 1024;

/** A replica of this server. */
export interface KeptReplica {
  readonly stored: StoredReplica;
  /** The source's last greeting; null: it said none that could be kept. */
  readonly hello: Hello | null;
  /** Null: it is not open now. */
  readonly job: TargetJob | null;
}

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
    const listen = () =>
      link.onFrame((header, payload) => {
        try {
          this.#first(link, peerFingerprint, header, payload);
        } catch (error) {
          this.#surroundings.fault(error, '');
          const sentence = `The target agent failed: ${messageOf(error)}`.slice(0, 1000);
          this.#refuse(link, { code: 'failed', sentence });
        }
      });
    const { ready } = this.#surroundings;
    if (ready === undefined) listen();
    else void ready.then(listen);
  }

  close(): void {
    for (const job of this.#jobs.values()) job.close();
    this.#jobs.clear();
    // An agent that ends in order leaves nothing mounted; a killed one finds its mounts again.
    for (const stored of [...this.#stored.all()]) {
      this.#stored.save(liftedNow(stored, Date.now()));
      this.#giveBack(stored);
    }
  }

  /** What is kept here, whether its source is linked or not. */
  kept(): readonly KeptReplica[] {
    return [...this.#stored.all()].map((stored) => {
      const hello = helloSchema.safeParse(stored.hello);
      return { stored, hello: hello.success ? hello.data : null, job: this.#jobs.get(stored.jobId) ?? null };
    });
  }

  /** The replica's job, opened without its source where there is none; null: not enough is known of it. Throws as opening does. */
  open(jobId: string): TargetJob | null {
    const present = this.#jobs.get(jobId);
    if (present !== undefined) return present;
    const before = this.#stored.get(jobId);
    const hello = helloSchema.safeParse(before?.hello);
    if (before === null || !hello.success) return null;
    return this.#add(hello.data, before, handlesOf(before, placesOf(hello.data)));
  }

  /** The highest epoch that has begun here: durable when this returns. A source of an older one is sent away. */
  raiseEpoch(jobId: string, epoch: number): void {
    const stored = this.#stored.get(jobId);
    if (stored !== null && epoch > (stored.epoch ?? 1)) this.#stored.save({ ...stored, epoch });
  }

  /** What is received is applied without the source, which is sent away. False: not enough is known of it. Throws as opening does. */
  supersede(jobId: string, epoch: number): boolean {
    const hello = helloSchema.safeParse(this.#stored.get(jobId)?.hello);
    const job = this.open(jobId);
    if (job === null || !hello.success) return false;
    job.hand.supersede(hello.data, epoch);
    return true;
  }

  /** The replica is let go of: nothing is applied to it any more. */
  end(jobId: string, sentence: string): void {
    this.#jobs.get(jobId)?.close(sentence);
    this.#jobs.delete(jobId);
  }

  /** What keeps others from writing there is taken away. */
  makeWritable(jobId: string): void {
    const stored = this.#stored.get(jobId);
    if (stored === null) return;
    this.#stored.save(unguarded(stored));
    this.#giveBack(stored);
  }

  /** Its source is not linked yet, or not any more, and others may not write there all the same. */
  keepAgain(jobId: string): void {
    keepAgain(this.#stored.get(jobId), this.#keeping);
  }

  /** This server keeps the job's replica no more; what lies there stays. */
  letGo(jobId: string): void {
    this.end(jobId, 'the job has come back');
    this.makeWritable(jobId);
    letGo(jobId, this.#stored);
  }

  #giveBack(stored: StoredReplica): void {
    giveBackRoots(stored, this.#keeping);
  }

  get #keeping(): Keeping {
    return { guard: this.#surroundings.guard, replicas: this.#stored, teller: (job) => this.#teller(job) };
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
    else if (hello.intent === 'undo' || hello.intent === 'hand-over') void this.#comeBack(link, hello, peer);
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
    const away = this.#sentAway(hello, stored);
    if (away !== null) return { code: 'superseded', sentence: away };
    if (hello.intent !== 'replicate' && hello.intent !== 'probe') return null;
    const { primary, protectedHere } = this.#surroundings;
    const said = hello.intent === 'replicate' ? primary?.(hello, peer) : null;
    const here = said ?? protectedHere?.(hello) ?? null;
    if (here !== null) return here;
    const taken = [...this.#stored.all()]
      .filter((other) => other.jobId !== hello.jobId)
      .flatMap((other) => other.roots.map(({ path }) => ({ jobName: other.jobName, path: raw(path) })));
    const { home, machine, replicas } = this.#surroundings;
    const homePath = brand<RawName>(Buffer.from(home).toString('latin1'));
    const refused = refusePlaces(placesOf(hello), hello, { homePath, machine, taken, allow: replicas?.allow ?? [] });
    return refused ?? (hello.intent === 'probe' ? foreignFiles(hello, stored) : null);
  }

  /** SAFE6: also where nothing is open that could say so. */
  #sentAway(hello: Hello, stored: StoredReplica | null): string | null {
    const known = stored?.epoch ?? 1;
    if (hello.epoch < known)
      return `This source speaks for epoch ${hello.epoch}, and epoch ${known} has begun: another server has taken over. Stop the job here, or fail back.`;
    return this.#surroundings.sentAway?.(hello.jobId, hello.epoch) ?? null;
  }

  #answer(link: ReplicationLink, hello: Hello): void {
    if (hello.intent === 'leave') this.#leave(hello);
    if (hello.intent === 'rest') this.#rest(hello);
    if (hello.intent === 'brake-go-on' || hello.intent === 'brake-halt-here') {
      this.#decide(link, hello);
      return;
    }
    this.#yes(link, hello.intent === 'probe' ? 'the job would be taken' : 'the replica is let go of');
  }

  #yes(link: ReplicationLink, why: string): void {
    const nothing = { resumes: false, received: 0, applied: 0, origin: 0, complete: false };
    link.sendJson(FrameType.welcome, { version: this.#surroundings.version, ...nothing, why });
    link.close(why);
  }

  async #comeBack(link: ReplicationLink, hello: Hello, peer: string): Promise<void> {
    const unknown: Refuse = { code: 'unknown-job', sentence: 'This server takes no job back.' };
    const refuse = await (this.#surroundings.comeBack?.(hello, peer) ?? unknown);
    if (refuse === null) this.#yes(link, 'the job is back');
    else this.#refuse(link, refuse);
  }

  /** SAFE4: a person's word to a brake that holds. */
  #decide(link: ReplicationLink, hello: Hello): void {
    const { version } = this.#surroundings;
    const word = brakeWord(hello, this.#jobs.get(hello.jobId), version);
    if (word.kind === 'refuse') {
      this.#refuse(link, word.refuse);
      return;
    }
    const { why } = word.welcome;
    if (!word.halts) this.#event(hello, 'brake-released', 'information', why);
    link.sendJson(FrameType.welcome, word.welcome);
    link.close('it is decided');
    if (!word.halts) return;
    word.job.refuse({ code: 'brake-halted', sentence: why });
    this.#jobs.delete(hello.jobId);
  }

  #rest(hello: Hello): void {
    this.end(hello.jobId, 'the job was stopped');
    const stored = this.#stored.get(hello.jobId);
    if (stored === null) return;
    this.#giveBack(stored);
    this.#stored.save({ ...unguarded(stored), rests: true });
  }

  #leave(hello: Hello): void {
    this.#rest(hello);
    const stored = this.#stored.get(hello.jobId);
    if (stored === null) return;
    letGo(hello.jobId, this.#stored);
    this.#event(hello, 'job-left', 'information', 'The source has deleted the job; the replica stays as it is.');
  }

  #attach(link: ReplicationLink, hello: Hello, peer: string): void {
    const places = placesOf(hello);
    const before = this.#stored.get(hello.jobId);
    // The same stream goes on in the same directories only; a new one says what it finds to be missing.
    const goesOn = before?.streamId === hello.streamId;
    if (!goesOn || !samePlaces(this.#jobs.get(hello.jobId)?.roots.places, places))
      this.end(hello.jobId, 'the source has begun anew');
    // Another process of the source numbers on behind what is received: nothing that was accepted beyond it may stay.
    if (hello.fresh === true) this.end(hello.jobId, 'the source was restarted');
    // Which directories the job has filled stays known until others are: this process may be killed in between.
    this.#stored.save(before === null ? recordOf(hello, peer, places, [], null) : { ...before, epoch: hello.epoch });
    const known = goesOn ? handlesOf(before, places) : [];
    const job = this.#jobs.get(hello.jobId) ?? this.#add(hello, before, known);
    job.attach(link, hello, () => {
      const known = this.#stored.get(hello.jobId) ?? before;
      const record = recordOf(hello, peer, places, job.roots.handles(), known);
      this.#stored.save(job.isGuarded ? { ...record, guarded: {} } : record);
    });
    // A stream that is turned away leaves the record of what lies there as it was.
    if (!job.linked && before !== null)
      this.#stored.save({ ...before, ...openedOf(this.#stored.get(hello.jobId), before.streamId) });
    if (this.#jobs.get(hello.jobId) !== job || !job.linked) return;
    this.#said.delete(hello.jobId);
    if (!goesOn) this.#noteOthers(hello, before, job.roots);
  }

  /** `known`: the directories that its stream has been filling. */
  #add(hello: Hello, before: StoredReplica | null, known: readonly (Handle | null)[]): TargetJob {
    const places = placesOf(hello);
    const guard = guardOf(hello, before, places, this.#keeping);
    const job = this.#make(hello, new ReplicaRoots(this.#rootOptions(hello, { places, before, known }, guard)), guard);
    this.#jobs.set(hello.jobId, job);
    return job;
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

  #rootOptions(
    hello: Hello,
    {
      places,
      before,
      known,
    }: Pick<ReplicaRootsOptions, 'places' | 'known'> & { readonly before: StoredReplica | null },
    guard: ReplicaGuard | null,
  ): ReplicaRootsOptions {
    const { openTree, replicas, spared } = this.#surroundings;
    const mayFill = (_index: number, path: RawName, handle: Handle) => {
      if (hello.adopt !== true && !isOurs(before, path, handle)) refuseForeign(path, hello);
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
      ...(spared === undefined ? {} : { spared: (path, isDirectory) => spared(hello.jobId, path, isDirectory) }),
      ...(openTree === undefined ? {} : { openTree }),
    };
  }

  #make(hello: Hello, roots: ReplicaRoots, guard: ReplicaGuard | null): TargetJob {
    const { version, journal } = this.#surroundings;
    const job: TargetJob = new TargetJob({
      version,
      ...this.#journals(hello, () => job),
      memoryBytes: journal?.memoryBytes ?? MEMORY_BYTES,
      past: pastOptionsOf(hello, this.#surroundings, (code, said) => this.#event(hello, code, 'warning', said)),
      notKept: (sentence) => this.#event(hello, 'target-not-durable', 'error', sentence),
      roots,
      ...(guard === null ? {} : { guard }),
      event: (event) => this.#event(hello, event.kind, event.severity, withPath(event)),
      condition: ({ state, code, sentence }) => {
        if (state === 'retrying') this.#event(hello, `target-${code}`, 'error', sentence);
        else if (state === 'ok')
          this.#event(hello, 'target-ok', 'information', 'What was in the way on the target is gone.');
      },
      opened: () => this.#stored.get(hello.jobId)?.opened ?? null,
      stands: (standing) => {
        const stored = this.#stored.get(hello.jobId);
        if (stored !== null) this.#stored.save(withStanding(stored, standing));
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
        alert: (over, used, limit) => {
          const { code, severity, sentence } = sayShare(over, used, limit);
          this.#event(hello, code, severity, sentence);
        },
      });
      for (const { sentence } of received.damage) this.#event(hello, 'target-journal-damaged', 'error', sentence);
      return { journal, received };
    } catch (error) {
      journal.close();
      throw error;
    }
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

function withPath(event: TargetEvent): string {
  return event.path === '' ? event.sentence : `${printable(event.path)}: ${event.sentence}`;
}
