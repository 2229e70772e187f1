/**
 * What a source's agent keeps beside its queue's store, as the real one keeps it in a folder: it outlives the process. In: a job at work.
 * Out: what the next process begins with, and how far the ring may be let go of. Every write is a moment at which the process may die.
 */
import { type JobMemory, type KnownReceived, type SourceJob, VolatileMirrorMemory } from '@understudy/engine';
import type { SeededRandom } from './random.ts';

export class KeptState {
  readonly #random: SeededRandom;
  readonly #effect: () => void;
  #left: (KnownReceived & { readonly memory: JobMemory }) | null = null;
  /** Version of the rules of what was kept, and of those that the job runs by. */
  #rules = 0;
  #rulesNow = 0;
  #mirror = new VolatileMirrorMemory();
  #notes: Uint8Array[] = [];
  /** So many of them a power cut leaves. */
  #durableNotes = 0;
  /** Up to here the ring may have been let go of. */
  #through = 0;
  #version = '';

  constructor(random: SeededRandom, effect: () => void) {
    this.#random = random;
    this.#effect = effect;
  }

  /** Null: nothing goes on. */
  get left() {
    return this.#left;
  }

  /** Of the mirror under way. */
  get mirror(): VolatileMirrorMemory {
    return this.#mirror;
  }

  /** Which nodes the target knows where rules are asked. */
  get notes(): readonly Uint8Array[] {
    return this.#notes;
  }

  /** A process begins with these rules. False: what was kept belonged to others, and counts for nothing. */
  beginsWith(rules: number): boolean {
    const same = rules === this.#rules;
    if (!same) this.forget();
    this.#rules = rules;
    this.#rulesNow = rules;
    return same;
  }

  forget(): void {
    this.#left = null;
    this.#mirror = new VolatileMirrorMemory();
  }

  /** The store could not be read: everything is compared. */
  doubt(): void {
    if (this.#left !== null) this.#left = { ...this.#left, memory: { ...this.#left.memory, scopes: [] } };
  }

  isKept(job: SourceJob): boolean {
    return job.memoryVersion === this.#version;
  }

  /** Before anything else happens: what is doubtful is dirty first, and then the picture stands without doubts. */
  begin(job: SourceJob): void {
    if (this.#left !== null) this.#left = { ...this.#left, memory: structuredClone(job.remember()) };
    this.#version = job.memoryVersion;
    const { notes, roots } = job.path.srm;
    notes.kept = true;
    this.#through = notes.last;
    this.#notes = [...notes.snapshot(roots, this.#through)];
    this.#durableNotes = this.#notes.length;
  }

  /** What is received, once what the target knows is on the disk. */
  settledThrough(job: SourceJob, newest: number): number | null {
    const reached = this.isKept(job) ? job.settledThrough(newest) : null;
    if (!this.isKept(job)) return null;
    this.mayLetGo(job);
    this.#durableNotes = this.#notes.length;
    return reached;
  }

  /** Of the notes stays what was synced, and by chance some more. */
  losePower(): void {
    this.#notes.length = this.#durableNotes + this.#random.below(this.#notes.length - this.#durableNotes + 1);
  }

  keep(job: SourceJob): void {
    if (job.path.awaiting && this.isKept(job)) return;
    const { received, receivedOrigin } = job.path.scm;
    const marks = job.path.awaiting ? this.#left : { received, origin: receivedOrigin };
    if (marks === null || (!this.isKept(job) && this.#random.chance(0.3))) return;
    const memory = this.isKept(job) && this.#left !== null ? this.#left.memory : structuredClone(job.remember());
    if (!this.isKept(job)) this.#secureNotes(job);
    this.#effect();
    this.#left = { received: marks.received, origin: marks.origin, memory };
    this.#rules = this.#rulesNow;
    this.#version = job.memoryVersion;
  }

  /** Before a state lets go of what was dirty: what its repair has told of outlives a power cut. */
  #secureNotes(job: SourceJob): void {
    if (this.#left === null || (this.#left.memory.complete && this.#left.memory.items.length === 0)) return;
    this.#writeNotes(job);
    this.#effect();
    this.#durableNotes = this.#notes.length;
  }

  /** The job runs by other rules: what is kept from now on belongs to them, and until then nothing goes on. */
  belongsTo(rules: number): void {
    this.#rulesNow = rules;
    this.#version = '';
  }

  /** What has become dirty is kept before the store lets go of what it was. */
  lettingGo(job: SourceJob): void {
    if (this.#left === null) return;
    this.#writeNotes(job);
    this.#secureNotes(job);
    this.#effect();
    this.#left = { ...this.#left, memory: structuredClone(job.remember()) };
    this.#rules = this.#rulesNow;
    this.#version = job.memoryVersion;
  }

  /** Ring sequence up to which the ring is not needed. */
  mayLetGo(job: SourceJob): number {
    const from = job.path.keepsFrom;
    this.#through = Math.max(this.#through, from === null ? job.path.srm.notes.last : from - 1);
    this.#writeNotes(job);
    return (from ?? Number.POSITIVE_INFINITY) - 1;
  }

  #writeNotes(job: SourceJob): void {
    const { srm } = job.path;
    srm.collectNotes();
    if (!srm.notes.isDue(this.#through)) return;
    this.#effect();
    this.#notes.push(srm.notes.take(this.#through));
  }
}
