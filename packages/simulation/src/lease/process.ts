/**
 * A process that may be stopped and goes on later (SIGSTOP, a machine under load), or is killed: what it was about to do happens late, or
 * never. In: work and when. Out: the work, when the process runs.
 */
import type { Timeline } from './timeline.ts';

export class Process {
  readonly #timeline: Timeline;
  #stoppedUntilMs = 0;
  #life = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  stop(ms: number): void {
    this.#stoppedUntilMs = Math.max(this.#stoppedUntilMs, this.#timeline.nowMs + ms);
  }

  /** Everything that it was about to do is forgotten. */
  kill(): void {
    this.#life += 1;
    this.#stoppedUntilMs = 0;
  }

  after(ms: number, work: () => void): void {
    const life = this.#life;
    const begin = () => {
      if (life !== this.#life) return;
      if (this.#timeline.nowMs < this.#stoppedUntilMs) this.#timeline.at(this.#stoppedUntilMs, begin);
      else work();
    };
    this.#timeline.after(ms, begin);
  }
}
