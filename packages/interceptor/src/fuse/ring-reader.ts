/**
 * The agent's end of the ring. In: the ring's file, shared with fsid. Out: batches of whole records, in order.
 * Promised: nothing is handed on that is not committed, the tail moves only over what `take` has had, and no record is cut.
 * The offsets are those of native/linux/layout.h; Node has no memory mapping, so every look is a read.
 */
import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { type Barrier, InterceptorRefusal } from '@understudy/engine';
import { MAX_RECORD, peekLength } from '@understudy/wire';

const HEADER = 8192;
const MAGIC = 0x474e495249534655n;
const VERSION = 1;
const AT_HEAD = 64;
const AT_TAIL = 128;
const AT_ARMED = 192;
const AT_COUNTERS = 4096;
const WORKERS = 256;
const BATCH = 4 << 20;

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
  #tail: number;

  /** `path` leads to the ring's memory: /proc/PID/fd/N of the holder. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r+');
    this.#look();
    if (this.#header.readBigUInt64LE(0) !== MAGIC || this.#header.readUInt32LE(8) !== VERSION) {
      closeSync(this.#fd);
      throw new InterceptorRefusal(
        'failed',
        'the running interceptor speaks another version of the ring; release everything with the version that started it',
      );
    }
    this.size = Number(this.#header.readBigUInt64LE(16));
    this.#batch = new Uint8Array(Math.max(2 * MAX_RECORD, Math.min(BATCH, this.size)));
    this.#view = new DataView(this.#batch.buffer);
    this.#tail = this.#pair(AT_TAIL);
  }

  /** True where something is to be drained. */
  hasRecords(): boolean {
    return this.#head() > this.#tail;
  }

  drain(take: (records: Uint8Array) => void): number {
    const head = this.#head();
    let count = 0;
    while (this.#tail < head) {
      const length = Math.min(head - this.#tail, this.#batch.length);
      this.#read(this.#tail % this.size, length);
      const [records, bytes] = this.#whole(length);
      take(this.#batch.subarray(0, bytes));
      count += records;
      this.#moveTail(this.#tail + bytes);
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
    while (at + 4 <= length && at + this.#view.getUint32(at, true) <= length) {
      at += peekLength(view, at);
      records += 1;
    }
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
