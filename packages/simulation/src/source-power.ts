/**
 * The power of the source's machine. In: a pair at work, and the other jobs of its source. Out: a file system as its disk had it at some
 * moment since the last sync, agents that begin again with what they had kept durably, and the regions of the activity log.
 * Promise: a region goes from the log once all that was done there is on the disk.
 */
import type { Pair } from './pair.ts';
import type { SeededRandom } from './random.ts';

interface Moment {
  readonly restore: () => void;
  /** What the source was then, as whoever keeps its history counts. */
  readonly index: number;
}

export class SourcePower {
  readonly #pair: Pair;
  readonly #random: SeededRandom;
  readonly #now: () => number;
  /** What the disk certainly holds. */
  #durable: Moment;
  /** Moments since then that it may hold. */
  #moments: Moment[] = [];

  /** `now`: index of the present in the source's history. What there is counts as synced. */
  constructor(pair: Pair, random: SeededRandom, now: () => number = () => 0) {
    this.#pair = pair;
    this.#random = random;
    this.#now = now;
    this.#durable = this.#moment();
  }

  /** The interceptor is told how far its jobs have come, syncs the file system, and looks no more after what was before. */
  sync(): void {
    const { source } = this.#pair;
    const settled = this.#pairs.map((pair) => pair.source.settle());
    this.#keep();
    if (!settled.includes(null)) source.activity.clearThrough(Math.min(...settled.map((through) => through ?? 0)));
  }

  /** A power cut may leave what there is now. */
  remember(): void {
    this.#moments.push(this.#moment());
  }

  /** Returns what the source went back to. */
  async cut(): Promise<number> {
    const { restore, index } = this.#random.pick([this.#durable, ...this.#moments]) ?? this.#durable;
    await this.#off(restore);
    this.#keep();
    return index;
  }

  async #off(restore: () => void): Promise<void> {
    for (const pair of this.#pairs) pair.cut();
    const { host } = this.#pair.source;
    host.losePower();
    for (const pair of this.#pairs) await pair.source.losePower();
    this.#forgetContents();
    restore();
    this.#forgetContents();
    host.renew();
    for (const pair of this.#pairs) await pair.source.start();
  }

  #forgetContents(): void {
    const { fs, contents } = this.#pair;
    for (const node of fs.nodeIds()) contents.changed(node);
  }

  /** All jobs of the machine. */
  get #pairs(): readonly Pair[] {
    return [this.#pair, ...this.#pair.besides];
  }

  #keep(): void {
    this.#durable = this.#moment();
    this.#moments = [];
  }

  #moment(): Moment {
    return { restore: this.#pair.fs.snapshot(), index: this.#now() };
  }
}
