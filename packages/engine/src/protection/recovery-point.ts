/** The recovery point: the source time up to which the target is exactly the source's past. It stands still while anything is in doubt. */
import { type Position, position } from '@understudy/wire';

export class RecoveryPoint {
  #timeMs: number | null = null;
  #position: Position = position(0);
  /** Of the newest operation that was recorded. */
  #newestMs = 0;

  /** Source wall clock, ms; null: there has been none yet. */
  get timeMs(): number | null {
    return this.#timeMs;
  }

  get position(): Position {
    return this.#position;
  }

  /** An operation came from the interceptor that was executed then. */
  recorded(timeMs: number): void {
    this.#newestMs = Math.max(this.#newestMs, timeMs);
  }

  /**
   * `whole`: nothing is dirty, no mirror runs. `oldestTimeMs`: time of the oldest operation the target lacks, null for none.
   * `drainedAtMs`: source time at which the ring was seen empty; with nothing outstanding that is how far the target is. But an empty ring
   * proves nothing by itself: where there is a self-audit, only what came through counts, the newest operation (`all`: they are all
   * applied) or the newest cookie.
   */
  observe(now: {
    readonly whole: boolean;
    readonly oldestTimeMs: number | null;
    readonly drainedAtMs: number;
    readonly cookieTimeMs?: number | null;
    readonly all?: boolean;
    readonly applied: Position;
  }): void {
    if (!now.whole) return;
    const timeMs = now.oldestTimeMs ?? this.#whenIdle(now);
    if (timeMs === null) return;
    this.#timeMs = Math.max(this.#timeMs ?? 0, timeMs);
    this.#position = now.applied;
  }

  #whenIdle(now: { drainedAtMs: number; cookieTimeMs?: number | null; all?: boolean }): number | null {
    if (now.cookieTimeMs === undefined) return now.drainedAtMs;
    const newest = now.all === true && this.#newestMs > 0 ? this.#newestMs : null;
    return newest === null ? now.cookieTimeMs : Math.max(newest, now.cookieTimeMs ?? 0);
  }
}
