/**
 * The agent's interceptors and who listens to them: one ring, one order, however many jobs (FSI2).
 * In: roots to protect with the jobs that want them. Out: each record to each job that has its root, then a turn for every job.
 * Promises: a job that fails is halted alone and the others go on; where the interception itself ends, its jobs are halted by name.
 */
import { printable } from '@understudy/base';
import type { AuditOptions, Interceptor, InterceptorEvent, Reason, Urgency } from '@understudy/engine';
import { peekLength, recordSequence, recordVerb, Verb } from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import { type AuditedJob, type AuditSettings, CookieRound, type RoundListener } from './cookie-round.ts';
import type { JobRoot } from './job-roots.ts';
import type { RingOfJob } from './prepare-job.ts';
import type { RootGuard } from './root-guard.ts';
import { sentenceOf } from './sentence-of.ts';
import { Settling } from './settling.ts';
import { HeldRoots } from './synchronous/held-roots.ts';

/** What the pump turns: a job on its source. */
export interface PumpedJob {
  intercepted(records: Uint8Array, at: number, length: number, index: number): void;
  turn(drainedAtMs: number): Urgency;
  /** Ring sequence up to which the ring is not needed for this job. */
  ringThrough(): number;
  /** Ring sequence up to which its target has received every operation, of all that was handed out; null: nobody knows. */
  settledThrough(drained: number): number | null;
  /** The ring needs room: what only it holds for this job has to go elsewhere. */
  keepAll(): void;
  /** What it makes of cookies; null: it asks for none. */
  readonly audit?: AuditedJob | null;
  /** It gets no more records and no more turns; its roots' files must not be touched any more. `fault`: for the log. */
  halt(reason: Reason, fault?: unknown): void;
}

/** A barrier passes within microseconds on fuse and within a scan on watch: this is how often it is asked. */
const SOON_MS = 2;

interface Listener {
  readonly job: PumpedJob;
  readonly root: JobRoot;
  readonly index: number;
}

const ADVICE =
  'Look at the events for the cause, then start the job again with `understudy job start`: a mirror repairs it.';

export class Interception {
  readonly interceptor: Interceptor;
  /** Calls that wait for targets; null: this driver cannot make them wait. */
  readonly held: HeldRoots | null;
  readonly #mayRead: () => boolean;
  readonly #byRoot = new Map<number, Listener[]>();
  readonly #jobs = new Set<PumpedJob>();
  readonly #cookies: CookieRound | null;
  /** What a job of it has to know of cookies; undefined: none go round. */
  readonly audit: AuditOptions | undefined;
  #fresh = true;
  #firstRead: () => void = () => {};
  #scheduled = false;
  #turning = false;
  #closed = false;
  #failed = false;
  #soon: NodeJS.Timeout | null = null;
  /** Ring sequence of the newest record that was handed out. */
  #drained = 0;
  readonly #settling: Settling;

  /** `mayRead`: false while jobs are still to come that what the ring holds is for. `audit`: how often cookies go round; null: never. */
  constructor(interceptor: Interceptor, mayRead: () => boolean = () => true, audit: AuditSettings | null = null) {
    this.interceptor = interceptor;
    this.#mayRead = mayRead;
    interceptor.keepDrained();
    this.audit = audit === null ? undefined : { ...audit, throughKernel: interceptor.cookie !== undefined };
    this.#cookies = audit === null ? null : this.#sendRound(audit);
    this.#settling = new Settling(
      interceptor,
      () => this.#jobsByRoot(),
      () => this.#drained,
    );
    interceptor.onReadable(() => this.wake());
    this.held = interceptor.hold === undefined ? null : new HeldRoots(interceptor.hold);
    // Somebody waits for what this turn sends: not even the rest of the event loop's round comes before it.
    interceptor.hold?.onWaiting(() => this.#pump());
    interceptor.onEvent((event) => this.#heard(event));
  }

  /** Nothing of the ring has been read yet: who is attached now gets all that it holds. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Called before anything of the ring is handed out: it lets go of what is handed out to nobody. */
  onFirstRead(listener: () => void): void {
    this.#firstRead = listener;
  }

  /** What a job that is about to be attached has to know of it. */
  ring(event: RingOfJob['event']): RingOfJob {
    const { identity, powerCut = null } = this.interceptor;
    return { identity, fresh: this.#fresh, powerCut, event };
  }

  /** It does not see every call any more: nobody is served by it, and it has to be opened anew. */
  get failed(): boolean {
    return this.#failed;
  }

  /** From now on the job gets the records of these roots, `roots[i]` as its root i. */
  attach(job: PumpedJob, roots: readonly JobRoot[]): void {
    this.#jobs.add(job);
    for (const [index, root] of roots.entries()) {
      const listeners = this.#byRoot.get(root.id) ?? [];
      listeners.push({ job, root, index });
      this.#byRoot.set(root.id, listeners);
      if (job.audit != null) this.#cookies?.begin(root.id, { audit: job.audit, index });
    }
    this.wake();
  }

  detach(job: PumpedJob): void {
    this.#jobs.delete(job);
    for (const [id, listeners] of this.#byRoot) {
      const left = listeners.filter((listener) => listener.job !== job);
      if (left.length > 0) this.#byRoot.set(id, left);
      else {
        this.#byRoot.delete(id);
        this.#cookies?.end(id);
      }
    }
  }

  /** Whether the job gets records, that is, was not halted. */
  listens(job: PumpedJob): boolean {
    return this.#jobs.has(job);
  }

  /** Whether any job still wants the root. */
  wanted(id: number): boolean {
    return this.#byRoot.has(id);
  }

  wake(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => this.#pump());
  }

  /** Drains now and gives every job its turn: after it, all that was recorded before the call is in the jobs' streams. */
  turn(): Urgency {
    // A turn may change a state, and whoever hears of that may ask for a status, which begins with a turn.
    if (this.#turning || this.#closed || this.#failed || !this.#mayRead()) return 'idle';
    this.#turning = true;
    try {
      const drainedAtMs = Date.now();
      this.#drain();
      const urgencies = new Set<Urgency>();
      for (const job of this.#jobs) urgencies.add(this.#turnOf(job, drainedAtMs));
      this.#letGo();
      this.held?.acknowledge();
      if (urgencies.has('now')) return 'now';
      return urgencies.has('soon') ? 'soon' : 'idle';
    } finally {
      this.#turning = false;
    }
  }

  close(): void {
    this.#closed = true;
    this.#cookies?.close();
    this.#settling.close();
    if (this.#soon !== null) clearTimeout(this.#soon);
  }

  #pump(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    const urgency = this.turn();
    if (urgency === 'now') this.wake();
    else if (urgency === 'soon') this.#soon ??= setTimeout(() => this.#wakeSoon(), SOON_MS);
  }

  #wakeSoon(): void {
    this.#soon = null;
    this.wake();
  }

  /** The ring lets go of what every job has elsewhere; at half, what a job has nowhere else goes to its queue's store. */
  #letGo(): void {
    if (this.#failed) return;
    const through = this.#through();
    this.interceptor.free(through);
    if (through === Number.POSITIVE_INFINITY) return;
    const { ringUsed, ringBytes } = this.interceptor.status();
    if (ringUsed * 2 <= ringBytes) return;
    for (const job of [...this.#jobs]) {
      if (job.ringThrough() === Number.POSITIVE_INFINITY) continue;
      try {
        job.keepAll();
      } catch (error) {
        this.#faulty(job, error);
      }
    }
    this.interceptor.free(this.#through());
  }

  #through(): number {
    let through = Number.POSITIVE_INFINITY;
    for (const job of this.#jobs) through = Math.min(through, job.ringThrough());
    return through;
  }

  #jobsByRoot(): (readonly [number, PumpedJob[]])[] {
    if (this.#closed || this.#failed) return [];
    return [...this.#byRoot].map(([id, listeners]) => [id, listeners.map(({ job }) => job)]);
  }

  #drain(): void {
    try {
      this.interceptor.drain((records) => {
        if (this.#fresh) this.#firstRead();
        this.#fresh = false;
        this.#dispatch(records);
      });
    } catch (error) {
      this.#fail(`The records of the ${this.interceptor.driver} driver cannot be read: ${messageOf(error)}.`, error);
    }
  }

  #turnOf(job: PumpedJob, drainedAtMs: number): Urgency {
    try {
      return job.turn(drainedAtMs);
    } catch (error) {
      this.#faulty(job, error);
      return 'idle';
    }
  }

  #dispatch(records: Uint8Array): void {
    for (const listeners of this.#byRoot.values())
      for (const listener of listeners) this.#guarded(listener, (guard) => guard.beforeBatch());
    for (let at = 0; at < records.length; ) {
      const length = peekLength(records, at);
      this.#drained = recordSequence(records, at);
      const root = (records[at + 6] ?? 0) | ((records[at + 7] ?? 0) << 8);
      if (recordVerb(records, at) === Verb.cookie) this.#cookies?.came(records, at);
      else
        for (const listener of this.#byRoot.get(root) ?? []) {
          const { job, index } = listener;
          // A job with two roots beneath one wider root may have been halted at the first.
          if (!this.#jobs.has(job) || this.#guarded(listener, (guard) => guard.before(records, at))) continue;
          try {
            job.intercepted(records, at, length, index);
          } catch (error) {
            this.#faulty(job, error);
          }
        }
      at += length;
      if (at === records.length) this.held?.drained(recordSequence(records, at - length));
    }
  }

  #sendRound(settings: AuditSettings): CookieRound {
    const audited = ({ job, index }: Listener): RoundListener[] =>
      job.audit == null || !this.#jobs.has(job) ? [] : [{ audit: job.audit, index }];
    return new CookieRound({
      interceptor: this.interceptor,
      settings,
      listeners: (root) =>
        (root === undefined ? [...this.#byRoot.values()].flat() : (this.#byRoot.get(root) ?? [])).flatMap(audited),
      mayRead: () => this.#mayRead() && !this.#failed,
      wake: () => this.wake(),
    });
  }

  /** True where the job was halted, because its root is not what it was. */
  #guarded({ job, root }: Listener, look: (guard: RootGuard) => Reason | null): boolean {
    if (root.guard === null) return false;
    try {
      const reason = look(root.guard);
      if (reason === null) return false;
      this.#halt(job, reason);
    } catch (error) {
      this.#faulty(job, error);
    }
    return true;
  }

  #heard(event: InterceptorEvent): void {
    if (event.kind === 'failed') this.#fail(`${sentenceOf(event.sentence)} Nothing is intercepted.`);
    // Something may be mounted beneath that is not intercepted: the states of the jobs are looked at anew.
    else if (event.kind === 'exposed') this.wake();
    else if (event.kind === 'unmounted' && event.severity !== 'information' && event.root !== null)
      this.#gone(event.root);
  }

  /** FSI6: a mount that was taken away is a gap that no record tells of. */
  #gone(id: number): void {
    for (const { job, root } of this.#byRoot.get(id) ?? [])
      this.#halt(job, {
        code: 'mount-gone',
        sentence:
          `The mount that protects ${printable(root.path)} was taken away from outside, so that changes are not seen any more. ` +
          'Start the job again with `understudy job start`: the directory is protected anew and a mirror brings what was missed.',
      });
  }

  #fail(what: string, fault?: unknown): void {
    this.#failed = true;
    for (const job of this.#jobs) this.#halt(job, { code: 'interceptor-failed', sentence: `${what} ${ADVICE}` }, fault);
  }

  #faulty(job: PumpedJob, error: unknown): void {
    const code = 'agent-fault';
    this.#halt(job, { code, sentence: `The agent failed at this job: ${messageOf(error)}. ${ADVICE}` }, error);
  }

  #halt(job: PumpedJob, reason: Reason, fault?: unknown): void {
    this.detach(job);
    job.halt(reason, fault);
  }
}
