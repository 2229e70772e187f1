/**
 * The agent's interceptors and who listens to them: one ring, one order, however many jobs (FSI2).
 * In: roots to protect with the jobs that want them. Out: each record to each job that has its root, then a turn for every job.
 */
import type { Interceptor, ProtectedRoot, Urgency } from '@understudy/engine';
import { peekLength } from '@understudy/wire';

/** What the pump turns: a job on its source. */
export interface PumpedJob {
  intercepted(records: Uint8Array, at: number, length: number, index: number): void;
  turn(drainedAtMs: number): Urgency;
}

/** A barrier passes within microseconds on fuse and within a scan on watch: this is how often it is asked. */
const SOON_MS = 2;

interface Listener {
  readonly job: PumpedJob;
  readonly index: number;
}

export class Interception {
  readonly interceptor: Interceptor;
  readonly #byRoot = new Map<number, Listener[]>();
  readonly #jobs = new Set<PumpedJob>();
  #scheduled = false;
  #closed = false;
  #soon: NodeJS.Timeout | null = null;

  constructor(interceptor: Interceptor) {
    this.interceptor = interceptor;
    interceptor.onReadable(() => this.wake());
  }

  /** From now on the job gets the records of these roots, `roots[i]` as its root i. */
  attach(job: PumpedJob, roots: readonly ProtectedRoot[]): void {
    this.#jobs.add(job);
    for (const [index, root] of roots.entries()) {
      const listeners = this.#byRoot.get(root.id) ?? [];
      listeners.push({ job, index });
      this.#byRoot.set(root.id, listeners);
    }
    this.wake();
  }

  detach(job: PumpedJob): void {
    this.#jobs.delete(job);
    for (const [id, listeners] of this.#byRoot) {
      const left = listeners.filter((listener) => listener.job !== job);
      if (left.length === 0) this.#byRoot.delete(id);
      else this.#byRoot.set(id, left);
    }
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
    const drainedAtMs = Date.now();
    this.interceptor.drain((records) => this.#dispatch(records));
    const urgencies = new Set<Urgency>();
    for (const job of this.#jobs) urgencies.add(job.turn(drainedAtMs));
    if (urgencies.has('now')) return 'now';
    return urgencies.has('soon') ? 'soon' : 'idle';
  }

  close(): void {
    this.#closed = true;
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

  #dispatch(records: Uint8Array): void {
    for (let at = 0; at < records.length; ) {
      const length = peekLength(records, at);
      const root = (records[at + 6] ?? 0) | ((records[at + 7] ?? 0) << 8);
      for (const { job, index } of this.#byRoot.get(root) ?? []) job.intercepted(records, at, length, index);
      at += length;
    }
  }
}
