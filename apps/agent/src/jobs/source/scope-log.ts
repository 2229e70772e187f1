/**
 * Which files the target knows, for roots where rules are asked or that lie beneath wider ones: a file in the job's queue folder. In: pieces
 * of the engine's notes (scope-notes.ts), appended before the ring lets go of what caused them. Out: the same pieces to the next process.
 * Promise: a piece is handed out whole or not at all, in order, and only to the stream that it belongs to; what cannot be written is
 * gone as a whole, never in part; what was written before a `sync` that has come back outlives a power cut. A piece that was cut off at the end had not let go of anything yet; with any other damage nothing of it
 * counts, for the ring does not tell again of what a piece in the midst said.
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncDirectory } from '../../home/atomic-json.ts';

/** Length u32, then the sum of that u32, then that of the piece u32; each goes on from the one before, so that every piece has its place. */
const HEADER = 12;
/** Grown to so many times what it began with, and this much, it is written anew. */
const GROWTH = 4;
const LEAST_GROWTH = 16 * 1024 * 1024;

export class ScopeLog {
  readonly #path: string;
  readonly #stream: string;
  #file: number | null = null;
  #at = 0;
  #sum = 0;
  #begunWith = 0;
  /** Up to here it is on the disk. */
  #durable = 0;
  #rewrites = 0;

  constructor(path: string, stream: string) {
    this.#path = path;
    this.#stream = stream;
  }

  /** What an earlier process of the same stream wrote; null: nothing that can be trusted. */
  read(): Uint8Array[] | null {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch {
      // None, or one that cannot be read: everything is compared then.
      return null;
    }
    const [stream, ...notes] = piecesOf(bytes) ?? [];
    return stream !== undefined && Buffer.from(stream).toString() === this.#stream ? notes : null;
  }

  get hasGrown(): boolean {
    return this.#at > LEAST_GROWTH + this.#begunWith * GROWTH;
  }

  /** Begins anew with these pieces; what was there counts until all of them are. Throws where the disk refuses. */
  rewrite(pieces: Iterable<Uint8Array>): void {
    this.close();
    this.#file = openSync(`${this.#path}.new`, 'w', 0o600);
    this.#at = 0;
    this.#sum = 0;
    this.#put(Buffer.from(this.#stream));
    for (const piece of pieces) this.#put(piece);
    // The one before counts until this one is whole on the disk, also over a power cut.
    fdatasyncSync(this.#file);
    renameSync(`${this.#path}.new`, this.#path);
    syncDirectory(dirname(this.#path));
    this.#begunWith = this.#at;
    this.#durable = this.#at;
    this.#rewrites += 1;
  }

  get isDurable(): boolean {
    return this.#durable === this.#at;
  }

  /** What has been written by now goes to the disk, while nobody waits. Rejects where the disk refuses. */
  async sync(): Promise<void> {
    const [rewrites, at] = [this.#rewrites, this.#at];
    // By itself: the other may be closed meanwhile, and its number be another file's.
    const handle = await open(this.#path, 'r');
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
    if (this.#rewrites === rewrites) this.#durable = Math.max(this.#durable, at);
  }

  /** The same, while everybody waits. Throws where the disk refuses. */
  syncNow(): void {
    if (this.#file === null) return;
    fdatasyncSync(this.#file);
    this.#durable = this.#at;
  }

  /** Throws where the disk refuses. */
  append(piece: Uint8Array): void {
    this.#put(piece);
  }

  /** Nothing of it counts any more. Throws where it cannot be taken away. */
  forget(): void {
    this.close();
    rmSync(this.#path, { force: true });
    rmSync(`${this.#path}.new`, { force: true });
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #put(piece: Uint8Array): void {
    const file = this.#file;
    if (file === null) throw new Error('the log has not been begun');
    const line = Buffer.allocUnsafe(HEADER + piece.length);
    line.writeUInt32LE(piece.length, 0);
    const [head, whole] = sumsOf(line, piece, this.#sum);
    line.writeUInt32LE(head, 4);
    line.writeUInt32LE(whole, 8);
    line.set(piece, HEADER);
    for (let done = 0; done < line.length; ) done += writeSync(file, line, done, line.length - done, this.#at + done);
    this.#at += line.length;
    this.#sum = whole;
  }
}

function sumsOf(line: Uint8Array, piece: Uint8Array, before: number): [head: number, whole: number] {
  const head = crc32(line.subarray(0, 4), before);
  return [head, crc32(piece, head)];
}

/** Null: damaged. */
function piecesOf(bytes: Buffer): Uint8Array[] | null {
  const pieces: Uint8Array[] = [];
  let sum = 0;
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const line = bytes.subarray(at);
    const end = HEADER + line.readUInt32LE(0);
    const piece = line.subarray(HEADER, end);
    const [head, whole] = sumsOf(line, piece, sum);
    if (head !== line.readUInt32LE(4)) return null;
    if (end > line.length) break;
    if (whole !== line.readUInt32LE(8)) return null;
    pieces.push(piece);
    sum = whole;
    at += end;
  }
  return pieces;
}
