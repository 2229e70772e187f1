/**
 * So many a beat, and none before it opens. In: whoever wants to pass. Out: his turn. Promised: who comes first goes first, and one who takes
 * long behind it holds nobody up: of hundreds of servers some are away.
 */
export interface Beat {
  readonly places: number;
  readonly everyMs: number;
}

export class Turnstile {
  readonly #beat: Beat;
  readonly #waiting: (() => void)[] = [];
  #left: number;
  #isOpen = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(beat: Beat) {
    this.#beat = beat;
    this.#left = beat.places;
  }

  open(): void {
    this.#isOpen = true;
    this.#let();
  }

  pass(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#let();
    });
  }

  #let(): void {
    while (this.#isOpen && this.#left > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#left -= 1;
      this.#timer ??= setTimeout(() => this.#nextBeat(), this.#beat.everyMs);
      next();
    }
  }

  #nextBeat(): void {
    this.#timer = undefined;
    this.#left = this.#beat.places;
    this.#let();
  }
}
