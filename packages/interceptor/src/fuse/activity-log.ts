/**
 * The activity log as fsid leaves it on the disk (native/linux/activity.h holds the same numbers). In: the file's bytes. Out: the
 * regions that were active, or null where the file cannot be trusted. Promise: of a block that was torn the one before it counts,
 * and that is enough: what a torn write was to add had not been executed yet.
 */
import { brand } from '@understudy/base';
import type { NodeId } from '@understudy/wire';

const MAGIC = 0x474f4c5954434155n;
const VERSION = 1;
const BLOCK = 4096;
const BLOCKS = 65;
const A_BLOCK = 126;
const REGIONS_AT = 64;
const REGION_BYTES = 32;
const FILE_BYTES = BLOCK * (1 + 2 * BLOCKS);
const BOOT_AT = 40;
const BOOT_LENGTH = 36;
/** Of a stretch's length in bits: with more, the last stretch would begin where no file reaches. */
const MOST_SHIFT = 31;

/** Values of `enum region_kind`. */
const Kind = { free: 0, served: 1, root: 2, names: 3, stretch: 4, tail: 5, node: 6 } as const;

export type LoggedRegion = { readonly root: number } /** Every change beneath the root was marked. */ & (
  | { readonly kind: 'served' | 'root' }
  | { readonly kind: 'names'; readonly node: NodeId; readonly sinceMs: number }
  /** `to` null: the end of the file. */
  | { readonly kind: 'content'; readonly node: NodeId; readonly from: number; readonly to: number | null }
  | { readonly kind: 'metadata'; readonly node: NodeId }
);

export interface ActivityLog {
  readonly generation: number;
  /** Of the machine's run in which it was written. */
  readonly boot: string;
  /** It could not be written at some time: everything may differ. */
  readonly broken: boolean;
  readonly regions: readonly LoggedRegion[];
}

export function parseActivityLog(bytes: Buffer): ActivityLog | null {
  const head = bytes.subarray(0, BLOCK);
  if (bytes.length < FILE_BYTES || !isWhole(head)) return null;
  if (head.readUInt32LE(16) !== VERSION || head.readUInt32LE(20) !== BLOCKS) return null;
  const generation = head.readBigUInt64LE(24);
  const shift = head.readUInt32LE(36);
  if (shift > MOST_SHIFT) return null;
  const regions: LoggedRegion[] = [];
  for (let index = 0; index < BLOCKS; index += 1) {
    const block = newest(bytes, index, generation);
    if (block === null) return null;
    for (let i = 0; i < A_BLOCK; i += 1) {
      const region = regionOf(block.subarray(REGIONS_AT + i * REGION_BYTES), shift);
      if (region !== null) regions.push(region);
    }
  }
  const boot = head.toString('latin1', BOOT_AT, BOOT_AT + BOOT_LENGTH);
  return { generation: Number(generation), boot, broken: head.readUInt32LE(32) !== 0, regions };
}

function newest(bytes: Buffer, index: number, generation: bigint): Buffer | null {
  let found: Buffer | null = null;
  for (const copy of [0, 1]) {
    const at = BLOCK * (1 + 2 * index + copy);
    const block = bytes.subarray(at, at + BLOCK);
    if (!isWhole(block) || block.readBigUInt64LE(32) !== generation || block.readUInt32LE(40) !== index) continue;
    if (found === null || block.readBigUInt64LE(16) > found.readBigUInt64LE(16)) found = block;
  }
  return found;
}

function isWhole(block: Buffer): boolean {
  return block.readBigUInt64LE(0) === MAGIC && block.readBigUInt64LE(8) === sumOf(block.subarray(16));
}

const MASK = 0xffffffffffffffffn;

function sumOf(bytes: Buffer): bigint {
  let sum = 0xcbf29ce484222325n;
  for (let at = 0; at < bytes.length; at += 8) {
    sum = ((sum ^ bytes.readBigUInt64LE(at)) * 0x100000001b3n) & MASK;
    sum ^= sum >> 29n;
  }
  return sum;
}

function regionOf(bytes: Buffer, shift: number): LoggedRegion | null {
  const node = brand<NodeId>(bytes.readBigUInt64LE(0));
  const stretch = bytes.readUInt32LE(16);
  const root = bytes.readUInt16LE(20);
  const from = stretch * 2 ** shift;
  switch (bytes.readUInt8(22)) {
    case Kind.free:
      return null;
    case Kind.served:
      // Until all that was written before is on the disk the log does not speak for the root.
      return stretch === 0 ? { kind: 'served', root } : null;
    case Kind.names:
      return { kind: 'names', root, node, sinceMs: Number(bytes.readBigUInt64LE(8)) };
    case Kind.stretch:
      return { kind: 'content', root, node, from, to: from + 2 ** shift };
    case Kind.tail:
      return { kind: 'content', root, node, from, to: null };
    case Kind.node:
      return { kind: 'metadata', root, node };
    default:
      // Of a kind that this version does not know, too: more is compared than need be.
      return { kind: 'root', root };
  }
}
