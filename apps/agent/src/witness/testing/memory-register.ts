/** A register in this process: the first of its kind, for tests. `delays` may hold an answer back, or lose it. */
import type { EpochRecord, Kept } from '@understudy/engine';
import { type Register, type Swap, WitnessError } from '../register.ts';

export class MemoryRegister implements Register {
  readonly name = 'the witness in memory';
  kept: Kept | null = null;
  /** What happens to the next questions: `lost` is done, and its answer does not come. */
  fate: 'answer' | 'lost' | 'unreachable' = 'answer';
  asked = 0;

  async read(): Promise<Kept | null> {
    this.#ask();
    return this.kept;
  }

  async swap(expected: string | null, record: EpochRecord): Promise<Swap> {
    if (this.fate === 'unreachable') this.#ask();
    const fits = expected === (this.kept?.revision ?? null);
    if (fits) this.kept = { revision: String(Number(this.kept?.revision ?? 0) + 1), record };
    this.#ask();
    return fits && this.kept !== null ? { swapped: true, now: this.kept } : { swapped: false, now: this.kept };
  }

  close(): void {}

  #ask(): void {
    this.asked += 1;
    if (this.fate !== 'answer') throw new WitnessError('unreachable', `${this.name} cannot be reached`);
  }
}
