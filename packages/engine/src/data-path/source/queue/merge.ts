/**
 * SCM1: writes to one file that overlap or adjoin become one write of at most a communication block, the later bytes over the earlier,
 * before they have a position. In: a stretch of the queue and a write that follows. Out: the stretch, the write in its last record.
 * Promise: only what stands side by side in the job's stream is joined, so nothing is overtaken, and what the target shows behind a
 * merged write the source showed behind the last of those that are in it.
 */
import { copyBytes } from '@understudy/base';
import { peekLength, RECORD_HEADER, recordVerb, Verb } from '@understudy/wire';

/** A merged write stays below this many data bytes: one communication block. */
export const COMMUNICATION_BLOCK = 64 * 1024;

export interface MergeTarget {
  readonly bytes: Uint8Array;
  used: number;
  /** Where its last record begins. */
  readonly lastAt: number;
}

/** Byte offsets of the record's fields, as in wire's record.ts. */
const AT = {
  length: 0,
  verb: 4,
  flags: 5,
  root: 6,
  sequence: 8,
  sequenceAndTimeEnd: 24,
  node: 24,
  offset: 56,
  extent: 64,
  attributes: 72,
  attributesEnd: 152,
  nameLengths: 156,
  dataLength: 160,
};
const TWO32 = 4294967296;

/** Bytes by which the target grew (it may shrink by none), or -1 where the two cannot be one. `records` may be the target's own bytes. */
export function mergeWrite(target: MergeTarget, records: Uint8Array, at: number, root: number): number {
  const old = new DataView(target.bytes.buffer, target.bytes.byteOffset + target.lastAt, RECORD_HEADER);
  const add = new DataView(records.buffer, records.byteOffset + at, RECORD_HEADER);
  if (!sameFile(old, add, root)) return -1;
  const was = stretchOf(old);
  const more = stretchOf(add);
  if (more.start > was.end || more.end < was.start) return -1;
  const start = Math.min(was.start, more.start);
  const bytes = Math.max(was.end, more.end) - start;
  const length = (RECORD_HEADER + bytes + 7) & ~7;
  if (bytes > COMMUNICATION_BLOCK || target.lastAt + length > target.bytes.length) return -1;
  const own = records.buffer === target.bytes.buffer;
  const addAt = at + RECORD_HEADER;
  const data = own ? copyBytes(records, addAt, addAt + more.bytes) : records.subarray(addAt, addAt + more.bytes);
  const head = own ? copyBytes(records, at, addAt) : records.subarray(at, addAt);
  const dataAt = target.lastAt + RECORD_HEADER;
  if (start < was.start) target.bytes.copyWithin(dataAt + was.start - start, dataAt, dataAt + was.bytes);
  target.bytes.set(data, dataAt + more.start - start);
  target.bytes.fill(0, dataAt + bytes, target.lastAt + length);
  stamp(target, head, { start, bytes, length });
  const grown = target.lastAt + length - target.used;
  target.used += grown;
  return grown;
}

/** The header of the merged write: ring sequence, time, attributes and parents are those of and after the later one. */
function stamp(
  target: MergeTarget,
  later: Uint8Array,
  merged: { readonly start: number; readonly bytes: number; readonly length: number },
): void {
  const { bytes, lastAt } = target;
  const flags = bytes[lastAt + AT.flags] ?? 0;
  bytes.set(later.subarray(AT.sequence, AT.sequenceAndTimeEnd), lastAt + AT.sequence);
  bytes.set(later.subarray(AT.attributes, AT.attributesEnd), lastAt + AT.attributes);
  const view = new DataView(bytes.buffer, bytes.byteOffset + lastAt, RECORD_HEADER);
  view.setUint32(AT.length, merged.length, true);
  view.setUint8(AT.flags, flags | (later[AT.flags] ?? 0));
  setU64(view, AT.offset, merged.start);
  setU64(view, AT.extent, merged.bytes);
  view.setUint32(AT.dataLength, merged.bytes, true);
}

/** Neighbours that nobody has tried to join yet, in place; tells the bytes used and the records left. */
export function mergeNeighbours(
  bytes: Uint8Array,
  of: { readonly used: number; readonly count: number },
): { readonly used: number; readonly count: number } {
  let used = 0;
  let { count } = of;
  /** Where the records that are left begin. */
  const starts: number[] = [];
  for (let at = 0; at < of.used; ) {
    const length = peekLength(bytes, at);
    const grown = mergedInto(bytes, starts, { used, at });
    if (grown === null) {
      bytes.copyWithin(used, at, at + length);
      starts.push(used);
      used += length;
    } else {
      used += grown;
      count -= 1;
      for (let at2 = starts.pop() ?? 0; ; at2 = starts.pop() ?? 0) {
        const joined = mergedInto(bytes, starts, { used: at2, at: at2 });
        if (joined === null) {
          starts.push(at2);
          break;
        }
        used = at2 + joined;
        count -= 1;
      }
    }
    at += length;
  }
  return { used, count };
}

/** Joins the write at `at` to the record that begins at the last of `starts` and ends at `used`; null: it stays by itself. */
function mergedInto(
  bytes: Uint8Array,
  starts: readonly number[],
  { used, at }: { readonly used: number; readonly at: number },
): number | null {
  const lastAt = starts.at(-1);
  if (lastAt === undefined || recordVerb(bytes, at) !== Verb.write) return null;
  const root = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_HEADER).getUint16(AT.root, true);
  const grown = mergeWrite({ bytes, used, lastAt }, bytes, at, root);
  return grown < 0 ? null : grown;
}

function sameFile(old: DataView, add: DataView, root: number): boolean {
  if (old.getUint8(AT.verb) !== Verb.write || old.getUint16(AT.root, true) !== root) return false;
  if (old.getBigUint64(AT.node, true) !== add.getBigUint64(AT.node, true)) return false;
  return old.getUint32(AT.nameLengths, true) === 0 && add.getUint32(AT.nameLengths, true) === 0;
}

function stretchOf(write: DataView): { readonly start: number; readonly end: number; readonly bytes: number } {
  const start = write.getUint32(AT.offset + 4, true) * TWO32 + write.getUint32(AT.offset, true);
  const bytes = write.getUint32(AT.dataLength, true);
  return { start, end: start + bytes, bytes };
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO32, true);
  view.setUint32(at + 4, Math.floor(value / TWO32), true);
}
