/**
 * SCM1, done where it is cheapest: a write that continues the write right before it becomes part of it, in the queue and before it
 * has a position. Only neighbours are merged, so nothing is overtaken and no state is shown that the source never had.
 */
import { RECORD_HEADER, Verb } from '@understudy/wire';

/** A merged write stays below this many data bytes: one communication block. */
export const COMMUNICATION_BLOCK = 64 * 1024;

export interface MergeTarget {
  readonly bytes: Uint8Array;
  used: number;
  readonly lastAt: number;
}

/** Byte offsets of the record's fields, as in wire's record.ts. */
const AT = {
  length: 0,
  verb: 4,
  flags: 5,
  root: 6,
  sequence: 8,
  node: 24,
  offset: 56,
  extent: 64,
  attributes: 72,
  attributesEnd: 152,
};
const DATA_LENGTH = 160;

/** Bytes by which the segment grew, or -1 where the two cannot be one. */
export function mergeWrite(target: MergeTarget, records: Uint8Array, at: number, root: number): number {
  const old = new DataView(target.bytes.buffer, target.bytes.byteOffset + target.lastAt, RECORD_HEADER);
  const add = new DataView(records.buffer, records.byteOffset + at, RECORD_HEADER);
  if (!continues(old, add, root)) return -1;
  const oldData = old.getUint32(DATA_LENGTH, true);
  const addData = add.getUint32(DATA_LENGTH, true);
  const length = (RECORD_HEADER + oldData + addData + 7) & ~7;
  if (oldData + addData > COMMUNICATION_BLOCK || target.lastAt + length > target.bytes.length) return -1;
  const dataAt = target.lastAt + RECORD_HEADER + oldData;
  target.bytes.set(records.subarray(at + RECORD_HEADER, at + RECORD_HEADER + addData), dataAt);
  target.bytes.fill(0, dataAt + addData, target.lastAt + length);
  // Ring sequence, attributes, times and parents are those of and after the later write.
  target.bytes.set(records.subarray(at + AT.sequence, at + AT.sequence + 8), target.lastAt + AT.sequence);
  const from = at + AT.attributes;
  target.bytes.set(records.subarray(from, at + AT.attributesEnd), target.lastAt + AT.attributes);
  old.setUint32(AT.length, length, true);
  old.setUint8(AT.flags, old.getUint8(AT.flags) | add.getUint8(AT.flags));
  old.setUint32(DATA_LENGTH, oldData + addData, true);
  old.setUint32(AT.extent, oldData + addData, true);
  old.setUint32(AT.extent + 4, 0, true);
  const grown = target.lastAt + length - target.used;
  target.used += grown;
  return grown;
}

function continues(old: DataView, add: DataView, root: number): boolean {
  if (old.getUint8(AT.verb) !== Verb.write || old.getUint16(AT.root, true) !== root) return false;
  if (old.getBigUint64(AT.node, true) !== add.getBigUint64(AT.node, true)) return false;
  const end = old.getBigUint64(AT.offset, true) + BigInt(old.getUint32(DATA_LENGTH, true));
  return end === add.getBigUint64(AT.offset, true) && old.getUint32(156, true) === 0 && add.getUint32(156, true) === 0;
}
