/**
 * Which entries of a queue on disk are needed, written down beside them: a run of segments does not tell what stood before its first
 * file or behind its last. In: the store's numbers, with each entry and before any is let go of. Out: the same to the next process.
 * Promise: what is written down is there before the ring lets go of what the entry holds, and is never more than what was kept. Not
 * synced: what a power cut takes is looked for by other means (see after-power-cut.ts).
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

export interface Bounds {
  /** Number of the oldest entry that is needed; equal to `next` where none is. */
  readonly oldest: number;
  readonly next: number;
}

const BYTES = 24;
const SUMMED = 16;

export class QueueBounds {
  /** What the last process wrote down; null: nothing, or nothing that can be read. */
  readonly found: Bounds | null;
  readonly #buffer = Buffer.alloc(BYTES);
  #written: Bounds | null;
  #fd: number | null;

  /** Throws errno errors. */
  constructor(path: string) {
    closeSync(openSync(path, 'a', 0o600));
    this.#fd = openSync(path, 'r+');
    this.found = this.#read(this.#fd);
    this.#written = this.found;
  }

  /** Throws errno errors. */
  write({ oldest, next }: Bounds): void {
    // Each packet that arrives frees its entry: mostly they are the same as before.
    if (this.#fd === null || (this.#written?.oldest === oldest && this.#written.next === next)) return;
    this.#buffer.writeDoubleLE(oldest, 0);
    this.#buffer.writeDoubleLE(next, 8);
    this.#buffer.writeUInt32LE(crc32(this.#buffer.subarray(0, SUMMED)), SUMMED);
    writeSync(this.#fd, this.#buffer, 0, BYTES, 0);
    this.#written = { oldest, next };
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #read(fd: number): Bounds | null {
    if (readSync(fd, this.#buffer, 0, BYTES, 0) !== BYTES) return null;
    if (this.#buffer.readUInt32LE(SUMMED) !== crc32(this.#buffer.subarray(0, SUMMED))) return null;
    const [oldest, next] = [this.#buffer.readDoubleLE(0), this.#buffer.readDoubleLE(8)];
    return Number.isSafeInteger(oldest) && Number.isSafeInteger(next) && oldest >= 0 && oldest <= next
      ? { oldest, next }
      : null;
  }
}

/** A sentence: some of what is needed is not in the store. */
export function lostOf(needed: Bounds | null, found: Bounds, folder: string): string | null {
  if (needed === null) return `what ${folder} is to hold is written down nowhere`;
  const { oldest, next } = needed;
  const holds = found.oldest < found.next ? `it holds ${found.oldest} to ${found.next - 1}` : 'it holds none';
  if (oldest === next || (found.oldest <= oldest && found.next >= next)) return null;
  return `entries ${oldest} to ${next - 1} are to be in ${folder}, and ${holds}: files of it are gone or cut off`;
}
