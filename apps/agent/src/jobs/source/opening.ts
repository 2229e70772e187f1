/**
 * A replica that others could write into (TRM3). In: the target's word of it, turns of the job. Out: a comparison with repair, once the job
 * is idle enough for one; a reason for the state until that has ended well; and then word of it for the target.
 * Promise: what the target says is not forgotten before it was compared; what it says during a comparison is compared once more.
 */
import type { JobFacts, Reason } from '@understudy/engine';
import type { Opened } from '@understudy/wire';

/** What becomes of it. */
export const COMPARED = 'Both sides are compared, and what was changed is repaired.';
/** Behind a comparison that was broken off. */
const PAUSE_MS = 1_000;

export class Opening {
  readonly #clock: () => number;
  #opened: Opened | null = null;
  #compared: number | undefined;
  #isComparing = false;
  #notBeforeMs = 0;
  /** Compares both sides and repairs; rejects where it does not come to its end. */
  compare: ((opened: Opened) => Promise<void>) | null = null;

  constructor(clock = () => performance.now()) {
    this.#clock = clock;
  }

  /** What the target says with its condition; undefined: nothing now, which takes nothing back. */
  heard(opened: Opened | undefined): void {
    if (opened !== undefined && opened.at !== this.#compared) this.#opened = opened;
  }

  /** The newest opening behind which everything was compared. */
  get compared(): number | undefined {
    return this.#compared;
  }

  get reason(): Reason | null {
    if (this.#opened === null) return null;
    const sentence = `${this.#opened.sentence} ${COMPARED}`;
    return { code: 'replica-opened', sentence };
  }

  /** `isVerifying`: somebody else's, that may have begun before. Calls `changed` when it has ended. */
  turn(facts: JobFacts, isVerifying: boolean, changed: () => void): void {
    const opened = this.#opened;
    const { compare } = this;
    if (opened === null || compare === null || this.#isComparing || isVerifying || !isIdle(facts)) return;
    if (this.#clock() < this.#notBeforeMs) return;
    this.#isComparing = true;
    compare(opened)
      .then(
        () => {
          this.#compared = opened.at;
          if (this.#opened?.at === opened.at) this.#opened = null;
        },
        () => {
          this.#notBeforeMs = this.#clock() + PAUSE_MS;
        },
      )
      .finally(() => {
        this.#isComparing = false;
        changed();
      });
  }
}

/** A comparison that begins now is likely to come to its end. */
function isIdle(facts: JobFacts): boolean {
  const { linked, paused, held, braked, targetReplaying, mirror, complete, dirtyItems, audit } = facts;
  const moves = linked && !paused && held == null && braked == null && !targetReplaying && audit?.kind !== 'doubt';
  return moves && mirror === 'none' && complete && dirtyItems === 0;
}
