/**
 * The agent's look into the server's node index: which file handle a node number means where handles are longer than a number (XFS,
 * btrfs, tmpfs). In: the state memory of native/linux, read in place. Out: handles as text. It changes while it is read; a look that
 * fell into a change is repeated, and where a dead server left one unfinished every entry is looked at. Promise: whatever lies in the
 * memory, a look ends, and what it finds lies within it.
 */
import { Buffer } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Handle } from '@understudy/engine';
import type { NodeIndex } from '@understudy/filesystem';
import type { NodeId } from '@understudy/wire';

/** Offsets of native/linux/layout.h. */
const AT_INDEX = 24;
const ENTRIES = 2 ** 26;
const HEADS = 32;
const ENTRY = 40;
const AT_HANDLE = 16;
const LENGTH_MASK = 0x7f;
const TRIES = 100;
const AT_ONCE = 4096;
const AT_ENTRIES = HEADS + 4 * ENTRIES;

interface Look {
  readonly turn: number;
  readonly buckets: number;
  readonly count: number;
}

export class NodeIndexReader {
  readonly #fd: number;
  readonly #header = Buffer.alloc(HEADS);
  readonly #entry = Buffer.alloc(ENTRY);

  /** `path` leads to the state memory: /proc/PID/fd/N of the holder. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  ofRoot(root: number): NodeIndex {
    return { handleOf: (node) => this.#handleOf(root, node) };
  }

  /** Files that have a number in it. */
  size(): number {
    const base = this.#base();
    if (base === null) return 0;
    const { count } = this.#look(base);
    return Math.min(this.#header.readUInt32LE(12), count);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #handleOf(root: number, node: NodeId): Handle | null {
    const base = this.#base();
    if (base === null) return null;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = this.#look(base);
      if (before.turn % 2 !== 0) continue;
      const found = this.#walk(base, before, root, node);
      if (this.#look(base).turn === before.turn) return found;
    }
    return this.#scan(base, root, node);
  }

  /** Null: no server has been there yet, or what lies there is no index. */
  #base(): number | null {
    this.#read(this.#header, AT_INDEX);
    const base = Number(this.#header.readBigUInt64LE(0));
    return base === 0 || base + AT_ENTRIES > fstatSync(this.#fd).size ? null : base;
  }

  #look(base: number): Look {
    this.#read(this.#header, base);
    const [turn, buckets, count] = [0, 4, 8].map((at) => this.#header.readUInt32LE(at));
    return { turn: turn ?? 0, buckets: buckets ?? 0, count: Math.min(count ?? 0, ENTRIES) };
  }

  #walk(base: number, { buckets, count }: Look, root: number, node: NodeId): Handle | null {
    const half = 2 ** (31 - Math.clz32(Math.max(1, buckets)));
    const low = Number(node & 0xffff_ffffn);
    const bucket = low % (2 * half);
    this.#read(this.#header.subarray(0, 4), base + HEADS + 4 * (bucket < buckets ? bucket : bucket % half));
    let number = this.#header.readUInt32LE(0);
    // A chain that leads into itself is left where it comes by a mark again; the mark is set anew ever further on.
    let mark = 0;
    for (let steps = 1; number !== 0 && number <= count && number !== mark; steps += 1) {
      if ((steps & (steps - 1)) === 0) mark = number;
      this.#read(this.#entry, base + AT_ENTRIES + ENTRY * (number - 1));
      if (isEntry(this.#entry, 0, root, node)) return handleIn(this.#entry, 0);
      number = this.#entry.readUInt32LE(8);
    }
    return null;
  }

  #scan(base: number, root: number, node: NodeId): Handle | null {
    const { count } = this.#look(base);
    const entries = Buffer.alloc(ENTRY * AT_ONCE);
    for (let first = 0; first < count; first += AT_ONCE) {
      const length = this.#read(entries, base + AT_ENTRIES + ENTRY * first);
      if (length === 0) return null;
      for (let at = 0; at + ENTRY <= length; at += ENTRY)
        if (isEntry(entries, at, root, node)) return handleIn(entries, at);
    }
    return null;
  }

  /** Beyond the memory's end lies nothing. */
  #read(into: Buffer, at: number): number {
    const length = readSync(this.#fd, into, 0, into.length, at);
    into.fill(0, length);
    return length;
  }
}

function isEntry(entry: Buffer, at: number, root: number, node: NodeId): boolean {
  return entry.readBigUInt64LE(at) === node && entry.readUInt16LE(at + 12) === root;
}

/** One char for the type, then one a byte. */
function handleIn(entry: Buffer, at: number): Handle {
  const length = Math.min((entry[at + 14] ?? 0) & LENGTH_MASK, ENTRY - AT_HANDLE);
  return entry.toString('latin1', at + AT_HANDLE - 1, at + AT_HANDLE + length) as Handle;
}
