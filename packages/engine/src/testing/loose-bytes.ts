/** Bytes as Node's Buffer is: a Uint8Array whose `slice` copies nothing. What comes from a disk or a wire may be such; tests give it, too. */
export class LooseBytes extends Uint8Array<ArrayBuffer> {
  constructor(bytes: ArrayBuffer | ArrayLike<number>, offset?: number, length?: number) {
    super(bytes as ArrayBuffer, offset, length);
  }

  override slice(from?: number, to?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(from, to);
  }
}
