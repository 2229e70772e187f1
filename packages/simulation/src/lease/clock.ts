/**
 * The clocks of one server: CLOCK_BOOTTIME, which runs a little fast or slow and begins anew with a boot, and a wall clock that somebody
 * sets. What the agent reads of the first is rounded down to 10 ms.
 */
import type { Timeline } from './timeline.ts';

export class Clock {
  readonly #timeline: Timeline;
  readonly #rate: number;
  #bootedMs = 0;
  #wallShiftMs = 0;

  constructor(timeline: Timeline, rate: number) {
    this.#timeline = timeline;
    this.#rate = rate;
  }

  boot(): void {
    this.#bootedMs = this.#timeline.nowMs;
  }

  /** As a server process reads it. */
  exactMs(): number {
    return (this.#timeline.nowMs - this.#bootedMs) * this.#rate;
  }

  bootMs(): number {
    return Math.floor(this.exactMs() / 10) * 10;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#timeline.nowMs * this.#rate + this.#wallShiftMs;
  }

  setWall(shiftMs: number): void {
    this.#wallShiftMs += shiftMs;
  }

  /** True time that passes while this clock counts so much. */
  trueMs(ownMs: number): number {
    return ownMs / this.#rate;
  }
}
