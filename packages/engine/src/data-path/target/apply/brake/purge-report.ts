/**
 * What was kept aside and has been removed for good, in sentences: how much, and for what reason. In: passes of the purge. Out: events, of
 * one reason at most one an hour, so that a busy job does not fill the log. Promise: everything removed is counted in one of them, unless
 * the agent is killed before it is told.
 */
import { formatBytes, printable } from '@understudy/base';
import type { TargetEvent } from '../apply-context.ts';
import type { Purged } from './purge.ts';

/** `age`: its time is over. `size`: `undo.size` would not hold it longer. `short`, `full`: the file system has no room. */
export type PurgeReason = 'age' | 'size' | 'short' | 'full';

type Told = Pick<TargetEvent, 'kind' | 'severity' | 'sentence'>;

interface Sum {
  names: number;
  bytes: number;
  /** How long it was kept. */
  forMs: number;
  /** Since when something has not been told; null: all has. */
  sinceMs: number | null;
  toldMs: number;
  /** Passes came to their end since something was added. */
  isQuiet: boolean;
}

const EVERY_MS = 3_600_000;
/** Of a purge that does not end. */
const MOST_WAIT_MS = 60_000;

export class PurgeReport {
  readonly #event: (event: Told) => void;
  readonly #sums = new Map<PurgeReason, Sum>();

  constructor(event: (event: Told) => void) {
    this.#event = event;
  }

  add({ names, bytes, stuck }: Purged, reason: PurgeReason, forMs: number): void {
    if (stuck !== null)
      this.#event({
        kind: 'kept-stuck',
        severity: 'warning',
        sentence: `Something in ${printable(stuck)}, in the job's folder beside the replica, cannot be removed although its time is over; it is tried again in ten minutes.`,
      });
    if (names === 0) return;
    const sum = this.#sums.get(reason) ?? EMPTY();
    this.#sums.set(reason, sum);
    sum.names += names;
    sum.bytes += bytes;
    sum.forMs = forMs;
    sum.isQuiet = false;
  }

  /** A turn of the purge has ended. */
  passed(nowMs: number): void {
    for (const [reason, sum] of this.#sums) {
      if (sum.names === 0) continue;
      sum.sinceMs ??= nowMs;
      const isOver = sum.isQuiet || nowMs - sum.sinceMs >= MOST_WAIT_MS;
      sum.isQuiet = true;
      // A clock that was put back does not silence it.
      if (isOver && Math.abs(nowMs - sum.toldMs) >= EVERY_MS) this.#tell(reason, sum, nowMs);
    }
  }

  /** The agent stops, or nobody will ask again. */
  rest(): void {
    for (const [reason, sum] of this.#sums) if (sum.names > 0) this.#tell(reason, sum, Number.NEGATIVE_INFINITY);
  }

  #tell(reason: PurgeReason, sum: Sum, nowMs: number): void {
    const many = sum.names === 1 ? '1 file or folder' : `${sum.names} files and folders`;
    const what = `${many} (${formatBytes(sum.bytes)}) that had been kept aside on the target`;
    const were = sum.names === 1 ? 'was' : 'were';
    this.#event({
      kind: 'kept-removed',
      severity: 'information',
      sentence: `${what} ${were} removed: ${why(reason, sum.forMs)}.`,
    });
    Object.assign(sum, { names: 0, bytes: 0, sinceMs: null, toldMs: nowMs });
  }
}

const EMPTY = (): Sum => ({
  names: 0,
  bytes: 0,
  forMs: 0,
  sinceMs: null,
  toldMs: Number.NEGATIVE_INFINITY,
  isQuiet: false,
});

function why(reason: PurgeReason, forMs: number): string {
  if (reason === 'full') return "the replica's file system is full";
  const long = `they are kept for ${shownDuration(forMs)}`;
  if (reason === 'short') return `${long}, the brake's window, while the replica's file system is nearly full`;
  if (reason === 'size') return `${long}, the brake's window, where \`undo.size\` does not hold them longer`;
  return `${long} (\`undo.age\`, at least the brake's window)`;
}

function shownDuration(ms: number): string {
  if (ms >= 3_600_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms >= 60_000 && ms % 60_000 === 0 ? `${ms / 60_000} min` : `${Math.round(ms / 100) / 10} s`;
}
