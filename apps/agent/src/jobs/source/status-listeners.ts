/** Who looks at statuses. In: listeners. Out: word of a job to each. Promise: `look` is called every second while anybody listens, else never. */
import type { JobStatus } from '@understudy/wire';

export type StatusListener = (name: string, status: JobStatus | null) => void;

const LOOK_MS = 1_000;

export class StatusListeners {
  readonly #look: () => void;
  readonly #listeners = new Set<StatusListener>();
  #timer: NodeJS.Timeout | null = null;

  constructor(look: () => void) {
    this.#look = look;
  }

  get any(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns what takes the listener back. */
  add(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(this.#look, LOOK_MS);
    return () => {
      this.#listeners.delete(listener);
      if (!this.any) this.close();
    };
  }

  tell(name: string, status: JobStatus | null): void {
    for (const listener of this.#listeners) listener(name, status);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
