/**
 * SCM3: whether it pays to compress. In: how much the last packets shrank. Out: whether to try the next one.
 * Promise: what does not shrink (films, archives, ciphertext) costs a try now and then: a hundredth of the bytes and less.
 */

/** Frames so small gain nothing that the wire would notice. */
export const SMALLEST_TRY = 128;
/** Saved bytes below this part of the whole are not worth expanding at the other end. */
const WORTH = 1 / 32;
/** So many in a row that did not shrink are no accident. */
const PATIENCE = 4;
const FIRST_REST = 4 * 1024 * 1024;
const LONGEST_REST = 64 * 1024 * 1024;

export class Payoff {
  #failures = 0;
  /** Bytes that still go by untried. */
  #resting = 0;
  #rest = FIRST_REST;

  shouldTry(bytes: number): boolean {
    if (bytes < SMALLEST_TRY) return false;
    if (this.#resting <= 0) return true;
    this.#resting -= bytes;
    return false;
  }

  /** A packet was tried: whether the shorter form is worth sending. */
  pays(rawBytes: number, packedBytes: number): boolean {
    if (packedBytes < rawBytes - rawBytes * WORTH) {
      this.#failures = 0;
      this.#rest = FIRST_REST;
      this.#resting = 0;
      return true;
    }
    this.#failures += 1;
    if (this.#failures >= PATIENCE) {
      // The next single try decides whether it rests on, and for longer.
      this.#failures = PATIENCE - 1;
      this.#resting = this.#rest;
      this.#rest = Math.min(LONGEST_REST, this.#rest * 2);
    }
    return false;
  }
}
