/** The run's own time: it passes with each look at it, and where a run says so. */
export class RunClock {
  nowMs = 1_700_000_000_000;

  readonly tick = (): number => {
    this.nowMs += 1;
    return this.nowMs;
  };
}
