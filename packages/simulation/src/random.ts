/** The seed's randomness: one generator a run, so that one seed is one run. */
import { randomUUID } from 'node:crypto';
import type { Random } from '@understudy/base';

/** mulberry32: small, fast, good enough to be unpredictable to a bug. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Goes on as a generator of step `step` of that seed would begin: what other steps have drawn has no part in it. */
  restart(seed: number, step: number): void {
    this.#state = Math.imul(seed ^ Math.imul(step + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }
}

/** As a job's stream is named. */
export function randomUUIDOf(random: SeededRandom): string {
  const hex = () => random.below(16).toString(16);
  return randomUUID().replace(/[0-9a-f]/g, (digit, at) => (at === 14 || at === 19 ? digit : hex()));
}
