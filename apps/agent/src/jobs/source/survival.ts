/**
 * How a job comes through the death of its agent: what it must know again is written down before the ring lets go of what caused it.
 * In: the job's turns. Out: how far the ring may forget. Promise: nothing is let go of that is not received, stored, or noted on disk.
 */
import { randomUUID } from 'node:crypto';
import type { SourceJob } from '@understudy/engine';
import type { StoredJob } from '../stored-job.ts';
import type { LeftBehind, LostRingOfJob, QueueFolder } from './queue-folder.ts';
import type { ScopeLog } from './scope-log.ts';

export interface SurvivalOptions {
  readonly folder: QueueFolder;
  /** Names the ring, the roots and the rules of a job as it is defined. */
  readonly keyOf: (stored: StoredJob) => string;
  readonly stored: StoredJob;
  /** False: the ring has been read before this job came. */
  readonly mayGoOn: boolean;
  /** The ring before this one, lost with the machine's power. */
  readonly lost?: LostRingOfJob | null;
}

/** A state is written again at most so often, and the longer it took the more seldom. */
const KEEP_PAUSE_MS = 50;
const PAUSE_PER_MS = 20;

export class Survival {
  readonly folder: QueueFolder;
  readonly streamId: string;
  readonly leftBehind: LeftBehind | null;
  readonly #scopes: ScopeLog;
  readonly #keyOf: SurvivalOptions['keyOf'];
  #key: string;
  #version: number;
  /** What the last state that was kept said. */
  #kept = '';
  #through = 0;
  /** Where rules are asked: what the ring holds up to here is not needed, and the picture behind it is written down. */
  #scopesThrough = 0;
  /** What is received up to here a power cut leaves known. */
  #durable = 0;
  #syncing = false;
  /** The last state that was kept says that something is dirty, or not there yet. */
  #owed: boolean;
  #closed = false;
  #marked = '';
  #notBeforeMs = 0;
  /** The folder takes nothing: there is nothing to wait for, and nothing goes on after a restart. */
  #helpless = false;

  constructor({ folder, keyOf, stored, mayGoOn, lost }: SurvivalOptions) {
    this.folder = folder;
    this.#keyOf = keyOf;
    this.#key = keyOf(stored);
    const found = folder.leftBehind(this.#key, lost ?? null);
    this.leftBehind = mayGoOn ? found : null;
    this.#version = found?.version ?? 0;
    this.#owed = found !== null;
    if (this.leftBehind === null) {
      folder.forget();
      folder.store?.clear();
    }
    this.streamId = this.leftBehind?.streamId ?? randomUUID();
    this.#scopes = folder.scopeLog(this.streamId);
  }

  /** Of roots where rules are asked: which files the target knows. */
  scopeNotes(): readonly Uint8Array[] | undefined {
    return this.leftBehind === null ? undefined : (this.#scopes.read() ?? undefined);
  }

  /** Before anything else happens to the job: what is doubtful after a restart is noted as dirty, and then no longer doubtful. */
  begin(job: SourceJob): void {
    if (asksRules(job) && this.leftBehind !== null) this.#keep(job);
    this.#beginScopes(job);
  }

  #beginScopes(job: SourceJob): void {
    const { notes } = job.path.srm;
    if (notes.kept || !asksRules(job)) return;
    notes.kept = !this.#helpless;
    this.#scopesThrough = notes.last;
    if (notes.kept) this.#writingScopes(job, () => this.#rewriteScopes(job, this.#scopesThrough));
  }

  /** The queue is let go of: what that makes dirty is written down first. */
  beforeLettingGo(job: SourceJob): void {
    if (this.#helpless) return;
    this.#noteScopes(job, this.#scopesThrough);
    if (job.memoryVersion !== this.#kept) this.#keep(job);
  }

  /** Sequence up to which the ring is not needed for this job. */
  through(job: SourceJob): number {
    const changed = job.memoryVersion !== this.#kept;
    if (changed && performance.now() >= this.#notBeforeMs) this.#keep(job);
    if (this.#helpless) return Number.POSITIVE_INFINITY;
    if (job.memoryVersion !== this.#kept) return this.#through;
    const from = this.#noteAll(job);
    this.#through = Math.max(this.#through, from === null ? job.path.seen : from - 1);
    this.#mark(job);
    return from === null ? Number.POSITIVE_INFINITY : from - 1;
  }

  /** Ring sequence up to which every operation is received, and a power cut leaves known what the target knows; null: some are not. */
  settledThrough(job: SourceJob, drained: number): number | null {
    const reached = this.isKept(job) ? job.settledThrough(drained) : null;
    // Also while nothing can be said: a mirror that a power cut breaks off goes on with what is on the disk of it.
    const durable = this.#durableThrough(job, reached ?? 0);
    return reached === null ? null : durable;
  }

  /** Where rules are asked the picture has to be on the disk first: that is begun here, and the next call finds it done. */
  #durableThrough(job: SourceJob, reached: number): number {
    const { notes } = job.path.srm;
    if (!notes.kept || this.#helpless || !asksRules(job)) return reached;
    // As for the ring: what the picture goes by is written down first.
    if (!this.isKept(job)) return this.#durable;
    this.#noteAll(job);
    // What lies behind the place that is written down would not be found again.
    if (Math.min(reached, notes.last) > this.#scopesThrough) return Math.min(reached, this.#durable);
    if (this.#scopes.isDurable) this.#durable = Math.max(this.#durable, reached);
    else this.#sync(job, reached);
    return Math.min(reached, this.#durable);
  }

  #sync(job: SourceJob, reached: number): void {
    if (this.#syncing) return;
    this.#syncing = true;
    const done = (error: unknown) => {
      this.#syncing = false;
      if (error === null) this.#durable = Math.max(this.#durable, reached);
      else if (!this.#closed) this.#losingScopes(job, error);
    };
    this.#scopes.sync().then(() => done(null), done);
  }

  /** The running job has taken what is stored of it now. Until the next state is written another process would compare everything. */
  belongsTo(stored: StoredJob, job: SourceJob): void {
    this.#key = this.#keyOf(stored);
    this.#kept = '';
    this.#beginScopes(job);
  }

  /** Until a state may be written again. */
  get pauseMs(): number {
    return Math.max(1, this.#notBeforeMs - performance.now());
  }

  /** All that became dirty so far is written down. */
  isKept(job: SourceJob): boolean {
    return this.#helpless || job.memoryVersion === this.#kept;
  }

  /** The agent ends in order: what the job knows is written down once more; null: it was forgotten. */
  close(job: SourceJob | null): void {
    if (job !== null && job.memoryVersion !== this.#kept) this.#keep(job);
    this.#closed = true;
    this.#scopes.close();
    this.folder.close();
  }

  /** The job ends: what happens from now on is not seen. */
  forget(): void {
    this.folder.forget();
    this.folder.store?.clear();
  }

  #keep(job: SourceJob): void {
    const begun = performance.now();
    const now = job.memoryVersion;
    const memory = job.remember();
    if (this.#owed) this.#secureScopes(job);
    this.#owed = !memory.complete || memory.items.length > 0;
    this.#version += 1;
    const state = { key: this.#key, streamId: this.streamId, version: this.#version, memory };
    this.#helpless = !this.folder.keep(state);
    const took = performance.now() - begun;
    this.#notBeforeMs = begun + KEEP_PAUSE_MS + took * PAUSE_PER_MS;
    this.#kept = now;
    this.#marked = '';
  }

  /**
   * Before a state lets go of what was dirty: what its repair, or the mirror, has told the target of is on the disk. Otherwise a power cut
   * would leave neither the word that a file is known nor the one that it is to be looked at.
   */
  #secureScopes(job: SourceJob): void {
    if (!job.path.srm.notes.kept || this.#helpless) return;
    this.#noteScopes(job, this.#scopesThrough);
    if (job.path.srm.notes.kept && !this.#scopes.isDurable) this.#writingScopes(job, () => this.#scopes.syncNow());
  }

  /** Where the ring has to be kept from; null: nowhere. */
  #noteAll(job: SourceJob): number | null {
    const from = job.path.keepsFrom;
    this.#scopesThrough = Math.max(this.#scopesThrough, from === null ? job.path.srm.notes.last : from - 1);
    this.#noteScopes(job, this.#scopesThrough);
    return from;
  }

  #noteScopes(job: SourceJob, through: number): void {
    const { srm } = job.path;
    if (!srm.notes.kept) return;
    srm.collectNotes();
    if (!srm.notes.isDue(through)) return;
    const anew = this.#scopes.hasGrown && !srm.notes.unsettled && through === srm.notes.last;
    this.#writingScopes(job, () =>
      anew ? this.#rewriteScopes(job, through) : this.#scopes.append(srm.notes.take(through)),
    );
  }

  #rewriteScopes(job: SourceJob, through: number): void {
    const { srm } = job.path;
    this.#scopes.rewrite(srm.notes.snapshot(srm.roots, through));
  }

  /** Without it the next process compares both sides where rules are asked; replication goes on. */
  #writingScopes(job: SourceJob, write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#losingScopes(job, error);
    }
  }

  #losingScopes(job: SourceJob, error: unknown): void {
    job.path.srm.notes.kept = false;
    this.folder.failed(error);
    try {
      this.#scopes.forget();
    } catch (removing) {
      this.folder.failed(removing);
      // An old one must not be taken for the latest: without the state it counts for nothing.
      this.#helpless = true;
      this.folder.forget();
    }
  }

  #mark(job: SourceJob): void {
    const { received, receivedOrigin } = job.path.scm;
    const now = `${received}/${receivedOrigin}`;
    if (now === this.#marked || job.path.awaiting) return;
    this.#marked = now;
    this.folder.mark(received, receivedOrigin, this.#version);
  }
}

const asksRules = ({ path }: SourceJob): boolean => [...path.srm.roots.values()].some((scope) => !scope.whole);
