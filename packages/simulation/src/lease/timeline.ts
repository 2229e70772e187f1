/** One line of true time, in ms, that nobody in the simulated world can see. In: what happens when. Out: the same, in order. */
export class Timeline {
  #nowMs = 0;
  #events: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, run: () => void): void {
    this.#order += 1;
    this.#events.push({ atMs: Math.max(atMs, this.#nowMs), order: this.#order, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.#nowMs + ms, run);
  }

  /** Until then everything happens. */
  run(untilMs: number): void {
    for (;;) {
      let next = this.#events[0];
      for (const event of this.#events)
        if (next !== undefined && (event.atMs < next.atMs || (event.atMs === next.atMs && event.order < next.order)))
          next = event;
      if (next === undefined || next.atMs > untilMs) break;
      this.#events.splice(this.#events.indexOf(next), 1);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = untilMs;
  }
}
