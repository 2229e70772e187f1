/**
 * Handles by number, without an object a file: open addressing in flat arrays. In: a number in halves and a handle of at most
 * LONGEST bytes. Promised: nothing is ever forgotten; it takes 34 bytes a slot and is at most two thirds full.
 */
import type { Handle } from '@understudy/engine';
import type { NodeHalves } from './node-hash.ts';

/** btrfs needs 20 bytes, XFS and tmpfs 12. */
export const LONGEST_HANDLE = 24;
/** Length, type, bytes. */
const SLOT = 2 + LONGEST_HANDLE;

export class NodeTable {
  #low = new Uint32Array(1024);
  #high = new Uint32Array(1024);
  #handles = new Uint8Array(1024 * SLOT);
  #count = 0;

  /** The slot of the number, or the free one where it belongs. */
  #slotOf(low: number, high: number): number {
    const mask = this.#low.length - 1;
    let slot = low & mask;
    while (this.#handles[slot * SLOT] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = (slot + 1) & mask;
    return slot;
  }

  /** null: the number is nobody's. */
  get(node: NodeHalves): Handle | null {
    const at = this.#slotOf(node.low, node.high) * SLOT;
    const length = this.#handles[at] ?? 0;
    if (length === 0) return null;
    return String.fromCharCode(...this.#handles.subarray(at + 1, at + 2 + length)) as Handle;
  }

  /** `other`: the number is another handle's. */
  holds(node: NodeHalves, handle: Handle): 'same' | 'other' | 'nobody' {
    const at = this.#slotOf(node.low, node.high) * SLOT;
    const length = this.#handles[at] ?? 0;
    if (length === 0) return 'nobody';
    if (length !== handle.length - 1) return 'other';
    for (let i = 0; i <= length; i += 1) if (this.#handles[at + 1 + i] !== handle.charCodeAt(i)) return 'other';
    return 'same';
  }

  /** The number must be nobody's. */
  put(node: NodeHalves, handle: Handle): void {
    if (3 * (this.#count + 1) > 2 * this.#low.length) this.#grow();
    const slot = this.#slotOf(node.low, node.high);
    const at = slot * SLOT;
    this.#low[slot] = node.low;
    this.#high[slot] = node.high;
    this.#handles[at] = handle.length - 1;
    for (let i = 0; i < handle.length; i += 1) this.#handles[at + 1 + i] = handle.charCodeAt(i);
    this.#count += 1;
  }

  #grow(): void {
    const [low, high, handles] = [this.#low, this.#high, this.#handles];
    this.#low = new Uint32Array(2 * low.length);
    this.#high = new Uint32Array(2 * low.length);
    this.#handles = new Uint8Array(2 * handles.length);
    for (let from = 0; from < low.length; from += 1) {
      if (handles[from * SLOT] === 0) continue;
      const to = this.#slotOf(low[from] ?? 0, high[from] ?? 0);
      this.#low[to] = low[from] ?? 0;
      this.#high[to] = high[from] ?? 0;
      this.#handles.set(handles.subarray(from * SLOT, (from + 1) * SLOT), to * SLOT);
    }
  }
}
