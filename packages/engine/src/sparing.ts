/**
 * How often something is told that may happen a hundred thousand times. In: that it happened. Out: whether to say so, and how often it was.
 * Promise: the first are told one by one, then each time that their number has grown tenfold: nothing is silent, and nothing drowns the rest.
 */
const ONE_BY_ONE = 20;

export class Sparing {
  #count = 0;

  /** Its number, where it is told; null: it is not. */
  next(): number | null {
    this.#count += 1;
    return this.#count <= ONE_BY_ONE || Number.isInteger(Math.log10(this.#count)) ? this.#count : null;
  }

  /** From here on they are told one by one again. */
  again(): void {
    this.#count = 0;
  }

  /** Of that number more is said than of the one alone. */
  static isMany(count: number): boolean {
    return count > ONE_BY_ONE;
  }
}
