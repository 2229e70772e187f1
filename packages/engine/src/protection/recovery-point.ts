/** The recovery point: the source time up to which the target is exactly the source's past. It stands still while anything is in doubt. */
import { type Position, position } from '@understudy/wire';

export class RecoveryPoint {
  #timeMs: number | null = null;
  #position: Position = position(0);

  /** Source wall clock, ms; null: there has been none yet. */
  get timeMs(): number | null {
    return this.#timeMs;
  }

  get position(): Position {
    return this.#position;
  }

  /**
   * `whole`: nothing is dirty, no mirror runs. `oldestTimeMs`: time of the oldest operation the target lacks, null for none.
   * `drainedAtMs`: source time at which the ring was seen empty; with nothing outstanding that is how far the target is.
   */
  observe(now: {
    readonly whole: boolean;
    readonly oldestTimeMs: number | null;
    readonly drainedAtMs: number;
    readonly applied: Position;
  }): void {
    if (!now.whole) return;
    const timeMs = now.oldestTimeMs ?? now.drainedAtMs;
    this.#timeMs = Math.max(this.#timeMs ?? 0, timeMs);
    this.#position = now.applied;
  }
}
