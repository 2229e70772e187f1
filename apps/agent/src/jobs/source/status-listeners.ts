/** Who looks at statuses. In: listeners. Out: word of a job to each. Promise: `look` is called every second while anybody listens, else never. */
import type { JobStatus } from '@understudy/wire';

export type StatusListener = (name: string, status: JobStatus | null) => void;

const LOOK_MS = 1_000;

export class StatusListeners {
  readonly #look: () => void;
  readonly #listeners = new Set<StatusListener>();
  #timer: NodeJS.Timeout | null = null;
  #told: ReadonlySet<string> = new Set();

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

  /** All that there are now: of one that was told of before and is none any more it is told that it is gone. */
  tellAll(statuses: readonly JobStatus[]): void {
    const names = new Set(statuses.map(({ name }) => name));
    for (const name of this.#told) if (!names.has(name)) this.tell(name, null);
    for (const status of statuses) this.tell(status.name, status);
    this.#told = names;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
