/**
 * Times in which the interceptor records nothing at all, cookies included. In: a pair, a chance. Out: such times, each of which lasts until
 * the job knows of it: that a shorter one, or one between two cookies, goes unseen is what the self-audit does not promise.
 */
import type { Pair } from './pair.ts';
import type { SeededRandom } from './random.ts';

export class Deafness {
  readonly #pair: Pair;
  readonly #random: SeededRandom;
  readonly #chance: number;
  #deaf = false;
  #times = 0;

  constructor(pair: Pair, random: SeededRandom, chance: number) {
    this.#pair = pair;
    this.#random = random;
    this.#chance = chance;
  }

  get now(): boolean {
    return this.#deaf;
  }

  /** How often it has begun. */
  get times(): number {
    return this.#times;
  }

  step(): void {
    if (this.#deaf) this.endIfKnown();
    else if (this.#random.chance(this.#chance)) {
      this.#deaf = true;
      this.#times += 1;
      this.#pair.source.interceptor.setDeaf(true);
    }
  }

  endIfKnown(): void {
    if (!this.#deaf || !this.#pair.source.inDoubt) return;
    this.end();
  }

  end(): void {
    this.#deaf = false;
    this.#pair.source.interceptor.setDeaf(false);
  }
}
