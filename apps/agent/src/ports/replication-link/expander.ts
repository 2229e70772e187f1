/**
 * Frames as they arrive, compressed ones expanded in other threads. In: frames in order. Out: the same frames in the same order, none
 * of them compressed. What is being expanded, and what is and waits for its turn, is at most HELD_BYTES, whatever one piece from the
 * socket declares; beside that lies only what came, as it came: `full` asks for a rest.
 */
import { Codec, type FrameHeader, MAX_FRAME } from '@understudy/wire';
import { expand } from '../compression/index.ts';

export interface ExpanderActions {
  deliver(header: FrameHeader, payload: Uint8Array): void;
  /** The payload as it came is not looked at any more. */
  spent(payload: Uint8Array): void;
  failed(sentence: string): void;
  full(full: boolean): void;
}

interface Waiting {
  header: FrameHeader;
  payload: Uint8Array;
  ready: boolean;
}

/** As the frames declare it: of the greatest, one for each thread that expands. */
export const HELD_BYTES = 4 * MAX_FRAME;
/** A thread each, and the next ones ready: what expands to little still takes memory while it is at work. */
export const EXPANDED_AT_ONCE = 8;

export class Expander {
  readonly #actions: ExpanderActions;
  readonly #expandOne: typeof expand;
  readonly #waiting: Waiting[] = [];
  /** How many of those that wait have been begun, from the first on; what needs no expanding counts as begun. */
  #begun = 0;
  #atWork = 0;
  /** As declared: of those that were begun and are not delivered, and of all that wait. */
  #begunBytes = 0;
  #bytes = 0;
  #full = false;
  #ended = false;

  constructor(actions: ExpanderActions, expandOne = expand) {
    this.#actions = actions;
    this.#expandOne = expandOne;
  }

  push(header: FrameHeader, payload: Uint8Array): void {
    const ready = header.codec === Codec.none;
    if (ready && this.#waiting.length === 0) {
      this.#actions.deliver(header, payload);
      return;
    }
    this.#waiting.push({ header, payload, ready });
    this.#bytes += header.rawLength;
    this.#begin();
    this.#tellFull();
  }

  /** Nothing more is delivered. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
  }

  /** The oldest first, and a later one never in an older one's place: what is delivered next is always among those at work. */
  #begin(): void {
    for (let next = this.#waiting[this.#begun]; next !== undefined; next = this.#waiting[this.#begun]) {
      const { rawLength } = next.header;
      if (!next.ready) {
        if (this.#atWork >= EXPANDED_AT_ONCE || this.#begunBytes + rawLength > HELD_BYTES) return;
        this.#atWork += 1;
        void this.#expand(next);
      }
      this.#begun += 1;
      this.#begunBytes += rawLength;
    }
  }

  async #expand(waiting: Waiting): Promise<void> {
    const { header, payload } = waiting;
    try {
      waiting.payload = await this.#expandOne(header.codec, payload, header.rawLength);
    } catch (error) {
      if (!this.#ended) this.#actions.failed(`a frame cannot be expanded: ${(error as Error).message}`);
      return;
    }
    this.#atWork -= 1;
    waiting.header = { ...header, codec: Codec.none, payloadLength: header.rawLength };
    waiting.ready = true;
    this.#actions.spent(payload);
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#ended && this.#waiting[0]?.ready === true) {
      const { header, payload } = this.#waiting.shift() as Waiting;
      this.#begun -= 1;
      this.#begunBytes -= header.rawLength;
      this.#bytes -= header.rawLength;
      this.#actions.deliver(header, payload);
    }
    if (this.#ended) return;
    this.#begin();
    this.#tellFull();
  }

  #tellFull(): void {
    const full = this.#full ? this.#bytes > HELD_BYTES / 2 : this.#bytes >= HELD_BYTES;
    if (full === this.#full) return;
    this.#full = full;
    this.#actions.full(full);
  }
}
