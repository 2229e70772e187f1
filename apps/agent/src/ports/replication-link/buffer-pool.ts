const SMALLEST = 16 * 1024;

/**
 * Payload buffers that come back: a quarter of a mebibyte freshly allocated per frame keeps the garbage collector busier than the
 * cipher. In: buffers given back by whoever is done with them. Out: buffers of at least the asked length. Holds at most `limit` bytes.
 */
export class BufferPool {
  readonly #limit: number;
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #lent = new WeakSet<ArrayBuffer>();
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get heldBytes(): number {
    return this.#held;
  }

  take(length: number): Uint8Array {
    if (length < SMALLEST) return Buffer.allocUnsafeSlow(length);
    const size = 2 ** Math.ceil(Math.log2(length));
    const buffer = this.#free.get(size)?.pop();
    if (buffer !== undefined) this.#held -= size;
    const taken = buffer ?? (Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer);
    this.#lent.add(taken);
    return new Uint8Array(taken, 0, length);
  }

  /** What did not come from here, or came back already, is left to the garbage collector. */
  give(bytes: Uint8Array): void {
    const buffer = bytes.buffer as ArrayBuffer;
    if (!this.#lent.delete(buffer)) return;
    const size = buffer.byteLength;
    if (this.#held + size > this.#limit) return;
    this.#held += size;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
  }
}
