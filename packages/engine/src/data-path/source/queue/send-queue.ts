/**
 * The send queue: encoded records in order, in segments that become packets as they are.
 * In: records by copy. Out: packets, numbered as they leave. Promise: never reorders, never drops; `folded` empties it by hand.
 */
import { assert, must, RingBuffer } from '@understudy/base';
import {
  decodeRecord,
  encodeRecordInto,
  type OperationRecord,
  type Position,
  peekLength,
  position,
  recordLength,
  recordVerb,
  stampRecord,
  Verb,
} from '@understudy/wire';
import { mergeWrite } from './merge.ts';
import { SegmentPool } from './segment-pool.ts';

export interface QueuedPacket {
  readonly from: Position;
  readonly to: Position;
  /** Encoded records, each stamped with its position. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Source wall clock of the oldest operation in it, ms. */
  readonly firstTimeMs: number;
  /** Ids of the markers in it and their positions. */
  readonly markers: readonly { readonly id: number; readonly at: Position }[];
}

interface Segment {
  bytes: Uint8Array;
  used: number;
  count: number;
  /** Where the last record begins, for merging; -1: none that may be merged. */
  lastAt: number;
  firstTimeMs: number;
}

export class SendQueue {
  readonly #segments = new RingBuffer<Segment>();
  readonly #pool = new SegmentPool();
  #bytes = 0;
  #operations = 0;
  #next: Position;

  constructor(next: Position) {
    this.#next = next;
  }

  /** Bytes of all records held. */
  get bytes(): number {
    return this.#bytes;
  }

  get operations(): number {
    return this.#operations;
  }

  /** The position that the next record to leave will get. */
  get next(): Position {
    return this.#next;
  }

  /** Source time of the oldest record held, ms; null when empty. */
  get oldestTimeMs(): number | null {
    return this.#segments.at(0)?.firstTimeMs ?? null;
  }

  /** Copies one encoded record that applications caused; a write may join the write before it. */
  append(records: Uint8Array, at: number, length: number, root: number, timeMs: number): void {
    const tail = this.#segments.last();
    if (tail !== undefined && tail.lastAt >= 0 && recordVerb(records, at) === Verb.write) {
      const grown = mergeWrite(tail, records, at, root);
      if (grown >= 0) {
        this.#bytes += grown;
        return;
      }
    }
    const segment = this.#room(length, timeMs);
    segment.bytes.set(records.subarray(at, at + length), segment.used);
    stampRecord(segment.bytes, segment.used, root, position(0));
    this.#added(segment, length);
  }

  /** Encodes a record made by the mirror, by verification or as a marker. */
  appendRecord(record: OperationRecord): void {
    const length = recordLength(record);
    const segment = this.#room(length, record.timeMs);
    encodeRecordInto(record, segment.bytes, segment.used);
    this.#added(segment, length);
  }

  /** The oldest segment as a packet, its records numbered; undefined when empty. */
  take(): QueuedPacket | undefined {
    const segment = this.#segments.shift();
    if (segment === undefined) return undefined;
    // A packet waits for its acknowledgement: it must not hold a mostly empty buffer meanwhile.
    const full = segment.used * 2 >= segment.bytes.length;
    const bytes = full ? segment.bytes.subarray(0, segment.used) : segment.bytes.slice(0, segment.used);
    if (!full) this.#pool.give(segment.bytes);
    const from = this.#next;
    const markers = this.#number(bytes);
    this.#bytes -= segment.used;
    this.#operations -= segment.count;
    return {
      from,
      to: position(this.#next - 1),
      bytes,
      count: segment.count,
      firstTimeMs: segment.firstTimeMs,
      markers,
    };
  }

  /** A packet's bytes that nobody will look at again. */
  recycle(bytes: Uint8Array): void {
    this.#pool.give(bytes);
  }

  /** Empties the queue and hands every record over: positions are given on leaving, so none is burnt. */
  fold(take: (record: OperationRecord) => void): void {
    for (let segment = this.#segments.shift(); segment !== undefined; segment = this.#segments.shift()) {
      for (let at = 0; at < segment.used; at += peekLength(segment.bytes, at)) take(decodeRecord(segment.bytes, at));
    }
    this.#bytes = 0;
    this.#operations = 0;
  }

  #number(bytes: Uint8Array): { id: number; at: Position }[] {
    const markers: { id: number; at: Position }[] = [];
    for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
      stampRecord(bytes, at, view.getUint16(6, true), this.#next);
      if (view.getUint8(4) === Verb.marker) markers.push({ id: decodeRecord(bytes, at).extent, at: this.#next });
      this.#next = position(this.#next + 1);
    }
    return markers;
  }

  #room(length: number, timeMs: number): Segment {
    const tail = this.#segments.last();
    if (tail !== undefined && tail.used + length <= tail.bytes.length) {
      // What was read or said later may have happened earlier: the oldest time counts.
      tail.firstTimeMs = Math.min(tail.firstTimeMs, timeMs);
      return tail;
    }
    const bytes = this.#pool.take(length);
    const segment: Segment = { bytes, used: 0, count: 0, lastAt: -1, firstTimeMs: timeMs };
    this.#segments.push(segment);
    return must(this.#segments.last(), 'just pushed');
  }

  #added(segment: Segment, length: number): void {
    assert(length % 8 === 0, 'records are padded to 8 bytes');
    segment.lastAt = segment.used;
    segment.used += length;
    segment.count += 1;
    this.#bytes += length;
    this.#operations += 1;
  }
}
