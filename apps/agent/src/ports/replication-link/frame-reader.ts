import { decodeFrameHeader, FRAME_HEADER, FrameError, type FrameHeader, setFrameCrc } from '@understudy/wire';
import { crc32 } from '../crc32.ts';
import { BufferPool } from './buffer-pool.ts';

const NO_PAYLOAD = new Uint8Array(0);
/** Two frames of the greatest size and some small ones, a link. */
const POOL_BYTES = 8 * 1024 * 1024;

/**
 * Cuts the bytes of a link into frames. In: chunks as the socket delivers them. Out: `onFrame` with the payload in one piece, its
 * own from then on. Holds at most one frame; throws FrameError at the first byte that breaks a rule, and is of no use after that.
 */
export class FrameReader {
  readonly #onFrame: (header: FrameHeader, payload: Uint8Array) => void;
  readonly #pool = new BufferPool(POOL_BYTES);
  readonly #head = new Uint8Array(FRAME_HEADER);
  #headFilled = 0;
  #header: FrameHeader | null = null;
  #payload: Uint8Array = NO_PAYLOAD;
  #filled = 0;
  #crc = 0;

  constructor(onFrame: (header: FrameHeader, payload: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /** The payload may be used for another frame from now on. Not needed for correctness, only for speed. */
  recycle(payload: Uint8Array): void {
    this.#pool.give(payload);
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) at += this.#header === null ? this.#takeHead(chunk, at) : this.#takePayload(chunk, at);
  }

  #takeHead(chunk: Uint8Array, at: number): number {
    const take = Math.min(FRAME_HEADER - this.#headFilled, chunk.length - at);
    this.#head.set(chunk.subarray(at, at + take), this.#headFilled);
    this.#headFilled += take;
    if (this.#headFilled < FRAME_HEADER) return take;
    this.#header = decodeFrameHeader(this.#head);
    setFrameCrc(this.#head, 0);
    this.#crc = crc32(this.#head);
    this.#filled = 0;
    if (this.#header.payloadLength === 0) this.#finish(this.#header, NO_PAYLOAD);
    else this.#payload = this.#pool.take(this.#header.payloadLength);
    return take;
  }

  #takePayload(chunk: Uint8Array, at: number): number {
    const take = Math.min(this.#payload.length - this.#filled, chunk.length - at);
    const piece = take === chunk.length ? chunk : chunk.subarray(at, at + take);
    // Checked piece by piece: the bytes are in the processor's cache now and would not be at the end.
    this.#crc = crc32(piece, this.#crc);
    this.#payload.set(piece, this.#filled);
    this.#filled += take;
    if (this.#header !== null && this.#filled === this.#payload.length) this.#finish(this.#header, this.#payload);
    return take;
  }

  #finish(header: FrameHeader, payload: Uint8Array): void {
    if (header.crc !== this.#crc)
      throw new FrameError('bad-crc', `a frame of type ${header.type} arrived damaged: its CRC does not fit its bytes`);
    this.#header = null;
    this.#headFilled = 0;
    this.#payload = NO_PAYLOAD;
    this.#onFrame(header, payload);
  }
}
