/**
 * Many appends, one fdatasync. In: that something was written. Out: a call once all of it is on the disk, or why it cannot be.
 * Promise: one sync at a time, never on the main thread; what is written during one is covered by the next; after a failure none follows,
 * because a kernel tells of lost pages once only.
 */
export interface GroupCommitOptions {
  /** Makes everything written so far durable. */
  readonly sync: () => Promise<void>;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
  /** Between the end of one and the begin of the next, so that a disk has time for other things. */
  readonly pauseMs: number;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #wanted = false;
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  request(): void {
    this.#wanted = true;
    if (!this.#stopped) this.#running ??= this.#run();
  }

  /** Until nothing is under way or wanted. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** What runs may end; nothing new begins and nothing is told. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    const { sync, done, failed, pauseMs } = this.#options;
    try {
      // What is written in the same turn of the event loop belongs to the same sync.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#wanted && !this.#stopped) {
        this.#wanted = false;
        await sync();
        if (!this.#stopped) done();
        if (pauseMs > 0 && this.#wanted) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } catch (error) {
      const told = !this.#stopped;
      this.#stopped = true;
      if (told) failed(error);
    } finally {
      this.#running = null;
    }
    // Between the last look and the end of this promise nothing can have come: both are in one turn.
  }
}
