/**
 * The bytes of a segment file. Little-endian.
 *
 * The file begins with 32 bytes:  0 u32 magic   4 u32 CRC-32 of 8–31   8 u64 number of the file   16 u64 its first entry   24 u64 nonce
 * Each entry with 32 bytes:       0 u32 CRC-32 of 4–31   4 u32 CRC-32 of head and body   8 u32 length of head   12 u32 length of body
 *                                16 u64 number of the entry   24 u64 nonce of the file
 * then its head and its body, padded to 8 bytes. Room that was reserved and not written reads as zeros.
 */
import { crc32 } from '../crc32.ts';

export const FILE_HEADER = 32;
export const ENTRY_HEADER = 32;
const MAGIC = 0x31_47_45_53;
/** An entry that claims more is damaged. */
export const MAX_ENTRY = 16 * 1024 * 1024;

export interface FileHeader {
  readonly number: number;
  readonly first: number;
  readonly nonce: bigint;
}

export interface EntryHeader {
  readonly entry: number;
  readonly headLength: number;
  readonly bodyLength: number;
  readonly crc: number;
}

export function encodeFileHeader({ number, first, nonce }: FileHeader): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeBigUInt64LE(BigInt(number), 8);
  bytes.writeBigUInt64LE(BigInt(first), 16);
  bytes.writeBigUInt64LE(nonce, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** null: these bytes do not begin a segment. */
export function decodeFileHeader(bytes: Buffer): FileHeader | null {
  if (bytes.length < FILE_HEADER || bytes.readUInt32LE(0) !== MAGIC) return null;
  if (crc32(bytes.subarray(8, FILE_HEADER)) !== bytes.readUInt32LE(4)) return null;
  const number = Number(bytes.readBigUInt64LE(8));
  return { number, first: Number(bytes.readBigUInt64LE(16)), nonce: bytes.readBigUInt64LE(24) };
}

export interface EntryParts {
  readonly entry: number;
  readonly nonce: bigint;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

export function encodeEntryHeader({ entry, nonce, head, body }: EntryParts): Buffer {
  const bytes = Buffer.allocUnsafe(ENTRY_HEADER);
  bytes.writeUInt32LE(crc32(body, crc32(head)), 4);
  bytes.writeUInt32LE(head.length, 8);
  bytes.writeUInt32LE(body.length, 12);
  bytes.writeBigUInt64LE(BigInt(entry), 16);
  bytes.writeBigUInt64LE(nonce, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** null: no entry of this file begins here. The content is still to be checked against `crc`. */
export function decodeEntryHeader(bytes: Buffer, at: number, nonce: bigint): EntryHeader | null {
  if (at + ENTRY_HEADER > bytes.length) return null;
  if (crc32(bytes.subarray(at + 4, at + ENTRY_HEADER)) !== bytes.readUInt32LE(at)) return null;
  if (bytes.readBigUInt64LE(at + 24) !== nonce) return null;
  const headLength = bytes.readUInt32LE(at + 8);
  const bodyLength = bytes.readUInt32LE(at + 12);
  if (headLength + bodyLength > MAX_ENTRY) return null;
  return { entry: Number(bytes.readBigUInt64LE(at + 16)), headLength, bodyLength, crc: bytes.readUInt32LE(at + 4) };
}

/** What an entry takes in its file. */
export const entryLength = (headLength: number, bodyLength: number): number =>
  (ENTRY_HEADER + headLength + bodyLength + 7) & ~7;

export const contentCrc = (content: Uint8Array): number => crc32(content);
