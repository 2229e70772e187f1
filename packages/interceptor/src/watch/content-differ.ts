/**
 * Which ranges of a changed file to send. In: the file as it is. Out: truncate, write and punch records.
 * Promised: after them the replica holds the bytes that were read. A file without remembered checksums is sent whole; memory for
 * checksums has a limit, and the file looked at longest ago is forgotten first.
 */
import type { SourceFile } from '@understudy/engine';
import { type Attributes, type NodeId, type RecordInput, Verb } from '@understudy/wire';

export const BLOCK = 64 * 1024;
const SUM_BYTES = 8;
const PUNCH_KEEP_SIZE = 3;
/** Smaller files are sent whole: their checksums would cost more than they save. */
const LEAST_SIZE = 2 * BLOCK;
const HOLE_SUM = new Uint8Array(SUM_BYTES).fill(0xff);

export interface ContentDifferOptions {
  /** The first 8 bytes are used. */
  readonly digest: (bytes: Uint8Array) => Uint8Array;
  /** Limit for remembered checksums; default 16 MiB, enough for 128 GiB of changing large files. */
  readonly sumBytes?: number;
}

export class ContentDiffer {
  readonly #digest: ContentDifferOptions['digest'];
  readonly #limit: number;
  /** In order of last use. */
  readonly #sums = new Map<NodeId, Uint8Array>();
  #held = 0;

  constructor(options: ContentDifferOptions) {
    this.#digest = options.digest;
    this.#limit = options.sumBytes ?? 16 * 1024 * 1024;
  }

  get heldBytes(): number {
    return this.#held + this.#sums.size * 100;
  }

  forget(node: NodeId): void {
    this.#held -= this.#sums.get(node)?.length ?? 0;
    this.#sums.delete(node);
  }

  /** `known`: the size the replica's file has from an earlier scan, 0 for a new file. Returns the size it has afterwards. */
  *differences(node: NodeId, file: SourceFile, attributes: Attributes, known: number): Generator<RecordInput, number> {
    const before = this.#sums.get(node);
    const size = file.size();
    const now = { ...attributes, size };
    const sums = size >= LEAST_SIZE ? new Uint8Array(Math.ceil(size / BLOCK) * SUM_BYTES) : null;
    if (known !== size) yield { verb: Verb.truncate, node, extent: size, attributes: now };
    let data = file.dataAfter(0);
    for (let offset = 0; offset < size; offset += BLOCK) {
      while (data !== null && data.end <= offset) data = file.dataAfter(data.end);
      const at = (offset / BLOCK) * SUM_BYTES;
      const end = Math.min(size, offset + BLOCK);
      if (data === null || data.start >= end) {
        const same = before !== undefined && sumIs(before, at, HOLE_SUM);
        if (offset < known && !same) yield punch(node, offset, end - offset, now);
        sums?.set(HOLE_SUM, at);
        continue;
      }
      // Read as a whole even where only a part is data: a block is what is compared.
      const buffer = new Uint8Array(end - offset);
      const bytes = buffer.subarray(0, file.read(offset, buffer));
      const sum = sums === null ? null : this.#digest(bytes).subarray(0, SUM_BYTES);
      if (sum !== null) sums?.set(sum, at);
      if (sum !== null && before !== undefined && sumIs(before, at, sum) && end <= known) continue;
      if (bytes.length > 0)
        yield { verb: Verb.write, node, offset, extent: bytes.length, data: bytes, attributes: now };
    }
    this.#remember(node, sums);
    return size;
  }

  #remember(node: NodeId, sums: Uint8Array | null): void {
    this.forget(node);
    if (sums === null || sums.length > this.#limit) return;
    this.#sums.set(node, sums);
    this.#held += sums.length;
    for (const oldest of this.#sums.keys()) {
      if (this.#held <= this.#limit) break;
      this.forget(oldest);
    }
  }
}

function sumIs(sums: Uint8Array, at: number, sum: Uint8Array): boolean {
  if (at + SUM_BYTES > sums.length) return false;
  for (let i = 0; i < SUM_BYTES; i += 1) if (sums[at + i] !== sum[i]) return false;
  return true;
}

const punch = (node: NodeId, offset: number, extent: number, attributes: Attributes): RecordInput => ({
  verb: Verb.fallocate,
  node,
  detail: PUNCH_KEEP_SIZE,
  offset,
  extent,
  attributes,
});
