/**
 * One segment file. In: entries in order. Out: the same by number. Promise: what is read is what was written, or SegmentDamage says
 * that it is not; an entry that could not be written whole is not there.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs';
import { must } from '@understudy/base';
import {
  contentCrc,
  decodeEntryHeader,
  decodeFileHeader,
  ENTRY_HEADER,
  encodeEntryHeader,
  encodeFileHeader,
  entryLength,
  FILE_HEADER,
} from './segment-format.ts';
import type { SegmentIo } from './segment-io.ts';

/** What was kept is not what is there. The sentence names the file. */
export class SegmentDamage extends Error {
  override readonly name = 'SegmentDamage';
}

export interface Scan {
  /** The numbers that are whole, in order. */
  readonly intact: readonly { readonly first: number; readonly last: number }[];
  /** Where the first that is not lies; null: everything up to the zeros at the end. */
  readonly brokenAt: number | null;
}

/** A scan reads so much at once. */
const CHUNK = 4 * 1024 * 1024;

export class SegmentFile {
  readonly path: string;
  readonly number: number;
  /** Of the first entry that belongs in here. */
  readonly first: number;
  readonly #io: SegmentIo;
  readonly #nonce: bigint;
  readonly #fd: number;
  #size: number;
  #end = FILE_HEADER;
  /** Where the entries begin: of `first` + i at i; null: not looked for yet, or thrown away. */
  #offsets: number[] | null = [];
  /** Behind the newest entry. */
  #next: number;
  /** Lost entries leave holes in the numbers: the offsets of what is whole are kept by number then. */
  #sparse: Map<number, number> | null = null;

  private constructor(
    io: SegmentIo,
    path: string,
    fd: number,
    header: { number: number; first: number; nonce: bigint },
  ) {
    this.#io = io;
    this.path = path;
    this.#fd = fd;
    this.number = header.number;
    this.first = header.first;
    this.#nonce = header.nonce;
    this.#next = header.first;
    this.#size = fstatSync(fd).size;
  }

  /** Throws errno errors; then there is no file. */
  static create(
    io: SegmentIo,
    path: string,
    header: { readonly number: number; readonly first: number; readonly nonce: bigint; readonly bytes: number },
  ): SegmentFile {
    const fd = openSync(path, 'wx+', 0o600);
    try {
      // Not reserved it is as long all the same: entries find room in it one behind another, and a disk that is full says so at a write.
      if (!io.allocate(fd, header.bytes)) ftruncateSync(fd, header.bytes);
      writeAll(io, fd, [encodeFileHeader(header)], 0);
      return new SegmentFile(io, path, fd, header);
    } catch (error) {
      closeSync(fd);
      unlinkSync(path);
      throw error;
    }
  }

  /** null: it has no header that could be read. Throws errno errors. */
  static open(io: SegmentIo, path: string): SegmentFile | null {
    const fd = openSync(path, 'r+');
    const bytes = Buffer.alloc(FILE_HEADER);
    const header = readSync(fd, bytes, 0, FILE_HEADER, 0) === FILE_HEADER ? decodeFileHeader(bytes) : null;
    if (header !== null) return new SegmentFile(io, path, fd, header);
    closeSync(fd);
    return null;
  }

  get fd(): number {
    return this.#fd;
  }

  /** On the disk. */
  get size(): number {
    return this.#size;
  }

  get next(): number {
    return this.#next;
  }

  hasRoom(head: Uint8Array, body: Uint8Array): boolean {
    return this.#end + entryLength(head.length, body.length) <= this.#size;
  }

  /** Throws errno errors; then nothing was appended. */
  append(head: Uint8Array, body: Uint8Array): void {
    const entry = this.#next;
    const header = encodeEntryHeader({ entry, nonce: this.#nonce, head, body });
    writeAll(this.#io, this.#fd, [header, head, body], this.#end);
    this.#offsets?.push(this.#end);
    this.#sparse?.set(entry, this.#end);
    this.#end += entryLength(head.length, body.length);
    this.#size = Math.max(this.#size, this.#end);
    this.#next += 1;
  }

  /** Reads everything; afterwards `next` is behind the newest whole entry. */
  scan(): Scan {
    const intact: { first: number; last: number }[] = [];
    const sparse = new Map<number, number>();
    let brokenAt: number | null = null;
    let at = FILE_HEADER;
    for (const found of this.#entries()) {
      if (found.whole) {
        sparse.set(found.entry, found.at);
        const last = intact.at(-1);
        if (last !== undefined && last.last + 1 === found.entry) last.last = found.entry;
        else intact.push({ first: found.entry, last: found.entry });
      } else brokenAt ??= found.at;
      at = found.end;
    }
    if (!this.#isZero(at)) brokenAt ??= at;
    this.#end = at;
    this.#sparse = sparse;
    this.#offsets = null;
    this.#next = (intact.at(-1)?.last ?? this.first - 1) + 1;
    return { intact, brokenAt };
  }

  /** Throws SegmentDamage. The bytes are fresh. */
  read(entry: number): { readonly head: Buffer; readonly body: Buffer } {
    const at = this.#offsetOf(entry);
    const header = Buffer.allocUnsafe(ENTRY_HEADER);
    const known = at !== undefined && readSync(this.#fd, header, 0, ENTRY_HEADER, at) === ENTRY_HEADER;
    const decoded = known ? decodeEntryHeader(header, 0, this.#nonce) : null;
    if (decoded === null || decoded.entry !== entry) throw this.#damage(entry);
    const { headLength, bodyLength, crc } = decoded;
    const content = Buffer.allocUnsafe(headLength + bodyLength);
    const count = readSync(this.#fd, content, 0, content.length, must(at, 'it was found') + ENTRY_HEADER);
    if (count !== content.length || contentCrc(content) !== crc) throw this.#damage(entry);
    return { head: content.subarray(0, headLength), body: content.subarray(headLength) };
  }

  /** The offsets take memory; they are found again when an entry is asked for. */
  forgetOffsets(): void {
    this.#offsets = null;
    this.#sparse = null;
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    closeSync(this.#fd);
    unlinkSync(this.path);
  }

  #damage(entry: number): SegmentDamage {
    return new SegmentDamage(
      `entry ${entry} cannot be read back from ${this.path}: the disk gives other bytes than were written`,
    );
  }

  #offsetOf(entry: number): number | undefined {
    if (this.#offsets !== null) return this.#offsets[entry - this.first];
    if (this.#sparse === null) {
      this.#sparse = new Map();
      for (const found of this.#headers()) this.#sparse.set(found.entry, found.at);
    }
    return this.#sparse.get(entry);
  }

  /** Headers only, content not looked at. */
  *#headers(): Generator<{ readonly entry: number; readonly at: number }> {
    const bytes = Buffer.allocUnsafe(ENTRY_HEADER);
    for (let at = FILE_HEADER; readSync(this.#fd, bytes, 0, ENTRY_HEADER, at) === ENTRY_HEADER; ) {
      const header = decodeEntryHeader(bytes, 0, this.#nonce);
      if (header === null) return;
      yield { entry: header.entry, at };
      at += entryLength(header.headLength, header.bodyLength);
    }
  }

  *#entries(): Generator<{ entry: number; at: number; end: number; whole: boolean }> {
    let chunk: Buffer = Buffer.alloc(0);
    let from = FILE_HEADER;
    const fill = (at: number, length: number): boolean => {
      if (at + length <= from + chunk.length) return true;
      const wanted = Buffer.allocUnsafe(Math.max(length, CHUNK));
      chunk = wanted.subarray(0, readSync(this.#fd, wanted, 0, wanted.length, at));
      from = at;
      return chunk.length >= length;
    };
    for (let at = FILE_HEADER; fill(at, ENTRY_HEADER); ) {
      const header = decodeEntryHeader(chunk, at - from, this.#nonce);
      if (header === null) return;
      const length = header.headLength + header.bodyLength;
      if (!fill(at, ENTRY_HEADER + length)) return;
      const content = chunk.subarray(at - from + ENTRY_HEADER, at - from + ENTRY_HEADER + length);
      const end = at + entryLength(header.headLength, header.bodyLength);
      yield { entry: header.entry, at, end, whole: contentCrc(content) === header.crc };
      at = end;
    }
  }

  /** Nothing at all was written from here on, as far as one header would show. */
  #isZero(at: number): boolean {
    const bytes = Buffer.alloc(ENTRY_HEADER);
    const count = readSync(this.#fd, bytes, 0, ENTRY_HEADER, at);
    return bytes.subarray(0, count).every((byte) => byte === 0);
  }

  /** Cuts off what is not durable: it must not be found at the next start. */
  cutAt(entry: number): void {
    const at = this.#offsetOf(entry);
    if (at !== undefined) ftruncateSync(this.#fd, at);
  }
}

/** Throws errno errors; a part that was written stays, without a header that would count. */
function writeAll(io: SegmentIo, fd: number, parts: readonly Uint8Array[], at: number): void {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  let done = io.write(fd, parts, at);
  if (done === total) return;
  const rest = Buffer.concat(parts);
  try {
    while (done < total) done += io.write(fd, [rest.subarray(done)], at + done);
  } catch (error) {
    io.write(fd, [Buffer.alloc(Math.min(done, ENTRY_HEADER))], at);
    throw error;
  }
}
