/**
 * The bytes of one file, sparse: pages that were never written do not exist and read as zeros.
 * In: offsets and bytes. Out: bytes and stretches with data. Promised: cost follows what was written, not the size.
 */
export const PAGE = 4096;

export class SparseContent {
  readonly #pages = new Map<number, Uint8Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes that are really held, for tests of cheapness. */
  get heldBytes(): number {
    return this.#pages.size * PAGE;
  }

  read(offset: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.#size - offset));
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const within = at % PAGE;
      const part = Math.min(PAGE - within, length - done);
      const page = this.#pages.get((at - within) / PAGE);
      if (page === undefined) into.fill(0, done, done + part);
      else into.set(page.subarray(within, within + part), done);
      done += part;
    }
    return length;
  }

  write(offset: number, data: Uint8Array): void {
    for (let done = 0; done < data.length; ) {
      const at = offset + done;
      const within = at % PAGE;
      const part = Math.min(PAGE - within, data.length - done);
      this.#page((at - within) / PAGE).set(data.subarray(done, done + part), within);
      done += part;
    }
    if (data.length > 0) this.#size = Math.max(this.#size, offset + data.length);
  }

  copy(): SparseContent {
    const made = new SparseContent();
    for (const [index, page] of this.#pages) made.#pages.set(index, page.slice());
    made.#size = this.#size;
    return made;
  }

  truncate(size: number): void {
    if (size < this.#size) this.zero(size, this.#size - size);
    this.#size = size;
  }

  /** The stretch reads as zeros from now on; whole pages become a hole. The size stays. */
  zero(offset: number, length: number): void {
    const end = offset + length;
    for (const index of [...this.#pages.keys()]) {
      const start = index * PAGE;
      if (start >= end || start + PAGE <= offset) continue;
      if (start >= offset && start + PAGE <= end) this.#pages.delete(index);
      else this.#pages.get(index)?.fill(0, Math.max(0, offset - start), Math.min(PAGE, end - start));
    }
  }

  /** Whole pages go and what follows moves up. Offset and length are multiples of PAGE. */
  collapse(offset: number, length: number): void {
    this.zero(offset, length);
    this.#shift(offset + length, -length);
    this.#size -= length;
  }

  /** A hole is made and what follows moves back. Offset and length are multiples of PAGE. */
  insert(offset: number, length: number): void {
    this.#shift(offset, length);
    this.#size += length;
  }

  /** The next stretch with data at or after `offset`; null: holes only. */
  dataAfter(offset: number): { readonly start: number; readonly end: number } | null {
    if (offset >= this.#size) return null;
    let first = Number.POSITIVE_INFINITY;
    const least = Math.floor(offset / PAGE);
    for (const index of this.#pages.keys()) if (index >= least && index < first) first = index;
    if (first * PAGE >= this.#size) return null;
    let last = first + 1;
    while (this.#pages.has(last)) last += 1;
    return { start: Math.max(offset, first * PAGE), end: Math.min(last * PAGE, this.#size) };
  }

  #page(index: number): Uint8Array {
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = new Uint8Array(PAGE);
      this.#pages.set(index, page);
    }
    return page;
  }

  #shift(from: number, by: number): void {
    const moved = [...this.#pages].filter(([index]) => index * PAGE >= from);
    for (const [index] of moved) this.#pages.delete(index);
    for (const [index, page] of moved) this.#pages.set(index + by / PAGE, page);
  }
}
