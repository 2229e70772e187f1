/**
 * The part of the send queue that is in its store. In: packets that left and segments that wait, oldest first. Out: the segments that
 * are nowhere else, in order. Promise: from `begin` until all of the store has been received, what leaves the queue is in the store.
 */
import { assert } from '@understudy/base';
import {
  checkStoredBody,
  decodeStoredHead,
  encodeStoredHead,
  type QueueStore,
  type StoredHead,
} from './queue-store.ts';
import type { QueuedPacket } from './queued-packet.ts';
import type { Received, Segment } from './segment.ts';

export class Overflow {
  readonly #store: QueueStore;
  /** Entries that are not in memory as well: from, to (exclusive). */
  #from: number;
  #to: number;
  #active: boolean;

  /** What is in the store already is taken for the beginning of the queue. */
  constructor(store: QueueStore) {
    this.#store = store;
    this.#from = store.oldest;
    this.#to = store.next;
    this.#active = this.#to > this.#from;
  }

  /** Everything that leaves the queue has to be in the store first. */
  get active(): boolean {
    return this.#active;
  }

  get bytes(): number {
    return this.#store.bytes;
  }

  /** Entries that are in the store only. */
  get size(): number {
    return this.#to - this.#from;
  }

  get oldestTimeMs(): number | null {
    return this.size === 0 ? null : this.#head(this.#from).timeMs;
  }

  /** Highest ring sequence that the entries tell of; 0: none. */
  get through(): number {
    for (let entry = this.#to - 1; entry >= this.#from; entry -= 1) {
      const { last } = this.#head(entry);
      if (last > 0) return last;
    }
    return 0;
  }

  /** Of all entries, what they say of themselves. Throws QueueStoreError. */
  *heads(): Generator<StoredHead> {
    for (let entry = this.#from; entry < this.#to; entry += 1) yield this.#head(entry);
  }

  begin(): void {
    this.#active = true;
  }

  /** A packet that has left. Throws QueueStoreError. */
  putPacket(packet: QueuedPacket): void {
    const { from, to, first, origin, firstTimeMs, count, bytes } = packet;
    const head = { from, to, first, last: first > 0 ? origin : 0, timeMs: firstTimeMs, count, bytes: bytes.length };
    packet.entry = this.#put(head, bytes);
  }

  /** A segment that waits; once is enough. Throws QueueStoreError. */
  putSegment(segment: Segment): void {
    if (segment.entry >= 0) return;
    const { first, last, firstTimeMs, count, used } = segment;
    const head = { from: 0, to: 0, first, last, timeMs: firstTimeMs, count, bytes: used };
    segment.entry = this.#put(head, segment.bytes.subarray(0, used));
  }

  /** Memory lets go of a segment that is stored: it is behind all others that are in the store only. */
  keepOnly(segment: Segment): void {
    assert(segment.entry >= 0, 'only what is stored is let go of');
    if (this.size === 0) this.#from = segment.entry;
    this.#to = segment.entry + 1;
  }

  /** The oldest that is in the store only; it stays there until it is received. Throws QueueStoreError. */
  shift(): Segment | undefined {
    if (this.size === 0) return undefined;
    const entry = this.#from;
    const head = this.#head(entry);
    const bytes = this.#store.body(entry);
    checkStoredBody(head, bytes);
    const { count, timeMs, first, last, to } = head;
    this.#from += 1;
    const at = { lastAt: -1, beforeAt: -1, firstTimeMs: timeMs, first, last, entry };
    // It may have been stored while nobody knew what the target has.
    return { bytes, used: bytes.length, count, ...at, numbered: to > 0, loaded: true, apart: true };
  }

  /** Entries up to this one have been received. */
  free(entry: number): void {
    this.#store.free(entry);
    if (this.#store.oldest === this.#store.next) this.#active = false;
  }

  /** Lets go of the entries before the last of which the target has something; returns what they held. Throws QueueStoreError. */
  dropArrived(has: Received): { readonly bytes: number; readonly count: number } {
    let bytes = 0;
    let count = 0;
    let last = -1;
    for (let entry = this.#from; entry < this.#to; entry += 1) if (hasSome(this.#head(entry), has)) last = entry;
    for (; this.#from < last; this.#from += 1) {
      const head = this.#head(this.#from);
      bytes += head.bytes;
      count += head.count;
    }
    if (last > 0) this.free(last - 1);
    return { bytes, count };
  }

  clear(): void {
    this.#store.clear();
    this.#from = 0;
    this.#to = 0;
    this.#active = false;
  }

  close(): void {
    this.#store.close();
  }

  #head(entry: number): StoredHead {
    return decodeStoredHead(this.#store.head(entry));
  }

  #put(head: StoredHead, bytes: Uint8Array): number {
    const entry = this.#store.next;
    this.#store.append(encodeStoredHead(head), bytes);
    return entry;
  }
}

function hasSome(head: StoredHead, has: Received): boolean {
  if (head.to > 0) return head.from <= has.received;
  return head.first > 0 && head.first <= has.origin;
}
