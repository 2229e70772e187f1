/**
 * What has to be done backwards: entries in a file in limbo, each written before the change that it undoes. In: entries. Out: the same,
 * from the last to the first. Promise: what was appended is there for the next process; half an entry, written by one that was killed, is
 * none: its change was not begun. A log with anything else in it is damaged, and says so: part of it is no way back.
 */
import { concatBytes, copyBytes, type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import { FileError, type Handle, type ReplicaFiles } from '../../../../ports.ts';

/** Numbers are never reused. */
export const UndoKind = {
  /** numbers: position, wall ms, source ms, the last stretch that was joined with this one. texts: the folder beneath `kept` and `gone`, the root. */
  begin: 1,
  /** texts: parent, name. */
  made: 2,
  /** texts: handle, from, its name, to, its name. numbers: 1 where it is out of the replica now; how many bytes that are. */
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
  /** Content that could not be kept. texts: handle, path, and of a name its directory and itself. numbers: 1 where nothing else is known either, and 2 where nothing is known of what was in it. */
  lost: 10,
  /** What was announced by `made` is there now. texts: handle, parent, name. */
  born: 11,
  /** A checkpoint was begun. numbers: what was applied. */
  mark: 12,
  /** The source began another stream. numbers: the position before its first. */
  stream: 13,
} as const;
export type UndoKind = (typeof UndoKind)[keyof typeof UndoKind];

export interface UndoEntry {
  readonly kind: number;
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
  readonly data: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);
/** Length u32, kind u8, texts u8, numbers u8, 0, sum of these u32, sum of numbers and texts u32, sum of the data u32. */
const HEAD = 20;
const AT_HEAD_SUM = 8;
const AT_WORDS_SUM = 12;
const AT_DATA_SUM = 16;

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
  view.setUint32(AT_HEAD_SUM, sumOf(view, 0, AT_HEAD_SUM), true);
  view.setUint32(AT_WORDS_SUM, sumOf(view, HEAD, at), true);
  view.setUint32(AT_DATA_SUM, sumOf(view, at, length), true);
  return bytes;
}

/** By words: content is kept aside while the stream waits. */
function sumOf(view: DataView, from: number, to: number): number {
  let sum = 0x811c9dc5 ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) {
    sum = Math.imul(sum ^ view.getUint32(at, true), 0x9e3779b1);
    sum ^= sum >>> 15;
  }
  for (; at < to; at += 1) sum = Math.imul(sum ^ view.getUint8(at), 0x01000193);
  return (sum ^ (sum >>> 13)) >>> 0;
}

/** Throws FileError where the bytes are not a whole entry. */
export function decodeUndo(bytes: Uint8Array): UndoEntry {
  const view = viewOf(bytes);
  if (lengthIn(view) !== bytes.length) throw damaged();
  const { end, ...words } = wordsOf(bytes);
  if (view.getUint32(AT_DATA_SUM, true) !== sumOf(view, end, bytes.length)) throw damaged();
  return { ...words, data: copyBytes(bytes, end) };
}

/** All but the data; throws where it is not whole. */
function wordsOf(bytes: Uint8Array): Omit<UndoEntry, 'data'> & { readonly end: number } {
  const view = viewOf(bytes);
  let at = HEAD;
  const here = (length: number): number => {
    if (at + length > bytes.length) throw damaged();
    at += length;
    return at - length;
  };
  const numbers = Array.from({ length: view.getUint8(6) }, () => view.getFloat64(here(8), true));
  const texts = Array.from({ length: view.getUint8(5) }, () => {
    const length = view.getUint32(here(4), true);
    const from = here(length);
    return rawFromBytes(bytes.subarray(from, from + length));
  });
  if (view.getUint32(AT_WORDS_SUM, true) !== sumOf(view, HEAD, at)) throw damaged();
  return { kind: view.getUint8(4), texts, numbers, end: at };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const damaged = (): FileError => new FileError('EIO', 'read', 'what was kept to be taken back is damaged');

/** What a head says; null: it is none. */
function lengthIn(head: DataView): number | null {
  if (head.byteLength < HEAD || head.getUint32(AT_HEAD_SUM, true) !== sumOf(head, 0, AT_HEAD_SUM)) return null;
  const length = head.getUint32(0, true);
  return length < HEAD || length > MOST_ENTRY_BYTES ? null : length;
}

/** No entry is longer: content goes in pieces. */
export const MOST_ENTRY_BYTES = 2 << 20;

/** What an entry says, and of content where it lies: the bytes themselves are read, and their sum looked at, when they are needed. */
export interface UndoOutline {
  readonly at: number;
  readonly length: number;
  readonly kind: number;
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
  /** Of content: its first byte in the file, and how many. */
  readonly dataAt: number;
  readonly dataLength: number;
}

/** Enough for an entry without its content. */
const FIRST = 512;

export class UndoLog {
  readonly #files: ReplicaFiles;
  readonly #handle: Handle;
  #length = 0;
  /** Goes with the next entry, or when it is asked for. */
  #later: Uint8Array[] = [];

  /** Of a file that is there: half an entry at its end is cut off. Throws FileError where it is damaged. */
  constructor(files: ReplicaFiles, handle: Handle, seen: (entry: UndoOutline) => void = () => {}) {
    this.#files = files;
    this.#handle = handle;
    const size = files.attributes(handle)?.size ?? 0;
    while (this.#length + HEAD <= size) {
      const length = lengthAt(files, handle, this.#length);
      if (this.#length + length > size) break;
      seen(this.outline(this.#length));
      this.#length += length;
    }
    if (this.#length < size) files.truncate(handle, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  append(entry: Uint8Array): void {
    const bytes = this.#later.length === 0 ? entry : concatBytes([...this.#later, entry]);
    this.#files.write(this.#handle, this.#length, bytes);
    this.#later = [];
    this.#length += bytes.length;
  }

  /** An entry about what has been done already: it may wait for the next one. */
  appendLater(entry: Uint8Array): void {
    this.#later.push(entry);
  }

  flush(): void {
    if (this.#later.length > 0) this.append(NO_BYTES);
  }

  /** What lies behind is as if it had never been written. */
  cut(at: number): void {
    this.#later = [];
    this.#files.truncate(this.#handle, at);
    this.#length = at;
  }

  /** Where entries begin, in order. */
  offsets(): number[] {
    this.flush();
    const found: number[] = [];
    for (let at = 0; at < this.#length; at += lengthAt(this.#files, this.#handle, at)) found.push(at);
    return found;
  }

  /** Also of what is not written yet. Nothing is written for it: a full disk is read as well as any. */
  *outlines(): Generator<UndoOutline> {
    const later = [...this.#later];
    let at = 0;
    for (const end = this.#length; at < end; ) {
      const entry = this.outline(at);
      yield entry;
      at += entry.length;
    }
    for (const bytes of later) {
      const { data, ...words } = decodeUndo(bytes);
      yield { at, length: bytes.length, ...words, dataAt: at + bytes.length - data.length, dataLength: data.length };
      at += bytes.length;
    }
  }

  /** Throws FileError where it is not what was appended. */
  read(at: number): UndoEntry {
    const length = lengthAt(this.#files, this.#handle, at);
    return decodeUndo(this.#files.read(this.#handle, at, length) ?? NO_BYTES);
  }

  outline(at: number): UndoOutline {
    const start = this.#files.read(this.#handle, at, FIRST) ?? NO_BYTES;
    const length = lengthIn(viewOf(start));
    if (length === null) throw damaged();
    const brief = start[4] === UndoKind.content;
    if (!brief && length > start.length) {
      const { data, ...words } = this.read(at);
      return { at, length, ...words, dataAt: at + length - data.length, dataLength: data.length };
    }
    const bytes = start.subarray(0, Math.min(length, start.length));
    if (!brief) decodeUndo(bytes);
    const { end, ...words } = wordsOf(bytes);
    return { at, length, ...words, dataAt: at + end, dataLength: length - end };
  }
}

function lengthAt(files: ReplicaFiles, handle: Handle, at: number): number {
  const head = files.read(handle, at, HEAD) ?? NO_BYTES;
  const length = lengthIn(viewOf(head));
  if (length === null) throw damaged();
  return length;
}
