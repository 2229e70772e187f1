/**
 * Deleted jobs whose target does not know it yet: it would hold their replica's path for ever. In: deleted jobs. Out: word to the
 * target, tried again until it has arrived, over restarts of the agent too.
 */
import type { JobStore, StoredJob } from '../stored-job.ts';

export interface FarewellParts {
  readonly store: Pick<JobStore, 'departed' | 'depart' | 'forget'>;
  /** A sentence says why the target could not be told. */
  readonly leave: (stored: StoredJob) => Promise<string | null>;
  readonly told: (stored: StoredJob) => void;
  readonly fault: (error: unknown) => void;
}

const AGAIN_MS = 60_000;

export class Farewells {
  readonly #parts: FarewellParts;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: FarewellParts) {
    this.#parts = parts;
  }

  /** Null: the target has heard it. Otherwise why not; it is tried again. */
  async say(stored: StoredJob): Promise<string | null> {
    this.#parts.store.depart(stored);
    const untold = await this.#parts.leave(stored);
    if (untold === null) this.#parts.store.forget(stored.id);
    else this.#later();
    return untold;
  }

  /** Tells what is still to be told. */
  async again(): Promise<void> {
    for (const stored of this.#parts.store.departed()) {
      if (this.#closed) return;
      if ((await this.#parts.leave(stored)) !== null) continue;
      this.#parts.store.forget(stored.id);
      this.#parts.told(stored);
    }
    if (this.#parts.store.departed().length > 0) this.#later();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #later(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.again().catch(this.#parts.fault);
    }, AGAIN_MS).unref();
  }
}
