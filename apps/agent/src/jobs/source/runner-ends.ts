/** Who wants to hear that a runner has ended. In: listeners. Out: one word to each, once. */
import type { Reason } from '@understudy/engine';

export class Ends {
  readonly #listeners = new Set<(reason: Reason) => void>();

  /** Returns what takes the listener back. */
  add(listener: (reason: Reason) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(reason: Reason): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener(reason);
  }
}
