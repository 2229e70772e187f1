/**
 * The lease of one job on the server that writes (FO3): the machine of the engine on a clock and a register. In: this server's epoch. Out:
 * until when calls may pass, and word of another server that has taken over. Promise: one question at a time; what is told is told once.
 */
import { type EpochRecord, LeaseHolder } from '@understudy/engine';
import type { BootClock } from './boot-clock.ts';
import { askRegister, type Register, WitnessError } from './register.ts';

export interface SourceLeaseParts {
  readonly register: Register;
  readonly epoch: number;
  /** This server's fingerprint. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly clock: BootClock;
  /** The epoch was confirmed before. */
  readonly known: boolean;
  /** Calls pass before this moment of the clock. */
  readonly until: (untilMs: number) => void;
  /** For the first time in this process. */
  readonly confirmed: () => void;
  readonly superseded: (found: EpochRecord, witness: string) => void;
  /** Null: it answers again. Told once each. */
  readonly trouble: (why: WitnessError | null) => void;
  /** A fault of our own. */
  readonly fault: (error: unknown) => void;
}

export class SourceLease {
  readonly #parts: SourceLeaseParts;
  readonly #holder: LeaseHolder;
  #confirmed = false;
  #timer: NodeJS.Timeout | null = null;
  #ended = false;
  #trouble: WitnessError | null = null;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: SourceLeaseParts) {
    this.#parts = parts;
    this.#holder = new LeaseHolder(parts);
  }

  start(): void {
    this.#turn = this.turn();
  }

  get untilMs(): number {
    return this.#holder.untilMs;
  }

  /** Why it is not renewed now; null: it is. */
  get why(): WitnessError | null {
    return this.#trouble;
  }

  /** No more renewals. `release`: nothing is written here any more, and nobody has to wait for the lease to pass. */
  async end(release: boolean): Promise<void> {
    this.#ended = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#turn;
    const { register, clock } = this.#parts;
    const last = release ? this.#holder.release(clock()) : null;
    if (last !== null) await askRegister(register, last, () => {});
    register.close();
  }

  /** One question and its answer; then the next is due. */
  async turn(): Promise<void> {
    if (this.#holder.superseded !== null) return;
    try {
      await this.#ask();
    } catch (error) {
      this.#parts.fault(error);
    }
    if (this.#ended || this.#holder.superseded !== null) return;
    const pause = Math.max(0, this.#holder.askAtMs - this.#parts.clock());
    this.#timer = setTimeout(() => this.start(), pause).unref();
  }

  async #ask(): Promise<void> {
    const { register, clock } = this.#parts;
    const ask = this.#holder.ask(clock());
    let failed: WitnessError | null = null;
    const answer = await askRegister(register, ask, (error) => {
      failed = error;
    });
    const before = this.#holder.untilMs;
    this.#holder.answered(ask, answer, clock());
    if (this.#ended) return;
    this.#told(failed ?? this.#forgotten());
    const { superseded, untilMs } = this.#holder;
    if (superseded !== null) this.#parts.superseded(superseded, register.name);
    else if (untilMs > before) this.#parts.until(untilMs);
    if (untilMs > 0 && !this.#confirmed) this.#parts.confirmed();
    this.#confirmed ||= untilMs > 0;
  }

  #forgotten(): WitnessError | null {
    const { register, epoch } = this.#parts;
    if (!this.#holder.forgotten) return null;
    const sentence = `${register.name} knows nothing of this job any more, though it had confirmed its epoch ${epoch}: restore what it kept.`;
    return new WitnessError('damaged', sentence);
  }

  #told(trouble: WitnessError | null): void {
    if ((trouble === null) !== (this.#trouble === null)) this.#parts.trouble(trouble);
    this.#trouble = trouble;
  }
}
