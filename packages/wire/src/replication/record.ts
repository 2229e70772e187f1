/**
 * The record: one operation, from the interceptor's ring to the target's apply, in one and the same layout.
 *
 * fsid (C) writes it, the source agent stamps `root` and `position` into it and forwards the bytes, the target decodes it.
 * Little-endian, padded to 8 bytes. Layout (offset, type, field):
 *
 *   0 u32 length (whole record)   4 u8 verb        5 u8 flags           6 u16 root
 *   8 u64 sequence (ring) or position (wire)      16 s64 time: source CLOCK_REALTIME in ns, when it was recorded
 *  24 u64 node                   32 u64 parent    40 u64 parent2       48 u64 victim
 *  56 u64 offset                 64 u64 extent
 *  72 u32 mode  76 u32 uid  80 u32 gid  84 u32 nlink  88 u64 size  96 u64 rdev      attributes of `node` afterwards
 * 104 s64 atimeSec  112 s64 mtimeSec  120 u32 atimeNsec  124 u32 mtimeNsec
 * 128 s64 parentMtimeSec  136 s64 parent2MtimeSec  144 u32 parentMtimeNsec  148 u32 parent2MtimeNsec
 * 152 u32 victimNlink  156 u16 nameLength  158 u16 name2Length  160 u32 dataLength  164 u32 detail
 * 168 name, name2, data (each directly behind the other), zero padding
 */
import { type Brand, brand, type RawName, rawFromBytes } from '@understudy/base';
import { Verb } from './verbs.ts';

export * from './verbs.ts';

/** Identity of a file on the source, unique within a root; 0 = none. On ext4: inode | generation << 32; where handles are longer, a hash of the handle. */
export type NodeId = Brand<bigint, 'NodeId'>;
export const NO_NODE: NodeId = brand<NodeId>(0n);

/** Dense number of an operation in a job's stream, from 1; never reused. 0 = before everything. */
export type Position = Brand<number, 'Position'>;
export const position = (value: number): Position => brand<Position>(value);

export interface Attributes {
  /** st_mode: type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /** Bytes. */
  readonly size: number;
  /** st_rdev as the kernel's dev_t number, 0 for anything but devices. */
  readonly rdev: number;
  readonly atimeSec: number;
  readonly atimeNsec: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
}

export interface OperationRecord {
  readonly verb: Verb;
  readonly flags: number;
  readonly root: number;
  /** Ring sequence in the ring, Position on the wire. */
  readonly sequence: number;
  /** Source wall clock in milliseconds (with fraction). */
  readonly timeMs: number;
  readonly node: NodeId;
  readonly parent: NodeId;
  readonly parent2: NodeId;
  readonly victim: NodeId;
  readonly victimNlink: number;
  readonly offset: number;
  readonly extent: number;
  readonly attributes: Attributes;
  readonly parentMtimeSec: number;
  readonly parentMtimeNsec: number;
  readonly parent2MtimeSec: number;
  readonly parent2MtimeNsec: number;
  readonly detail: number;
  readonly name: RawName;
  readonly name2: RawName;
  readonly data: Uint8Array;
}

export const RECORD_HEADER = 168;
/** fsid's max_write is 1 MiB; an xattr is at most 64 KiB; names and header fit in the rest. */
export const MAX_RECORD = (1 << 20) + 8192;

/** Why bytes are not a record. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

const EMPTY = new Uint8Array(0);
export const NO_ATTRIBUTES: Attributes = {
  mode: 0,
  uid: 0,
  gid: 0,
  nlink: 0,
  size: 0,
  rdev: 0,
  atimeSec: 0,
  atimeNsec: 0,
  mtimeSec: 0,
  mtimeNsec: 0,
};
const NO_NAME = brand<RawName>('');

export type RecordInput = Partial<OperationRecord> & Pick<OperationRecord, 'verb'>;

/** Fills in what the verb does not use, so that a record can be written as its meaningful fields only. */
export function record(input: RecordInput): OperationRecord {
  return {
    flags: 0,
    root: 0,
    sequence: 0,
    timeMs: 0,
    node: NO_NODE,
    parent: NO_NODE,
    parent2: NO_NODE,
    victim: NO_NODE,
    victimNlink: 0,
    offset: 0,
    extent: 0,
    attributes: NO_ATTRIBUTES,
    parentMtimeSec: 0,
    parentMtimeNsec: 0,
    parent2MtimeSec: 0,
    parent2MtimeNsec: 0,
    detail: 0,
    name: NO_NAME,
    name2: NO_NAME,
    data: EMPTY,
    ...input,
  };
}

const TWO32 = 4294967296;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
/** u64 as a number; callers use it for sizes and offsets, which stay below 2^53. */
const getU64 = (v: DataView, at: number): number => v.getUint32(at + 4, true) * TWO32 + v.getUint32(at, true);
const getS64 = (v: DataView, at: number): number => v.getInt32(at + 4, true) * TWO32 + v.getUint32(at, true);
function set64(v: DataView, at: number, value: number): void {
  v.setUint32(at, value >>> 0 === value ? value : ((value % TWO32) + TWO32) % TWO32, true);
  v.setInt32(at + 4, Math.floor(value / TWO32) | 0, true);
}

export function recordLength(r: Pick<OperationRecord, 'name' | 'name2' | 'data'>): number {
  return (RECORD_HEADER + r.name.length + r.name2.length + r.data.length + 7) & ~7;
}

/** Length of the record at `at`, checked against what is there; throws RecordError. */
export function peekLength(bytes: Uint8Array, at: number): number {
  if (at + RECORD_HEADER > bytes.length) throw new RecordError(`a record header is cut off at byte ${at}`);
  const length = viewOf(bytes).getUint32(at, true);
  if (length < RECORD_HEADER || length > MAX_RECORD || length % 8 !== 0 || at + length > bytes.length)
    throw new RecordError(`a record at byte ${at} claims ${length} bytes; ${bytes.length - at} are there`);
  return length;
}

const KNOWN_VERBS = new Set<number>(Object.values(Verb));

/** Decodes the record at `at`; `data` is a view into `bytes`, not a copy. Throws RecordError. */
export function decodeRecord(bytes: Uint8Array, at = 0): OperationRecord {
  const length = peekLength(bytes, at);
  const v = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  const verb = v.getUint8(4);
  if (!KNOWN_VERBS.has(verb)) throw new RecordError(`verb ${verb} is unknown`);
  const nameLength = v.getUint16(156, true);
  const name2Length = v.getUint16(158, true);
  const dataLength = v.getUint32(160, true);
  const used = RECORD_HEADER + nameLength + name2Length + dataLength;
  if (used > length) throw new RecordError(`a record of ${length} bytes holds ${used}`);
  const nameAt = at + RECORD_HEADER;
  const dataAt = nameAt + nameLength + name2Length;
  return {
    verb: verb as Verb,
    flags: v.getUint8(5),
    root: v.getUint16(6, true),
    sequence: getU64(v, 8),
    timeMs: getS64(v, 16) / 1e6,
    node: brand<NodeId>(v.getBigUint64(24, true)),
    parent: brand<NodeId>(v.getBigUint64(32, true)),
    parent2: brand<NodeId>(v.getBigUint64(40, true)),
    victim: brand<NodeId>(v.getBigUint64(48, true)),
    victimNlink: v.getUint32(152, true),
    offset: getU64(v, 56),
    extent: getU64(v, 64),
    attributes: decodeAttributes(v),
    parentMtimeSec: getS64(v, 128),
    parentMtimeNsec: v.getUint32(144, true),
    parent2MtimeSec: getS64(v, 136),
    parent2MtimeNsec: v.getUint32(148, true),
    detail: v.getUint32(164, true),
    name: nameLength === 0 ? NO_NAME : rawFromBytes(bytes.subarray(nameAt, nameAt + nameLength)),
    name2: name2Length === 0 ? NO_NAME : rawFromBytes(bytes.subarray(nameAt + nameLength, dataAt)),
    data: dataLength === 0 ? EMPTY : bytes.subarray(dataAt, dataAt + dataLength),
  };
}

function decodeAttributes(v: DataView): Attributes {
  return {
    mode: v.getUint32(72, true),
    uid: v.getUint32(76, true),
    gid: v.getUint32(80, true),
    nlink: v.getUint32(84, true),
    size: getU64(v, 88),
    rdev: getU64(v, 96),
    atimeSec: getS64(v, 104),
    atimeNsec: v.getUint32(120, true),
    mtimeSec: getS64(v, 112),
    mtimeNsec: v.getUint32(124, true),
  };
}

export function encodeRecord(r: OperationRecord): Uint8Array {
  const bytes = new Uint8Array(recordLength(r));
  encodeRecordInto(r, bytes, 0);
  return bytes;
}

/** Writes the record at `at` and returns its length; `bytes` must hold `recordLength(r)` bytes there, whatever they are. */
export function encodeRecordInto(r: OperationRecord, bytes: Uint8Array, at: number): number {
  const length = recordLength(r);
  if (length > MAX_RECORD) throw new RecordError(`a record of ${length} bytes is over the limit of ${MAX_RECORD}`);
  const v = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  v.setUint32(0, length, true);
  v.setUint8(4, r.verb);
  v.setUint8(5, r.flags);
  v.setUint16(6, r.root, true);
  set64(v, 8, r.sequence);
  set64(v, 16, Math.round(r.timeMs * 1e6));
  v.setBigUint64(24, r.node, true);
  v.setBigUint64(32, r.parent, true);
  v.setBigUint64(40, r.parent2, true);
  v.setBigUint64(48, r.victim, true);
  set64(v, 56, r.offset);
  set64(v, 64, r.extent);
  encodeAttributes(v, r.attributes);
  set64(v, 128, r.parentMtimeSec);
  set64(v, 136, r.parent2MtimeSec);
  v.setUint32(144, r.parentMtimeNsec, true);
  v.setUint32(148, r.parent2MtimeNsec, true);
  v.setUint32(152, r.victimNlink, true);
  v.setUint16(156, r.name.length, true);
  v.setUint16(158, r.name2.length, true);
  v.setUint32(160, r.data.length, true);
  v.setUint32(164, r.detail, true);
  let end = at + RECORD_HEADER;
  for (let i = 0; i < r.name.length; i += 1) bytes[end++] = r.name.charCodeAt(i);
  for (let i = 0; i < r.name2.length; i += 1) bytes[end++] = r.name2.charCodeAt(i);
  bytes.set(r.data, end);
  bytes.fill(0, end + r.data.length, at + length);
  return length;
}

function encodeAttributes(v: DataView, a: Attributes): void {
  v.setUint32(72, a.mode, true);
  v.setUint32(76, a.uid, true);
  v.setUint32(80, a.gid, true);
  v.setUint32(84, a.nlink, true);
  set64(v, 88, a.size);
  set64(v, 96, a.rdev);
  set64(v, 104, a.atimeSec);
  set64(v, 112, a.mtimeSec);
  v.setUint32(120, a.atimeNsec, true);
  v.setUint32(124, a.mtimeNsec, true);
}

/** Stamps the job's root index and position into an encoded record, in place. */
export function stampRecord(bytes: Uint8Array, at: number, root: number, at_: Position): void {
  const v = viewOf(bytes);
  v.setUint16(at + 6, root, true);
  set64(v, at + 8, at_);
}

/** Sequence, or position, of the encoded record at `at`. */
export function recordSequence(bytes: Uint8Array, at: number): number {
  return getU64(viewOf(bytes), at + 8);
}

/** The verb of the encoded record at `at`, unchecked: for records that have been checked before. */
export function recordVerb(bytes: Uint8Array, at: number): number {
  return bytes[at + 4] ?? 0;
}

/** Source wall clock of the encoded record at `at`, ms. */
export function recordTimeMs(bytes: Uint8Array, at: number): number {
  return getS64(viewOf(bytes), at + 16) / 1e6;
}

export function recordDataLength(bytes: Uint8Array, at: number): number {
  return viewOf(bytes).getUint32(at + 160, true);
}

/** Turns the record at `at` into the same without data, where it lies; returns its new length. */
export function dropRecordData(bytes: Uint8Array, at: number): number {
  const v = viewOf(bytes);
  const end = at + RECORD_HEADER + v.getUint16(at + 156, true) + v.getUint16(at + 158, true);
  const length = (end - at + 7) & ~7;
  bytes.fill(0, end, at + length);
  v.setUint32(at, length, true);
  v.setUint32(at + 160, 0, true);
  return length;
}
