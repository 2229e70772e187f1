/** The kernel's side of a FUSE file system, as far as one that is only read needs it. In: bytes of a request. Out: bytes of an answer. */
import type { Attributes } from '@understudy/wire';

export const Opcode = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  readlink: 5,
  open: 14,
  read: 15,
  statfs: 17,
  getxattr: 22,
  listxattr: 23,
  init: 26,
  opendir: 27,
  readdir: 28,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  readdirplus: 44,
} as const;

export const REQUEST_HEAD = 40;
const ANSWER_HEAD = 16;
const ATTRIBUTES = 88;
export const ENTRY = 40 + ATTRIBUTES;
/** What is shown never changes: the kernel may keep it as long as it likes. */
const FOR_EVER = 1n << 40n;
const MINOR = 31;
/** Async reads, parallel look-ups, directories with attributes, ACLs, large reads, links kept. */
const FLAGS = 1 | (1 << 13) | (1 << 18) | (1 << 20) | (1 << 22) | (1 << 23);
const MOST_READ_PAGES = 256;
/** Nobody writes; the kernel's buffer has to be larger than this. */
const LEAST_WRITE = 4096;

export interface Request {
  readonly opcode: number;
  readonly unique: bigint;
  readonly node: number;
  /** Behind the head. */
  readonly body: Buffer;
}

/** Null: not a request. */
export function decodeRequest(bytes: Buffer): Request | null {
  if (bytes.length < REQUEST_HEAD || bytes.readUInt32LE(0) !== bytes.length) return null;
  const node = Number(bytes.readBigUInt64LE(16));
  const body = bytes.subarray(REQUEST_HEAD);
  return { opcode: bytes.readUInt32LE(4), unique: bytes.readBigUInt64LE(8), node, body };
}

/** `errno` 0: `body` is the answer. */
export function encodeAnswer(unique: bigint, errno: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  const bytes = Buffer.alloc(ANSWER_HEAD + body.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeInt32LE(-errno, 4);
  bytes.writeBigUInt64LE(unique, 8);
  bytes.set(body, ANSWER_HEAD);
  return bytes;
}

/** Null: a kernel that does not speak it. */
export function answerInit(body: Buffer): Buffer | null {
  if (body.readUInt32LE(0) !== 7 || body.readUInt32LE(4) < MINOR) return null;
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(MINOR, 4);
  out.writeUInt32LE(body.readUInt32LE(8), 8);
  out.writeUInt32LE(body.readUInt32LE(12) & FLAGS, 12);
  out.writeUInt16LE(16, 16);
  out.writeUInt16LE(12, 18);
  out.writeUInt32LE(LEAST_WRITE, 20);
  out.writeUInt32LE(1, 24);
  out.writeUInt16LE(MOST_READ_PAGES, 28);
  return out;
}

function putAttributes(out: Buffer, at: number, inode: number, a: Attributes): void {
  const { size, atimeSec, mtimeSec, atimeNsec, mtimeNsec } = a;
  out.writeBigUInt64LE(BigInt(inode), at);
  out.writeBigUInt64LE(BigInt(size), at + 8);
  out.writeBigUInt64LE(BigInt(Math.ceil(size / 512)), at + 16);
  for (const [i, time] of [atimeSec, mtimeSec, mtimeSec].entries())
    out.writeBigInt64LE(BigInt(Math.trunc(time)), at + 24 + 8 * i);
  const words = [atimeNsec, mtimeNsec, mtimeNsec, a.mode, a.nlink, a.uid, a.gid, a.rdev, 4096, 0];
  for (const [i, word] of words.entries()) out.writeUInt32LE(word >>> 0, at + 48 + 4 * i);
}

export function encodeAttributes(inode: number, attributes: Attributes): Buffer {
  const out = Buffer.alloc(16 + ATTRIBUTES);
  out.writeBigUInt64LE(FOR_EVER, 0);
  putAttributes(out, 16, inode, attributes);
  return out;
}

export function encodeEntry(node: number, attributes: Attributes): Buffer {
  const out = Buffer.alloc(ENTRY);
  out.writeBigUInt64LE(BigInt(node), 0);
  out.writeBigUInt64LE(FOR_EVER, 16);
  out.writeBigUInt64LE(FOR_EVER, 24);
  putAttributes(out, 40, node, attributes);
  return out;
}

/** `next`: what the kernel asks for to go on behind this one. */
export function encodeDirent(node: number, next: number, name: Uint8Array, mode: number): Buffer {
  const out = Buffer.alloc(Math.ceil((24 + name.length) / 8) * 8);
  out.writeBigUInt64LE(BigInt(node), 0);
  out.writeBigUInt64LE(BigInt(next), 8);
  out.writeUInt32LE(name.length, 16);
  out.writeUInt32LE((mode >> 12) & 15, 20);
  out.set(name, 24);
  return out;
}

/** Nothing free, as of a file system that is only read. */
export function encodeStatfs(): Buffer {
  const out = Buffer.alloc(80);
  out.writeUInt32LE(4096, 40);
  out.writeUInt32LE(255, 44);
  out.writeUInt32LE(4096, 48);
  return out;
}
