/**
 * Which stretches of one file may differ, in blocks of 4 KiB: sorted, disjoint, never touching. Bounded by its owner through `size`.
 */
export const DIRTY_BLOCK = 4096;
/** The end of a stretch that reaches to the end of the file, wherever that is. */
export const TO_THE_END = Number.MAX_SAFE_INTEGER;

export class Ranges {
  /** start, end, start, end … in bytes. */
  readonly #edges: number[];

  constructor(edges: readonly number[] = []) {
    this.#edges = [...edges];
  }

  /** How many stretches there are. */
  get size(): number {
    return this.#edges.length / 2;
  }

  get edges(): readonly number[] {
    return this.#edges;
  }

  /** Bytes covered; a stretch to the end of the file counts as one block, for nobody knows the size here. */
  get bytes(): number {
    let bytes = 0;
    for (let i = 0; i < this.#edges.length; i += 2) {
      const [start = 0, end = 0] = [this.#edges[i], this.#edges[i + 1]];
      bytes += end === TO_THE_END ? DIRTY_BLOCK : end - start;
    }
    return bytes;
  }

  add(from: number, to: number): void {
    if (to <= from) return;
    const start = Math.floor(from / DIRTY_BLOCK) * DIRTY_BLOCK;
    const end = to >= TO_THE_END - DIRTY_BLOCK ? TO_THE_END : Math.ceil(to / DIRTY_BLOCK) * DIRTY_BLOCK;
    // All stretches that the new one touches lie between these two and become part of it.
    const first = this.#firstEndingAt(start);
    let behind = first;
    while (behind < this.#edges.length && (this.#edges[behind] ?? 0) <= end) behind += 2;
    if (behind === first) {
      this.#edges.splice(first, 0, start, end);
      return;
    }
    const low = Math.min(start, this.#edges[first] ?? start);
    const high = Math.max(end, this.#edges[behind - 1] ?? end);
    this.#edges.splice(first, behind - first, low, high);
  }

  /** Index of the first stretch whose end is at or behind `at`. */
  #firstEndingAt(at: number): number {
    let low = 0;
    let high = this.#edges.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#edges[middle * 2 + 1] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
