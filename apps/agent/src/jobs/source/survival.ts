/**
 * How a job comes through the death of its agent: what it must know again is written down before the ring lets go of what caused it.
 * In: the job's turns. Out: how far the ring may forget. Promise: nothing is let go of that is not received, stored, or noted on disk.
 */
import { randomUUID } from 'node:crypto';
import type { SourceJob } from '@understudy/engine';
import type { LeftBehind, QueueFolder } from './queue-folder.ts';

export interface SurvivalOptions {
  readonly folder: QueueFolder;
  /** Names the ring, the roots and the rules. */
  readonly key: string;
  /** False: the ring has been read before this job came. */
  readonly mayGoOn: boolean;
}

/** A state is written again at most so often, and the longer it took the more seldom. */
const KEEP_PAUSE_MS = 50;
const PAUSE_PER_MS = 20;

export class Survival {
  readonly folder: QueueFolder;
  readonly streamId: string;
  readonly leftBehind: LeftBehind | null;
  readonly #key: string;
  #version: number;
  /** What the last state that was kept said. */
  #kept = '';
  #through = 0;
  #marked = '';
  #notBeforeMs = 0;
  /** The folder takes nothing: there is nothing to wait for, and nothing goes on after a restart. */
  #helpless = false;

  constructor({ folder, key, mayGoOn }: SurvivalOptions) {
    this.folder = folder;
    this.#key = key;
    const found = folder.leftBehind(key);
    this.leftBehind = mayGoOn ? found : null;
    this.#version = found?.version ?? 0;
    if (this.leftBehind === null) {
      folder.forget();
      folder.store?.clear();
    }
    this.streamId = this.leftBehind?.streamId ?? randomUUID();
  }

  /** Sequence up to which the ring is not needed for this job. */
  through(job: SourceJob): number {
    const changed = job.memoryVersion !== this.#kept;
    if (changed && performance.now() >= this.#notBeforeMs) this.#keep(job);
    if (this.#helpless) return Number.POSITIVE_INFINITY;
    if (job.memoryVersion !== this.#kept) return this.#through;
    const from = job.path.keepsFrom;
    this.#through = Math.max(this.#through, from === null ? job.path.seen : from - 1);
    this.#mark(job);
    return from === null ? Number.POSITIVE_INFINITY : from - 1;
  }

  /** All that became dirty so far is written down. */
  isKept(job: SourceJob): boolean {
    return this.#helpless || job.memoryVersion === this.#kept;
  }

  /** The agent ends in order: what the job knows is written down once more; null: it was forgotten. */
  close(job: SourceJob | null): void {
    if (job !== null && job.memoryVersion !== this.#kept) this.#keep(job);
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
    this.#version += 1;
    const state = { key: this.#key, streamId: this.streamId, version: this.#version, memory: job.remember() };
    this.#helpless = !this.folder.keep(state);
    const took = performance.now() - begun;
    this.#notBeforeMs = begun + KEEP_PAUSE_MS + took * PAUSE_PER_MS;
    this.#kept = now;
    this.#marked = '';
  }

  #mark(job: SourceJob): void {
    const { received, receivedOrigin } = job.path.scm;
    const now = `${received}/${receivedOrigin}`;
    if (now === this.#marked || job.path.awaiting) return;
    this.#marked = now;
    this.folder.mark(received, receivedOrigin, this.#version);
  }
}
