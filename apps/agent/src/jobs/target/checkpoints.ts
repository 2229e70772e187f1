/**
 * When a target makes what it has applied durable, and in which order: the replica's file systems are synced, then the mark is written,
 * then the journal lets go of what the mark covers. In: that something was applied, the time. Out: a call when a checkpoint stands.
 * Promise: one at a time, off the main thread; an error of the disk is told and the mark stays where it was.
 */
import type { Position } from '@understudy/wire';

export interface CheckpointParts {
  /** What is committed now; the second step notes exactly that. */
  readonly take: () => { readonly applied: Position; readonly note: () => Promise<void> };
  /** syncfs of the replica. */
  readonly sync: () => Promise<void>;
  readonly done: (applied: Position) => void;
  readonly failed: (error: unknown) => void;
  readonly everyMs?: number;
}

const EVERY_MS = 3000;

export class Checkpoints {
  readonly #parts: CheckpointParts;
  #at = -1;
  #nextMs = 0;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(parts: CheckpointParts) {
    this.#parts = parts;
  }

  /** To be called every so often with what is applied; `atOnce`: the journal is waiting for room. */
  tick(applied: Position, nowMs: number, atOnce = false): void {
    if (this.#closed || this.#running !== null || applied === this.#at) return;
    if (nowMs < this.#nextMs && !atOnce) return;
    const { everyMs = EVERY_MS } = this.#parts;
    this.#nextMs = nowMs + everyMs;
    this.#running = this.#run();
  }

  /** Until the one that is under way has ended. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Nothing is told any more. */
  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    const { take, sync, done, failed } = this.#parts;
    try {
      const { applied, note } = take();
      await sync();
      if (this.#closed) return;
      await note();
      if (this.#closed) return;
      this.#at = applied;
      done(applied);
    } catch (error) {
      if (!this.#closed) failed(error);
    } finally {
      this.#running = null;
    }
  }
}
