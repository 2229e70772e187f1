/**
 * The agent's end of the ring. In: the ring's file, shared with fsid. Out: batches of whole records, in order.
 * Promised: nothing is handed on that is not committed, the tail moves only over what `take` has had, and no record is cut; where drained
 * records are kept, the tail moves only over what was freed, so that a process that dies before it has freed them gets them again.
 * Marks that cannot be those of a ring, and what is no record, are refused by name; nothing of them is handed on.
 * The offsets are those of native/linux/layout.h; Node has no memory mapping, so every look is a read.
 */
import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { RingBuffer } from '@understudy/base';
import { type Barrier, InterceptorRefusal } from '@understudy/engine';
import { MAX_RECORD, peekLength, RecordError } from '@understudy/wire';

const HEADER = 8192;
const MAGIC = 0x474e495249534655n;
const VERSION = 4;
/** Written by the first process that reads the ring; the servers leave it alone. */
const AT_IDENTITY = 24;
const IDENTITY_BYTES = 16;
const AT_HEAD = 64;
const AT_TAIL = 128;
const AT_ARMED = 192;
const AT_COUNTERS = 4096;
const WORKERS = 256;
const BATCH = 4 << 20;
/** Drained and kept records are freed in pieces of about this size. */
const PIECE = 64 << 10;

/** Where a drained piece ends, in sequences and in bytes. */
interface Piece {
  readonly sequence: number;
  readonly end: number;
}

export interface RingStatus {
  readonly used: number;
  readonly notes: number;
  readonly dirtyTotal: number;
  readonly restarts: number;
  readonly takeovers: number;
}

export class RingReader {
  readonly size: number;
  readonly #fd: number;
  readonly #header = Buffer.alloc(256);
  readonly #counters = Buffer.alloc(WORKERS * 16);
  readonly #mark = Buffer.alloc(16);
  /** No Buffer: what is handed on must copy where its taker says `slice`. */
  readonly #batch: Uint8Array;
  readonly #view: DataView;
  /** Where the next drain begins. */
  #drained: number;
  /** The shared mark: the servers may write up to a ring's size beyond it. */
  #tail: number;
  #keeping = false;
  readonly #pieces = new RingBuffer<Piece>();
  readonly identity: string;

  /** `path` leads to the ring's memory: /proc/PID/fd/N of the holder. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r+');
    this.#look();
    if (this.#header.readBigUInt64LE(0) !== MAGIC || this.#header.readUInt32LE(8) !== VERSION)
      this.#refuse(
        'the running interceptor speaks another version of the ring; release everything with the version that started it',
      );
    this.size = Number(this.#header.readBigUInt64LE(16));
    const [head, tail] = [this.#pair(AT_HEAD), this.#pair(AT_TAIL)];
    if (this.size === 0 || HEADER + this.size > fstatSync(this.#fd).size || head < tail || head - tail > this.size)
      this.#refuse('the ring of the running interceptor is damaged; release everything, and protect it anew');
    this.#batch = new Uint8Array(Math.max(2 * MAX_RECORD, Math.min(BATCH, this.size)));
    this.#view = new DataView(this.#batch.buffer);
    this.#tail = tail;
    this.#drained = tail;
    this.identity = this.#identify();
  }

  /** From now on the tail waits for `free`. */
  keepDrained(): void {
    this.#keeping = true;
  }

  free(through: number): void {
    let tail = this.#tail;
    for (let piece = this.#pieces.at(0); piece !== undefined && piece.sequence <= through; piece = this.#pieces.at(0)) {
      tail = piece.end;
      this.#pieces.shift();
    }
    if (tail !== this.#tail) this.#moveTail(tail);
  }

  /** True where something is to be drained. */
  hasRecords(): boolean {
    return this.#head() > this.#drained;
  }

  drain(take: (records: Uint8Array) => void): number {
    const head = this.#head();
    if (head - this.#tail > this.size)
      throw new RecordError(`the ring ends at ${head}, more than its size behind ${this.#tail}`);
    let count = 0;
    while (this.#drained < head) {
      const length = Math.min(head - this.#drained, this.#batch.length);
      this.#read(this.#drained % this.size, length);
      const [records, bytes] = this.#whole(length);
      take(this.#batch.subarray(0, bytes));
      count += records;
      this.#drained += bytes;
      if (!this.#keeping) this.#moveTail(this.#drained);
    }
    return count;
  }

  /** From now on the next append rings the bell. */
  arm(): void {
    this.#mark.writeUInt32LE(1, 0);
    writeSync(this.#fd, this.#mark, 0, 4, AT_ARMED);
  }

  barrier(): Barrier {
    const executing: string[] = [];
    this.#lookAtCounters();
    for (let worker = 0; worker < WORKERS; worker += 1) {
      const begun = this.#counters.readBigUInt64LE(worker * 16);
      if (begun > this.#counters.readBigUInt64LE(worker * 16 + 8)) executing.push(`${worker}:${begun}`);
    }
    return executing.join(' ') as Barrier;
  }

  /** Where the ring was full, what finished is in the ring only once its note is. */
  passed(barrier: Barrier): boolean {
    this.#lookAtCounters();
    for (const part of barrier === '' ? [] : barrier.split(' ')) {
      const [worker, begun] = part.split(':');
      if (this.#counters.readBigUInt64LE(Number(worker) * 16 + 8) < BigInt(begun ?? '0')) return false;
    }
    return this.status().notes === 0;
  }

  status(): RingStatus {
    const used = this.#head() - this.#tail;
    return {
      used,
      notes: this.#header.readUInt32LE(AT_ARMED + 4),
      dirtyTotal: Number(this.#header.readBigUInt64LE(AT_ARMED + 8)),
      restarts: Number(this.#header.readBigUInt64LE(AT_ARMED + 16)),
      takeovers: Number(this.#header.readBigUInt64LE(AT_ARMED + 24)),
    };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #refuse(sentence: string): never {
    closeSync(this.#fd);
    throw new InterceptorRefusal('failed', sentence);
  }

  #identify(): string {
    const known = Buffer.alloc(IDENTITY_BYTES);
    readSync(this.#fd, known, 0, IDENTITY_BYTES, AT_IDENTITY);
    if (known.every((byte) => byte === 0)) {
      randomFillSync(known);
      writeSync(this.#fd, known, 0, IDENTITY_BYTES, AT_IDENTITY);
    }
    return known.toString('hex');
  }

  #look(): void {
    readSync(this.#fd, this.#header, 0, this.#header.length, 0);
  }

  #lookAtCounters(): void {
    readSync(this.#fd, this.#counters, 0, this.#counters.length, AT_COUNTERS);
  }

  #head(): number {
    this.#look();
    return this.#pair(AT_HEAD);
  }

  /** Two copies: a read that fell into a store sees them differ, and then the smaller one is certain. */
  #pair(at: number): number {
    return Math.min(Number(this.#header.readBigUInt64LE(at)), Number(this.#header.readBigUInt64LE(at + 8)));
  }

  #read(at: number, length: number): void {
    const first = Math.min(length, this.size - at);
    readSync(this.#fd, this.#batch, 0, first, HEADER + at);
    if (first < length) readSync(this.#fd, this.#batch, first, length - first, HEADER);
  }

  /** How many whole records lie in the first `length` bytes, and where they end. */
  #whole(length: number): [records: number, bytes: number] {
    const view = this.#batch.subarray(0, length);
    let at = 0;
    let records = 0;
    let piece = 0;
    let sequence = 0;
    while (at + 4 <= length && at + this.#view.getUint32(at, true) <= length) {
      const next = at + peekLength(view, at);
      sequence = Number(this.#view.getBigUint64(at + 8, true));
      at = next;
      records += 1;
      if (!this.#keeping || at - piece < PIECE) continue;
      piece = at;
      this.#pieces.push({ sequence, end: this.#drained + at });
    }
    if (this.#keeping && at > piece) this.#pieces.push({ sequence, end: this.#drained + at });
    if (records === 0) peekLength(view, 0);
    return [records, at];
  }

  #moveTail(tail: number): void {
    this.#mark.writeBigUInt64LE(BigInt(tail), 0);
    this.#mark.writeBigUInt64LE(BigInt(tail), 8);
    writeSync(this.#fd, this.#mark, 0, 16, AT_TAIL);
    this.#tail = tail;
  }
}
