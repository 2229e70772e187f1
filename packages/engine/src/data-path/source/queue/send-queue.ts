/**
 * The send queue: encoded records in order, in segments that become packets as they are.
 * In: records by copy. Out: packets, numbered as they leave. Memory holds the oldest; what does not fit is in the store, in order.
 * Promise: never reorders, never drops; `fold` empties it by hand. Once it stores, nothing leaves that is not stored, until all of the
 * store has been received.
 */
import { assert, copyBytes, RingBuffer } from '@understudy/base';
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
import { mergeNeighbours, mergeWrite } from './merge.ts';
import { Overflow } from './overflow.ts';
import type { QueueStore } from './queue-store.ts';
import type { QueuedPacket } from './queued-packet.ts';
import {
  cutReceived,
  MORE_FOLLOW,
  NOT_STORED,
  noteSequence,
  numberRecords,
  type Received,
  type Segment,
  sequenceOf,
} from './segment.ts';
import { SegmentPool } from './segment-pool.ts';

export interface SendQueueOptions {
  readonly next: Position;
  readonly store?: QueueStore | undefined;
  /** Bytes of records in memory while the store takes what comes. */
  readonly memoryBytes?: number;
}

export class SendQueue {
  readonly #overflow: Overflow | null;
  readonly #memoryBytes: number;
  readonly #segments = new RingBuffer<Segment>();
  readonly #pool = new SegmentPool();
  /** The segment that is being filled; behind all others. */
  #tail: Segment | null = null;
  #memory = 0;
  #bytes = 0;
  #operations = 0;
  #next: Position;
  #origin = 0;
  /** What the target had when it was heard of after a restart. */
  #has: Received = { origin: 0, received: 0 };
  /** Not before that is known: the target may have the one write and not the other. They are joined when they leave. */
  #merging = true;

  /** Throws QueueStoreError where what was kept from before cannot be read. */
  constructor(options: SendQueueOptions) {
    this.#next = options.next;
    this.#overflow = options.store === undefined ? null : new Overflow(options.store);
    this.#memoryBytes = options.memoryBytes ?? Number.POSITIVE_INFINITY;
    for (const { bytes, count } of this.#overflow?.heads() ?? []) {
      this.#bytes += bytes;
      this.#operations += count;
    }
  }

  /** Bytes of all records held, wherever. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of records held in memory. */
  get memoryBytes(): number {
    return this.#memory;
  }

  get diskBytes(): number {
    return this.#overflow?.bytes ?? 0;
  }

  get operations(): number {
    return this.#operations;
  }

  /** Whatever is held is in the store, but the tail. */
  get storing(): boolean {
    return this.#overflow?.active === true;
  }

  get canStore(): boolean {
    return this.#overflow !== null;
  }

  /** The position that the next record to leave will get. */
  get next(): Position {
    return this.#next;
  }

  /** Source time of the oldest record held, ms; null when empty. */
  get oldestTimeMs(): number | null {
    return this.#segments.at(0)?.firstTimeMs ?? this.#overflow?.oldestTimeMs ?? this.#tail?.firstTimeMs ?? null;
  }

  /** Lowest ring sequence that is nowhere but in memory; null: none. */
  get firstUnstored(): number | null {
    for (let i = 0; !this.storing && i < this.#segments.size; i += 1) {
      const segment = this.#segments.at(i);
      if (segment !== undefined && segment.first > 0) return segment.first;
    }
    return this.#tail !== null && this.#tail.first > 0 ? this.#tail.first : null;
  }

  /** Lowest ring sequence that is held anywhere; 0: something is, and nobody knows which; null: none. */
  get firstSequence(): number | null {
    for (let i = 0; i < this.#segments.size; i += 1) {
      const segment = this.#segments.at(i);
      if (segment !== undefined && segment.first > 0) return segment.first;
    }
    if (this.#overflow !== null && this.#overflow.size > 0) return 0;
    return this.#tail !== null && this.#tail.first > 0 ? this.#tail.first : null;
  }

  /** Highest ring sequence that the store tells of; 0: none. */
  get storedThrough(): number {
    return this.#overflow?.through ?? 0;
  }

  // ------------------------------------------------------------------------------------------------------- coming in

  /** Copies one encoded record that applications caused; a write may join the write before it. Throws QueueStoreError. */
  append(
    records: Uint8Array,
    at: number,
    of: { readonly length: number; readonly root: number; readonly timeMs: number },
  ) {
    const sequence = sequenceOf(records, at);
    const tail = this.#tail;
    if (this.#merging && tail !== null && tail.lastAt >= 0 && recordVerb(records, at) === Verb.write) {
      const grown = mergeWrite(tail, records, at, of.root);
      if (grown >= 0) {
        this.#grown(grown);
        noteSequence(tail, sequence, false);
        this.#closeHole(tail, of.root);
        return;
      }
    }
    const segment = this.#room(of.length, of.timeMs);
    segment.bytes.set(records.subarray(at, at + of.length), segment.used);
    stampRecord(segment.bytes, segment.used, of.root, position(sequence));
    this.#added(segment, of.length, { sequence, more: false });
  }

  /**
   * Encodes a record made by the mirror, by verification or as a marker (sequence 0), or in the place of an operation: then it carries
   * that one's sequence, and `more` where others of the same follow. Throws QueueStoreError.
   */
  appendRecord(record: OperationRecord, more = false): void {
    const length = recordLength(record);
    const segment = this.#room(length, record.timeMs);
    encodeRecordInto(record, segment.bytes, segment.used);
    if (more) segment.bytes[segment.used + 5] = record.flags | MORE_FOLLOW;
    this.#added(segment, length, { sequence: record.sequence, more });
  }

  // ------------------------------------------------------------------------------------------------------- going out

  /** The oldest segment as a packet, its records numbered; undefined when empty. Throws QueueStoreError. */
  take(): QueuedPacket | undefined {
    for (;;) {
      if (this.#segments.size === 0 && this.#overflow?.size === 0 && this.#tail !== null && this.#overflow.active)
        this.#overflow.putSegment(this.#tail);
      const segment = this.#shift();
      if (segment === undefined) return undefined;
      const packet = this.#leave(segment);
      if (packet !== null) return packet;
    }
  }

  /** A packet that the target has. `reuse`: nobody looks at its bytes any more. */
  received(packet: QueuedPacket, reuse: boolean): void {
    if (reuse) this.#pool.give(packet.bytes);
    if (packet.entry >= 0) this.#overflow?.free(packet.entry);
  }

  /** Until `goOn` nobody knows what of the ring has arrived. */
  awaitTarget(): void {
    this.#merging = false;
  }

  /** The target has said what it has: the rest follows behind it. Nothing may be on its way. Throws QueueStoreError. */
  goOn(has: Received): void {
    this.#has = has;
    this.#origin = Math.max(this.#origin, has.origin);
    this.#next = position(has.received + 1);
    this.#merging = true;
    if (this.#overflow === null || this.#overflow.size === 0) return;
    const { bytes, count } = this.#overflow.dropArrived(has);
    this.#bytes -= bytes;
    this.#operations -= count;
  }

  // --------------------------------------------------------------------------------------------------------- storing

  /** From now on all that is held is in the store. `inFlight` has left already, oldest first. Throws QueueStoreError. */
  store(inFlight: Iterable<QueuedPacket>): void {
    const overflow = this.#overflow;
    assert(overflow !== null, 'only a queue that has a store stores');
    if (!overflow.active) {
      for (const packet of inFlight) if (packet.entry === NOT_STORED) overflow.putPacket(packet);
      for (let i = 0; i < this.#segments.size; i += 1) {
        const segment = this.#segments.at(i);
        if (segment !== undefined) overflow.putSegment(segment);
      }
      overflow.begin();
    }
    this.#seal();
  }

  /**
   * Empties the queue and hands every record over, an entry at a time: positions are given on leaving, so none is burnt. What has left
   * loses its place in the store, too: the caller sees to it. `letGo` is called before the store lets go of anything, with the
   * QueueStoreError where an entry could not be read; that one is thrown when the queue is empty.
   */
  fold(take: (record: OperationRecord) => void, letGo: (failed: unknown) => void = () => {}): void {
    let failed: unknown = null;
    try {
      for (let segment = this.#shift(); segment !== undefined; segment = this.#shift())
        for (let at = 0; at < segment.used; at += peekLength(segment.bytes, at)) take(decodeRecord(segment.bytes, at));
    } catch (error) {
      failed = error;
    }
    letGo(failed);
    this.clear();
    if (failed !== null) throw failed;
  }

  clear(): void {
    this.#segments.clear();
    this.#tail = null;
    this.#overflow?.clear();
    this.#memory = 0;
    this.#bytes = 0;
    this.#operations = 0;
  }

  close(): void {
    this.#overflow?.close();
  }

  // ------------------------------------------------------------------------------------------------------------ within

  /** The oldest of all that is queued. */
  #shift(): Segment | undefined {
    const oldest = this.#segments.shift() ?? this.#overflow?.shift() ?? this.#tail;
    if (oldest === null) return undefined;
    if (oldest === this.#tail) this.#tail = null;
    if (oldest.loaded !== true) this.#memory -= oldest.used;
    return oldest;
  }

  /** Null: the target has all of it. */
  #leave(segment: Segment): QueuedPacket | null {
    this.#bytes -= segment.used;
    this.#operations -= segment.count;
    this.#origin = Math.max(this.#origin, segment.last);
    const cut = segment.numbered === true || (segment.first > 0 && segment.first <= this.#has.origin);
    const left = cut ? cutReceived(segment, this.#has) : segment;
    // What has left before keeps its positions.
    const apart = segment.apart === true && segment.numbered !== true;
    const { used, count } = apart ? mergeNeighbours(segment.bytes, left) : left;
    if (count === 0) {
      if (segment.entry >= 0) this.#overflow?.free(segment.entry);
      this.#pool.give(segment.bytes);
      return null;
    }
    // A packet waits for its acknowledgement: it must not hold a mostly empty buffer meanwhile.
    const full = used * 2 >= segment.bytes.length;
    const bytes = full ? segment.bytes.subarray(0, used) : copyBytes(segment.bytes, 0, used);
    if (!full) this.#pool.give(segment.bytes);
    const from = this.#next;
    const { next, markers } = numberRecords(bytes, from);
    this.#next = next;
    const { firstTimeMs, first, entry } = segment;
    return { from, to: position(next - 1), bytes, count, firstTimeMs, markers, origin: this.#origin, first, entry };
  }

  /** The tail is closed: into memory where it is next in order and fits, else it is in the store only. Throws QueueStoreError. */
  #seal(): void {
    const tail = this.#tail;
    if (tail === null) return;
    const overflow = this.#overflow;
    if (overflow?.active) overflow.putSegment(tail);
    this.#tail = null;
    if (!overflow?.active || (overflow.size === 0 && this.#memory <= this.#memoryBytes)) {
      this.#segments.push(tail);
      return;
    }
    overflow.keepOnly(tail);
    this.#memory -= tail.used;
    this.#pool.give(tail.bytes);
  }

  #room(length: number, timeMs: number): Segment {
    const tail = this.#tail;
    if (tail !== null && tail.used + length <= tail.bytes.length) {
      // What was read or said later may have happened earlier: the oldest time counts.
      tail.firstTimeMs = Math.min(tail.firstTimeMs, timeMs);
      return tail;
    }
    this.#seal();
    const bytes = this.#pool.take(length);
    const entry = NOT_STORED;
    const at = { lastAt: -1, beforeAt: -1, firstTimeMs: timeMs, first: 0, last: 0, entry };
    this.#tail = { bytes, used: 0, count: 0, ...at };
    return this.#tail;
  }

  /** The write that has just grown may have filled what lay between it and the one before. */
  #closeHole(tail: Segment, root: number): void {
    if (tail.beforeAt < 0) return;
    const one = { bytes: tail.bytes, used: tail.lastAt, lastAt: tail.beforeAt };
    if (mergeWrite(one, tail.bytes, tail.lastAt, root) < 0) return;
    this.#grown(one.used - tail.used);
    tail.used = one.used;
    tail.lastAt = tail.beforeAt;
    tail.beforeAt = -1;
    tail.count -= 1;
    this.#operations -= 1;
  }

  #added(segment: Segment, length: number, cause: { readonly sequence: number; readonly more: boolean }): void {
    assert(length % 8 === 0, 'records are padded to 8 bytes');
    segment.beforeAt = segment.lastAt;
    segment.lastAt = cause.more ? -1 : segment.used;
    if (!this.#merging) segment.apart = true;
    segment.used += length;
    segment.count += 1;
    noteSequence(segment, cause.sequence, cause.more);
    this.#grown(length);
    this.#operations += 1;
  }

  #grown(bytes: number): void {
    this.#bytes += bytes;
    this.#memory += bytes;
  }
}
