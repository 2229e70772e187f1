/**
 * Stopped jobs whose target still keeps others from writing into the replica. In: stopped jobs. Out: word to the target, tried again until
 * it has arrived or the job runs again. Promise: no word of an earlier stop arrives behind a start.
 */
import type { StoredJob } from '../stored-job.ts';

export interface RestParts {
  /** A sentence says why the target could not be told. */
  readonly rest: (stored: StoredJob) => Promise<string | null>;
  readonly untold: (stored: StoredJob, why: string) => void;
  readonly fault: (error: unknown) => void;
}

const AGAIN_MS = 60_000;
/** A person who stops a job waits this long for the target. */
const PATIENCE_MS = 2_000;

export class Rests {
  readonly #parts: RestParts;
  readonly #telling = new Map<string, Promise<void>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(parts: RestParts) {
    this.#parts = parts;
  }

  /** Resolves when the target knows, or this has taken long enough: it goes on by itself. */
  async say(stored: StoredJob): Promise<void> {
    if (stored.definition.targetWrites === 'allow' || this.#closed) return;
    let patience: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      patience = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([this.#tell(stored, true), enough]);
    clearTimeout(patience);
  }

  /** The agent has started: an earlier one may not have got its word through. */
  again(stored: StoredJob): void {
    if (stored.definition.targetWrites === 'allow' || this.#closed) return;
    void this.#tell(stored, false);
  }

  /** The job is about to run: what is on its way has arrived, or never will. */
  async over(id: string): Promise<void> {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    await this.#telling.get(id);
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #tell(stored: StoredJob, first: boolean): Promise<void> {
    const telling = this.#parts
      .rest(stored)
      .then((why) => {
        if (why === null || this.#closed) return;
        if (first) this.#parts.untold(stored, why);
        this.#timers.set(stored.id, setTimeout(() => this.again(stored), AGAIN_MS).unref());
      })
      .catch(this.#parts.fault)
      .finally(() => this.#telling.delete(stored.id));
    this.#telling.set(stored.id, telling);
    return telling;
  }
}
