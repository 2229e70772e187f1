/**
 * Flushes: whoever wants to know when all that was intercepted before a call is on the target. In: calls, and word that nothing is dirty
 * any more. Out: each call settled once. Promise: not before a mark behind all of it is applied and nothing is dirty.
 */
import type { Position } from '@understudy/wire';
import type { MarkOutcome } from '../data-path/source-path.ts';

/** With how many paths could not be brought over all the same. */
export type Flushed = (at: Position, unrepairable: number) => void;

export interface FlushParts {
  mark(settle: (outcome: MarkOutcome) => void): void;
  /** Nothing is known that the target lacks but what is under way to it. */
  whole(): boolean;
  unrepairable(): number;
}

export class Flushes {
  readonly #parts: FlushParts;
  /** Something was dirty when their marks arrived, or the marks were lost. */
  #later: Flushed[] = [];

  constructor(parts: FlushParts) {
    this.#parts = parts;
  }

  add(settle: Flushed): void {
    const { mark, whole, unrepairable } = this.#parts;
    mark((outcome) => {
      if (outcome.kind === 'applied' && whole()) settle(outcome.at, unrepairable());
      else this.#later.push(settle);
    });
  }

  /** Nothing is dirty any more. */
  again(): void {
    for (const settle of this.#later.splice(0)) this.add(settle);
  }
}
