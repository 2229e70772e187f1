/**
 * Times in which the interceptor records nothing at all, cookies included. In: a pair, a chance. Out: such times, each of which lasts until
 * every job knows of it: that a shorter one, or one between two cookies, goes unseen is what the self-audit does not promise.
 */
import type { Pair } from './pair.ts';
import type { SeededRandom } from './random.ts';

export class Deafness {
  readonly #pairs: readonly Pair[];
  readonly #random: SeededRandom;
  readonly #chance: number;
  #deaf = false;
  #times = 0;

  /** Jobs of one source. */
  constructor(pairs: readonly Pair[], random: SeededRandom, chance: number) {
    this.#pairs = pairs;
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
      this.#set(true);
    }
  }

  endIfKnown(): void {
    if (this.#deaf && this.#pairs.every(({ source }) => source.inDoubt)) this.end();
  }

  end(): void {
    this.#deaf = false;
    this.#set(false);
  }

  #set(deaf: boolean): void {
    this.#pairs[0]?.source.interceptor.setDeaf(deaf);
  }
}
