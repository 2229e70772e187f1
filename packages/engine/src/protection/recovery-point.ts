/**
 * The recovery point: the source time up to which the target is exactly the source's past. In: what is known at each turn, and what a target
 * says of itself at its greeting. Out: a time and a position. Promise: it stands still while anything is in doubt, and goes back where a
 * target that lost power shows less than it had said: to the newest time that was known of a position it still has.
 */
import { type Position, position } from '@understudy/wire';

/** Times of past positions, the newest close together. */
const MOST_PASTS = 512;
/** Nothing closer than this is told apart. */
const APART_MS = 1000;

interface Past {
  readonly position: Position;
  readonly timeMs: number;
}

export class RecoveryPoint {
  #pasts: Past[] = [];
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
    // 0: what the target has still to apply is older than anybody knows.
    if (timeMs === null || (timeMs <= 0 && this.#timeMs === null)) return;
    this.#timeMs = Math.max(this.#timeMs ?? 0, timeMs);
    this.#position = now.applied;
    this.#note({ position: this.#position, timeMs: this.#timeMs });
  }

  /** The target stands at `applied`: what it had shown beyond is gone, or was never there. Null: nobody knows what it shows. */
  stands(applied: Position | null): void {
    if (applied !== null && applied >= this.#position) return;
    this.#pasts = applied === null ? [] : this.#pasts.filter(({ position: at }) => at <= applied);
    const newest = this.#pasts.at(-1);
    this.#timeMs = newest?.timeMs ?? null;
    this.#position = newest?.position ?? position(0);
  }

  #note(past: Past): void {
    const newest = this.#pasts.at(-1);
    if (newest !== undefined && (past.position <= newest.position || past.timeMs < newest.timeMs + APART_MS)) return;
    this.#pasts.push(past);
    // Of the older half every second goes.
    if (this.#pasts.length > MOST_PASTS) this.#pasts = this.#pasts.filter((_, i) => i >= MOST_PASTS / 2 || i % 2 === 0);
  }

  #whenIdle(now: { drainedAtMs: number; cookieTimeMs?: number | null; all?: boolean }): number | null {
    if (now.cookieTimeMs === undefined) return now.drainedAtMs;
    const newest = now.all === true && this.#newestMs > 0 ? this.#newestMs : null;
    return newest === null ? now.cookieTimeMs : Math.max(newest, now.cookieTimeMs ?? 0);
  }
}
