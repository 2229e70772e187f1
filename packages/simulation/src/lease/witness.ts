/** The witness, and the lines to it and between the servers. In: questions. Out: answers, late, or never. Promise: one record, changed by compare-and-swap. */

import type { Kept, WitnessAnswer, WitnessAsk } from '@understudy/engine';
import type { SeededRandom } from '../random.ts';
import type { Fault } from './faults.ts';
import type { Timeline } from './timeline.ts';

/** How long a server waits for an answer. */
const GIVEN_UP_MS = 700;

export class Witness {
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #fault: Fault | null;
  /** Servers that do not reach it now. */
  readonly cutOff = new Set<string>();
  #kept: Kept | null = null;
  #revision = 0;

  constructor(timeline: Timeline, random: SeededRandom, fault: Fault | null) {
    this.#timeline = timeline;
    this.#random = random;
    this.#fault = fault;
  }

  get kept(): Kept | null {
    return this.#kept;
  }

  /** `answered` is called once. */
  ask(from: string, ask: WitnessAsk, answered: (answer: WitnessAnswer) => void): void {
    let open = true;
    const close = (answer: WitnessAnswer) => {
      if (open) answered(answer);
      open = false;
    };
    this.#timeline.after(GIVEN_UP_MS, () => close({ kind: 'unknown' }));
    this.#travel(from, () => {
      const answer = this.#answer(ask);
      this.#travel(from, () => close(answer));
    });
  }

  /** What is on its way when the line is cut is lost as well. */
  #travel(from: string, arrive: () => void): void {
    const [slowest = 4] = [1500, 250, 4].filter((_, i) => this.#random.chance([0.05, 0.25, 1][i] ?? 1));
    const delay = 1 + this.#random.below(slowest);
    if (this.cutOff.has(from)) return;
    this.#timeline.after(delay, () => {
      if (!this.cutOff.has(from)) arrive();
    });
  }

  #answer(ask: WitnessAsk): WitnessAnswer {
    if (ask.kind === 'read') return { kind: 'kept', kept: this.#kept };
    const fits = this.#fault === 'no-compare' || ask.expected === (this.#kept?.revision ?? null);
    if (!fits) return { kind: 'not-swapped', now: this.#kept };
    this.#revision += 1;
    this.#kept = { revision: String(this.#revision), record: ask.record };
    return { kind: 'swapped', now: this.#kept };
  }
}
