import type { Io } from '../io.ts';
import { clip } from '../screen/layout.ts';
import { sentence } from '../text.ts';

const BACK_AND_CLEAR = '\r\u001b[K';

/** One line that changes in place, on a terminal only; a pipe never sees it. */
export class Progress {
  readonly #io: Io;
  #isShown = false;

  constructor(io: Io) {
    this.#io = io;
  }

  show(text: string): void {
    if (!this.#io.isTerminal) return;
    this.#isShown = true;
    this.#io.err(`${BACK_AND_CLEAR}${clip(sentence(text).replaceAll('\n', ' '), this.#io.columns() - 1)}`);
  }

  end(): void {
    if (this.#isShown) this.#io.err(BACK_AND_CLEAR);
    this.#isShown = false;
  }
}
