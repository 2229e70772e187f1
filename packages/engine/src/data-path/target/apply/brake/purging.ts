/**
 * The purge of all roots of a job, a little at a time. In: turns, how long things are kept. Out: less of them, and sentences about it.
 * Promise: a turn takes the stream's time for milliseconds only; what the moments that are still kept need stays.
 */
import type { Keeper } from './keeper.ts';
import { keptReason, type UndoReach } from './letting-go.ts';
import type { PurgeReason, PurgeReport } from './purge-report.ts';

export interface PurgingParts {
  readonly wallMs: () => number;
  readonly windowMs: () => number;
  readonly reach: () => UndoReach;
  readonly report: PurgeReport;
}

/** Names that are looked at before the clock is. */
const AT_ONCE = 256;
const MOST_SLICES = 16;
const TURN_MS = 25;

export class Purging {
  readonly #parts: PurgingParts;
  readonly #keepers: () => Iterable<Keeper>;
  /** When moments were let go of last that were younger than they may become. */
  #tightMs = Number.NEGATIVE_INFINITY;

  constructor(parts: PurgingParts, keepers: () => Iterable<Keeper>) {
    this.#parts = parts;
    this.#keepers = keepers;
  }

  /** Moments had to go early: what was kept for them goes as well. */
  tight(): void {
    this.#tightMs = this.#parts.wallMs();
  }

  /** Every so often. Throws FileError. */
  turn(): void {
    const { wallMs, windowMs, reach, report } = this.#parts;
    const began = wallMs();
    const { reason, forMs } = keptReason(reach(), windowMs(), began - this.#tightMs);
    for (let n = 0; n < MOST_SLICES && wallMs() - began < TURN_MS; n += 1)
      if (!this.#pass(AT_ONCE, { beforeMs: began - forMs, reason, forMs }).isMore) break;
    report.passed(began);
  }

  /** All that no moment needs, whatever its age. Returns how many names went. Throws FileError. */
  makeRoom(): number {
    const { names } = this.#pass(Number.MAX_SAFE_INTEGER, {
      beforeMs: Number.POSITIVE_INFINITY,
      reason: 'full',
      forMs: 0,
    });
    this.#parts.report.rest();
    return names;
  }

  #pass(most: number, { beforeMs, reason, forMs }: What): { readonly names: number; readonly isMore: boolean } {
    let [names, isMore] = [0, false];
    for (const { purge, generations } of this.#keepers()) {
      const from = generations.all[0]?.folder ?? null;
      const purged = purge.pass({ from, beforeMs, nowMs: this.#parts.wallMs() }, most);
      this.#parts.report.add(purged, reason, forMs);
      names += purged.names;
      isMore ||= purged.isMore;
    }
    return { names, isMore };
  }
}

interface What {
  readonly beforeMs: number;
  readonly reason: PurgeReason;
  /** How long things are kept. */
  readonly forMs: number;
}
