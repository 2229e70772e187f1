/**
 * Buffers of the send queue that come back: a quarter of a mebibyte freshly allocated per packet keeps the garbage collector busier
 * than the cipher. In: buffers whose packets the target has. Out: buffers of at least the asked length, not zeroed. Bounded.
 */

/** A packet's usual size: two mirror blocks with their headers. One larger record travels alone. */
export const SEGMENT_BYTES = 260 * 1024;
/** About what a window holds. */
const MAX_POOLED = 96;

export class SegmentPool {
  readonly #free: ArrayBuffer[] = [];

  take(length: number): Uint8Array {
    if (length > SEGMENT_BYTES) return new Uint8Array(length);
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(SEGMENT_BYTES));
  }

  /** Nobody looks at these bytes any more. Other sizes are left to the garbage collector. */
  give(bytes: Uint8Array): void {
    const buffer = bytes.buffer as ArrayBuffer;
    if (buffer.byteLength === SEGMENT_BYTES && this.#free.length < MAX_POOLED) this.#free.push(buffer);
  }
}
