/**
 * The part of a server that executes and answers calls, as native/linux/gate.c does: it asks the gate before it executes and again before
 * it answers. In: what the agent has set. Out: answers, told to the checker. It may be stopped at any moment; between its last look at the
 * gate and the answer it is not, as SPEC.md says.
 */
import type { SeededRandom } from '../random.ts';
import type { Checker } from './checker.ts';
import type { Clock } from './clock.ts';
import type { Fault } from './faults.ts';
import type { Process } from './process.ts';

export interface FsidParts {
  readonly name: string;
  readonly process: Process;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly checker: Checker;
  readonly nowMs: () => number;
  readonly fault: Fault | null;
}

const LOOK_MS = 10;
const EVERY_MS = 8;

export class Fsid {
  readonly #parts: FsidParts;
  #untilMs = 0;
  #wallUntilMs = 0;
  #shut = true;
  #open = false;
  /** Under which calls are answered now. */
  #epoch = 0;
  #boots = 0;

  constructor(parts: FsidParts) {
    this.#parts = parts;
  }

  /** Another one a boot: who was waiting waits no more. */
  boot(shut: boolean): void {
    this.#boots += 1;
    this.#untilMs = 0;
    this.#wallUntilMs = 0;
    this.#shut = shut;
    this.#open = this.#parts.fault === 'open-at-boot';
    this.#next(this.#boots);
  }

  set(untilMs: number, epoch: number): void {
    const { clock, fault } = this.#parts;
    this.#open = false;
    this.#shut = false;
    this.#untilMs = untilMs;
    this.#epoch = epoch;
    if (fault === 'wall-clock') this.#wallUntilMs = clock.wallMs() + untilMs - clock.exactMs();
  }

  shut(): void {
    this.#shut = true;
  }

  /** The epoch that this server would answer under. */
  speaksFor(epoch: number): void {
    this.#epoch = epoch;
  }

  #look(): 'passes' | 'waits' | 'refuses' {
    const { clock, fault } = this.#parts;
    if (this.#shut) return 'refuses';
    if (this.#open) return 'passes';
    const before = fault === 'wall-clock' ? clock.wallMs() < this.#wallUntilMs : clock.exactMs() < this.#untilMs;
    return before ? 'passes' : 'waits';
  }

  /** An application that writes, waits for the answer, and writes again. */
  #next(boot: number): void {
    const { process, random } = this.#parts;
    process.after(1 + random.below(EVERY_MS), () => this.#begin(boot));
  }

  #begin(boot: number): void {
    if (boot !== this.#boots) return;
    const { process, random } = this.#parts;
    const view = this.#look();
    if (view === 'waits') process.after(LOOK_MS, () => this.#begin(boot));
    else if (view === 'refuses') process.after(LOOK_MS * 5, () => this.#begin(boot));
    else process.after(random.below(4), () => this.#answer(boot));
  }

  #answer(boot: number): void {
    if (boot !== this.#boots) return;
    const { process, name, checker, nowMs, fault } = this.#parts;
    const view = fault === 'no-second-check' ? 'passes' : this.#look();
    if (view === 'waits') {
      process.after(LOOK_MS, () => this.#answer(boot));
      return;
    }
    if (view === 'passes') checker.wrote({ server: name, epoch: this.#epoch, atMs: nowMs() });
    this.#next(boot);
  }
}
