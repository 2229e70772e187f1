/** The lines of a target's journal: length, CRC-32, kind, payload. Pure bytes; journal.ts writes and reads them. */

import type { Handle, NodeChange } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { crc32 } from '../../ports/crc32.ts';

/** Numbers are never reused. */
export const LineKind = {
  note: 1,
  begin: 2,
  commit: 3,
  restart: 4,
  epoch: 5,
  clear: 6,
  opened: 7,
  keep: 8,
  told: 9,
  checkpoint: 10,
  brake: 11,
} as const;
export type LineKind = (typeof LineKind)[keyof typeof LineKind];

export const LINE_HEADER = 9;
/** A commit's node changes are bounded by the batch; a file that claims more is damaged. */
const MAX_LINE = 64 * 1024 * 1024;

export interface Line {
  readonly kind: number;
  readonly payload: Buffer;
  /** Where the next line begins. */
  readonly end: number;
}

export function encodeLine(kind: LineKind, payload: Uint8Array): Buffer {
  const line = Buffer.allocUnsafe(LINE_HEADER + payload.length);
  line.writeUInt32LE(payload.length, 0);
  line.writeUInt8(kind, 8);
  line.set(payload, LINE_HEADER);
  line.writeUInt32LE(crc32(line.subarray(8)), 4);
  return line;
}

/** null: what follows is not a whole line; it was being written when the process died. */
export function decodeLine(bytes: Buffer, at: number): Line | null {
  if (at + LINE_HEADER > bytes.length) return null;
  const length = bytes.readUInt32LE(at);
  const end = at + LINE_HEADER + length;
  if (length > MAX_LINE || end > bytes.length) return null;
  if (crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) return null;
  return { kind: bytes.readUInt8(at + 8), payload: bytes.subarray(at + LINE_HEADER, end), end };
}

/** root u16, node u64, pending u8, handle length u8 (0: none), handle. */
export function encodeChanges(changes: readonly NodeChange[]): Buffer {
  let length = 0;
  for (const change of changes) length += 12 + (change.handle?.length ?? 0);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { root, node, pending, handle } of changes) {
    bytes.writeUInt16LE(root, at);
    bytes.writeBigUInt64LE(node, at + 2);
    bytes.writeUInt8(pending ? 1 : 0, at + 10);
    bytes.writeUInt8(handle?.length ?? 0, at + 11);
    at += 12;
    if (handle !== null) at += bytes.write(handle, at, 'latin1');
  }
  return bytes;
}

export function decodeChanges(bytes: Buffer): NodeChange[] {
  const changes: NodeChange[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt8(at + 11);
    const handle = length === 0 ? null : (bytes.toString('latin1', at + 12, at + 12 + length) as Handle);
    changes.push({
      root: bytes.readUInt16LE(at),
      node: bytes.readBigUInt64LE(at + 2) as NodeId,
      pending: bytes.readUInt8(at + 10) === 1,
      handle,
    });
    at += 12 + length;
  }
  return changes;
}
