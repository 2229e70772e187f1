/**
 * The process of a source's agent as its jobs share it: one interceptor, one ring, one death. In: a file system, jobs that are attached.
 * Out: each record to every job; the ring let go of up to where no job needs it. Promise: what one job still needs stays, however far the
 * others are.
 */
import { type MemoryFileSystem, MemoryInterceptor } from '@understudy/interceptor/memory';
import { peekLength, recordSequence } from '@understudy/wire';
import { ActivityLog } from './activity-log.ts';
import { Killed } from './bad-disk.ts';

export interface RingJob {
  /** One record of the interceptor's root `id`. */
  take(records: Uint8Array, at: number, length: number, id: number): void;
  /** The ring needs room: what only it holds for this job goes elsewhere. Returns up to where; null: that cannot be said now. */
  makeRoom(): number | null;
}

export interface SourceHostOptions {
  readonly fs: MemoryFileSystem;
  readonly tick: () => number;
  readonly ringBytes: number;
}

export class SourceHost {
  /** Another one after a power cut. */
  interceptor: MemoryInterceptor;
  readonly activity = new ActivityLog();
  readonly #options: SourceHostOptions;
  /** Up to which ring sequence each job has what it needs elsewhere. */
  readonly #through = new Map<RingJob, number>();
  readonly #ends: (() => void)[] = [];
  #drained = 0;
  #generation = 0;
  #effectsToLive = Number.POSITIVE_INFINITY;
  #died = false;
  #caughtUp = true;

  constructor(options: SourceHostOptions) {
    this.#options = options;
    this.interceptor = this.#intercept();
  }

  attach(job: RingJob): void {
    this.#through.set(job, 0);
  }

  /** `ended` is called when the process meets its end at one of its effects. */
  onEnd(ended: () => void): void {
    this.#ends.push(ended);
  }

  /** It met its end, and nobody has started it again. */
  get died(): boolean {
    return this.#died;
  }

  /** Its jobs have heard of all that the process before had: what was drained and not let go of comes once more. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /** It dies at this many effects from now: what it stores, keeps, lets the ring go of, or sends. */
  dieAfter(effects: number): void {
    this.#effectsToLive = effects;
  }

  live(): void {
    this.#effectsToLive = Number.POSITIVE_INFINITY;
  }

  effect(): void {
    this.#effectsToLive -= 1;
    if (this.#effectsToLive < 0) throw new Killed();
  }

  /** Work of the process, in which it may die: then nothing else happens there. */
  work(work: () => void): void {
    if (this.#died) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#died = true;
      for (const ended of this.#ends) ended();
    }
  }

  /** Another process takes up what this one left: what was drained and is still there comes once more. */
  again(): void {
    this.#died = false;
    this.#caughtUp = false;
    for (const job of this.#through.keys()) this.#through.set(job, 0);
    this.interceptor.drainAgain();
  }

  /** The machine has no power: whatever was executed is in the activity log, and the ring is gone. */
  losePower(): void {
    this.interceptor.drain((records) => this.activity.mark(records));
    this.live();
  }

  /** It has power again: another ring. */
  renew(): void {
    this.#died = false;
    this.#generation += 1;
    this.#drained = 0;
    this.activity.clear();
    this.interceptor = this.#intercept();
  }

  drain(): void {
    this.interceptor.drain((records) => {
      this.activity.mark(records);
      for (let at = 0; at < records.length; ) {
        const length = peekLength(records, at);
        const id = (records[at + 6] ?? 0) | ((records[at + 7] ?? 0) << 8);
        this.#drained = recordSequence(records, at);
        for (const job of this.#through.keys()) job.take(records, at, length, id);
        at += length;
      }
    });
    this.#caughtUp = true;
  }

  get needsRoom(): boolean {
    const { ringUsed, ringBytes } = this.interceptor.status();
    return ringUsed * 2 > ringBytes;
  }

  /** The job needs the ring no more up to `through`. */
  letGo(job: RingJob, through: number): void {
    this.#through.set(job, Math.min(through, this.#drained));
    this.#free();
    if (this.#through.size === 1 || !this.needsRoom) return;
    for (const other of this.#through.keys()) {
      const made = other === job ? null : other.makeRoom();
      if (made !== null) this.#through.set(other, Math.min(made, this.#drained));
    }
    this.#free();
  }

  #free(): void {
    this.effect();
    this.interceptor.free(Math.min(...this.#through.values()));
  }

  #intercept(): MemoryInterceptor {
    const { fs, ringBytes, tick } = this.#options;
    const generation = this.#generation;
    const made = new MemoryInterceptor({ fs, clock: { wallMs: tick }, defer: () => {}, ringBytes, generation });
    made.keepDrained();
    return made;
  }
}
