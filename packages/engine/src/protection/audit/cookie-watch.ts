/**
 * The first half of the self-audit, one for all jobs of an interceptor: a cookie goes through each protected root's public path and has
 * to come out of the ring. In: ticks, outcomes, cookies that came out. Out: which to write, and where the interception is in doubt.
 * Promise: at most one is under way for each root; a time in which this process itself did not run counts for nothing.
 */
import type { CookieOutcome } from '../../ports.ts';
import { type Missing, notIntercepted, notWritten } from './hops.ts';

export interface CookieWatchParts {
  readonly intervalMs: number;
  readonly limitMs: number;
  /** The first number: beyond all that an earlier process may have left in the ring. */
  readonly first: number;
  /** The roots' paths as people write them. */
  path(root: number): string;
  write(root: number, number: number): Promise<CookieOutcome>;
  /** Calls on the root wait for their target: a cookie may stand in line behind one, in the kernel. */
  held?(root: number): boolean;
  /** How much the ring has noted because it was full: what is noted so is no secret, and cookies are lost with it. */
  notes(): number;
  /** From here on it is not certain that every call on the root is recorded. */
  doubted(root: number, missing: Missing): void;
  /** Cookies come again. */
  certain(root: number): void;
  /** One cookie was lost and a later one came: something was not recorded in between. */
  gap(root: number): void;
}

interface Watched {
  /** The last one that was written, or is being written. */
  number: number;
  underWay: boolean;
  outcome: CookieOutcome | null;
  /** The last number that came out of the ring. */
  came: number;
  /** Written for certain and due to come out, oldest first, with what the ring had noted before. */
  expected: { readonly number: number; readonly notes: number }[];
  /** Since one came out, as far as this process ran. */
  sinceMs: number;
  doubt: Missing | null;
}

/** A tick that comes this much later than it was due was not this process's to have. */
const LATE_TICKS = 2;

export class CookieWatch {
  readonly #parts: CookieWatchParts;
  readonly #roots = new Map<number, Watched>();
  #next: number;
  #tickedAtMs: number | null = null;

  constructor(parts: CookieWatchParts) {
    this.#parts = parts;
    this.#next = parts.first;
  }

  /** A job listens to the root from now on, and should soon know. */
  begin(root: number): void {
    const known = this.#roots.get(root);
    if (known === undefined) this.#roots.set(root, fresh());
    this.#write(root);
  }

  /** Why it is not certain that every call on the root is recorded; null: it is, or nobody knows otherwise yet. */
  doubtOf(root: number): Missing | null {
    return this.#roots.get(root)?.doubt ?? null;
  }

  /** Nobody listens any more. */
  end(root: number): void {
    this.#roots.delete(root);
  }

  /** Every interval: ages grow, doubts arise, and the next cookies are written. */
  tick(nowMs: number): void {
    const { intervalMs, limitMs } = this.#parts;
    const passed = this.#tickedAtMs === null ? 0 : nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    for (const [root, watched] of this.#roots) {
      if (!watched.underWay || this.#parts.held?.(root) !== true)
        watched.sinceMs += Math.min(Math.max(0, passed), LATE_TICKS * intervalMs);
      if (watched.sinceMs > limitMs && watched.doubt === null) {
        watched.doubt = this.#missing(root, watched);
        this.#parts.doubted(root, watched.doubt);
      }
      this.#write(root);
    }
  }

  /** A cookie came out of the ring. False: it is none of this process's. */
  came(root: number, number: number): boolean {
    const watched = this.#roots.get(root);
    if (watched === undefined || number < this.#parts.first || number > watched.number) return false;
    const { expected, doubt } = watched;
    watched.came = Math.max(watched.came, number);
    watched.sinceMs = 0;
    watched.expected = expected.filter((one) => one.number > number);
    if (doubt !== null) {
      watched.doubt = null;
      this.#parts.certain(root);
    } else {
      const skipped = expected.find((one) => one.number < number);
      if (skipped !== undefined && skipped.notes === this.#parts.notes()) this.#parts.gap(root);
    }
    return true;
  }

  #write(root: number): void {
    const watched = this.#roots.get(root);
    if (watched === undefined || watched.underWay) return;
    const number = this.#next;
    this.#next += 1;
    watched.number = number;
    watched.underWay = true;
    const notes = this.#parts.notes();
    const settled = (outcome: CookieOutcome): void => {
      watched.underWay = false;
      watched.outcome = outcome;
      // In doubt all that comes next ends in a gap anyhow.
      if (outcome.written && watched.came < number && watched.doubt === null) watched.expected.push({ number, notes });
    };
    this.#parts.write(root, number).then(settled, (error) => settled(failed(error)));
  }

  #missing(root: number, { underWay, outcome, sinceMs }: Watched): Missing {
    const path = this.#parts.path(root);
    if (underWay) return notWritten(path, 'the call does not come back', sinceMs);
    if (outcome?.written === false) return notWritten(path, outcome.what, sinceMs);
    return notIntercepted(path, sinceMs);
  }
}

function failed(error: unknown): CookieOutcome {
  return { written: false, errno: 'EIO', what: error instanceof Error ? error.message : String(error) };
}

function fresh(): Watched {
  return {
    number: 0,
    underWay: false,
    outcome: null,
    came: 0,
    expected: [],
    sinceMs: 0,
    doubt: null,
  };
}
