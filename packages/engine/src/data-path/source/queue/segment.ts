/**
 * A stretch of the send queue: encoded records that will be one packet. Until they leave, operations carry their ring sequence where
 * the position will be, so that what has arrived already can be told from what has not.
 */
import { decodeRecord, type Position, peekLength, position, stampRecord, Verb } from '@understudy/wire';

/** In `flags`, within the queue only: another record behind this one comes of the same operation. */
export const MORE_FOLLOW = 0x80;

/** Only in memory; or noted in the dirty map, so that nothing else need keep it. */
export const NOT_STORED = -1;
export const NOTED = -2;

export interface Segment {
  bytes: Uint8Array;
  used: number;
  count: number;
  /** Where the last record begins, for merging; -1: none that may be merged. */
  lastAt: number;
  /** Where the record before it begins; -1: none that may be merged. */
  beforeAt: number;
  /** Nobody has tried yet to merge what lies side by side in it. */
  apart?: boolean;
  firstTimeMs: number;
  /** Lowest ring sequence in it; 0: none. */
  first: number;
  /** Highest ring sequence of which everything is in; 0: none. */
  last: number;
  /** Number of its entry in the store, or NOT_STORED. */
  entry: number;
  /** Its records have positions: it had left the queue before the process was killed. */
  readonly numbered?: boolean;
  /** It was read back from the store, and did not count as memory. */
  readonly loaded?: boolean;
}

/** What the target had when it was heard of after a restart: everything up to that ring sequence, and up to that position. */
export interface Received {
  readonly origin: number;
  readonly received: number;
}

const TWO32 = 4294967296;

function sequenceAt(view: DataView, at: number): number {
  return view.getUint32(at + 12, true) * TWO32 + view.getUint32(at + 8, true);
}

/** Ring sequence of the encoded record at `at`. */
export function sequenceOf(records: Uint8Array, at: number): number {
  return sequenceAt(new DataView(records.buffer, records.byteOffset, records.byteLength), at);
}

/** A record with this sequence went in. */
export function noteSequence(segment: Segment, sequence: number, more: boolean): void {
  if (sequence === 0) return;
  if (segment.first === 0) segment.first = sequence;
  segment.last = Math.max(segment.last, more ? sequence - 1 : sequence);
}

/**
 * Takes out what the target has already: the records up to the last operation at or below its origin, the mirror's between them too; or,
 * where they have positions, those up to `received`. Returns the bytes used and the records left.
 */
export function cutReceived(segment: Segment, has: Received): { readonly used: number; readonly count: number } {
  const { bytes } = segment;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let seen = 0;
  let cut = 0;
  let dropped = 0;
  for (let at = 0; at < segment.used; ) {
    const sequence = sequenceAt(view, at);
    at += peekLength(bytes, at);
    seen += 1;
    const arrived = segment.numbered === true ? sequence <= has.received : sequence > 0 && sequence <= has.origin;
    if (!arrived) continue;
    cut = at;
    dropped = seen;
  }
  bytes.copyWithin(0, cut, segment.used);
  return { used: segment.used - cut, count: segment.count - dropped };
}

export interface Numbered {
  readonly next: Position;
  readonly markers: readonly { readonly id: number; readonly at: Position }[];
}

/** Gives the records their positions from `next` on. */
export function numberRecords(bytes: Uint8Array, from: Position): Numbered {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const markers: { id: number; at: Position }[] = [];
  let next = from;
  for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
    bytes[at + 5] = (bytes[at + 5] ?? 0) & ~MORE_FOLLOW;
    stampRecord(bytes, at, view.getUint16(at + 6, true), next);
    if (bytes[at + 4] === Verb.marker) markers.push({ id: decodeRecord(bytes, at).extent, at: next });
    next = position(next + 1);
  }
  return { next, markers };
}
