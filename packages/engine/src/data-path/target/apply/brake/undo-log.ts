/**
 * What has to be done backwards: entries in a file in limbo, each written before the change that it undoes. In: entries. Out: the same,
 * from the last to the first. Promise: what was appended is there for the next process; half an entry, written by one that was killed, is
 * none: its change was not begun.
 */
import { type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import type { Handle, ReplicaFiles } from '../../../../ports.ts';

/** Numbers are never reused. */
export const UndoKind = {
  /** numbers: position, wall ms, source ms. texts: the folder beneath `kept`. */
  begin: 1,
  /** texts: parent, name. */
  made: 2,
  /** texts: handle, from, its name, to, its name. numbers: 1 where it is out of the replica now. */
  moved: 3,
  /** A file that has further names. texts: handle, parent, name. */
  unlinked: 4,
  /** texts: handle at the first place, first, its name, second, its name, handle at the second. */
  exchanged: 5,
  /** texts: handle. numbers: size, mode, uid, gid, atime, mtime. */
  touched: 6,
  /** texts: handle. numbers: offset. */
  content: 7,
  /** texts: handle, then names and values. */
  xattrs: 8,
  /** texts: node, handle. numbers: 1 where it was pending. */
  unbound: 9,
  /** Content that could not be kept. texts: handle, path. */
  lost: 10,
} as const;
export type UndoKind = (typeof UndoKind)[keyof typeof UndoKind];

export interface UndoEntry {
  readonly kind: number;
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
  readonly data: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);
/** Length u32, kind u8, texts u8, numbers u8, 0. */
const HEAD = 8;

export function encodeUndo(
  kind: UndoKind,
  texts: readonly string[],
  numbers: readonly number[] = [],
  data: Uint8Array = NO_BYTES,
): Uint8Array {
  const names = texts.map((text) => rawToBytes(text as RawName));
  const length = names.reduce((sum, name) => sum + 4 + name.length, HEAD + numbers.length * 8) + data.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, kind);
  view.setUint8(5, texts.length);
  view.setUint8(6, numbers.length);
  let at = HEAD;
  for (const number of numbers) {
    view.setFloat64(at, number, true);
    at += 8;
  }
  for (const name of names) {
    view.setUint32(at, name.length, true);
    bytes.set(name, at + 4);
    at += 4 + name.length;
  }
  bytes.set(data, at);
  return bytes;
}

export function decodeUndo(bytes: Uint8Array): UndoEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = HEAD;
  const numbers = Array.from({ length: view.getUint8(6) }, () => {
    at += 8;
    return view.getFloat64(at - 8, true);
  });
  const texts = Array.from({ length: view.getUint8(5) }, () => {
    const length = view.getUint32(at, true);
    const from = at + 4;
    at = from + length;
    return rawFromBytes(bytes.subarray(from, at));
  });
  return { kind: view.getUint8(4), texts, numbers, data: bytes.slice(at) };
}

/** No entry is longer: content goes in pieces. */
export const MOST_ENTRY_BYTES = 2 << 20;

export class UndoLog {
  readonly #files: ReplicaFiles;
  readonly #handle: Handle;
  #length: number;

  /** Of a file that is there: half an entry at its end is cut off. */
  constructor(files: ReplicaFiles, handle: Handle) {
    this.#files = files;
    this.#handle = handle;
    const size = files.attributes(handle)?.size ?? 0;
    this.#length = endOf(files, handle, size);
    if (this.#length < size) files.truncate(handle, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  append(entry: Uint8Array): void {
    this.#files.write(this.#handle, this.#length, entry);
    this.#length += entry.length;
  }

  /** Where entries begin, in order. */
  offsets(): number[] {
    const found: number[] = [];
    for (let at = 0; at < this.#length; at += lengthAt(this.#files, this.#handle, at)) found.push(at);
    return found;
  }

  read(at: number): UndoEntry {
    const length = lengthAt(this.#files, this.#handle, at);
    return decodeUndo((this.#files.read(this.#handle, at, length) ?? NO_BYTES).slice());
  }
}

function lengthAt(files: ReplicaFiles, handle: Handle, at: number): number {
  const head = files.read(handle, at, 4);
  if (head === null || head.length < 4) return 0;
  return new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
}

function endOf(files: ReplicaFiles, handle: Handle, size: number): number {
  let at = 0;
  while (at + HEAD <= size) {
    const length = lengthAt(files, handle, at);
    if (length < HEAD || length > MOST_ENTRY_BYTES || at + length > size) break;
    at += length;
  }
  return at;
}
