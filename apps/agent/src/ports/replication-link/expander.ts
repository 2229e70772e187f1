/**
 * Frames as they arrive, compressed ones expanded in other threads. In: frames in order. Out: the same frames in the same order, none
 * of them compressed. Holds at most HELD_BYTES beyond what came in one piece from the socket: `onFull` asks for a rest.
 */
import { Codec, type FrameHeader } from '@understudy/wire';
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

const HELD_BYTES = 8 * 1024 * 1024;

export class Expander {
  readonly #actions: ExpanderActions;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #full = false;
  #ended = false;

  constructor(actions: ExpanderActions) {
    this.#actions = actions;
  }

  push(header: FrameHeader, payload: Uint8Array): void {
    const compressed = header.codec !== Codec.none;
    if (!compressed && this.#waiting.length === 0) {
      this.#actions.deliver(header, payload);
      return;
    }
    const waiting: Waiting = { header, payload, ready: !compressed };
    this.#waiting.push(waiting);
    this.#bytes += header.rawLength;
    if (compressed) void this.#expand(waiting);
    this.#tellFull();
  }

  /** Nothing more is delivered. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
  }

  async #expand(waiting: Waiting): Promise<void> {
    const { header, payload } = waiting;
    try {
      waiting.payload = await expand(header.codec, payload, header.rawLength);
    } catch (error) {
      if (!this.#ended) this.#actions.failed(`a frame cannot be expanded: ${(error as Error).message}`);
      return;
    }
    waiting.header = { ...header, codec: Codec.none, payloadLength: header.rawLength };
    waiting.ready = true;
    this.#actions.spent(payload);
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#ended && this.#waiting[0]?.ready === true) {
      const { header, payload } = this.#waiting.shift() as Waiting;
      this.#bytes -= header.rawLength;
      this.#actions.deliver(header, payload);
    }
    if (!this.#ended) this.#tellFull();
  }

  #tellFull(): void {
    const full = this.#full ? this.#bytes > HELD_BYTES / 2 : this.#bytes >= HELD_BYTES;
    if (full === this.#full) return;
    this.#full = full;
    this.#actions.full(full);
  }
}
