/** A directory's names in one piece of bytes: u32 slot, u8 length, name. */
import { brand, type RawName } from '@understudy/base';

export interface Listed {
  readonly name: RawName;
  readonly slot: number;
}

const HEAD = 5;
const NOTHING = new Uint8Array(0);

export function packListing(children: ReadonlyMap<RawName, number>): Uint8Array {
  let length = 0;
  for (const name of children.keys()) length += HEAD + name.length;
  if (length === 0) return NOTHING;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [name, slot] of children) {
    view.setUint32(at, slot, true);
    bytes[at + 4] = name.length;
    at += HEAD;
    for (let i = 0; i < name.length; i += 1) bytes[at++] = name.charCodeAt(i);
  }
  return bytes;
}

export function unpackListing(bytes: Uint8Array = NOTHING): Map<RawName, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const children = new Map<RawName, number>();
  for (let at = 0; at < bytes.length; ) {
    const slot = view.getUint32(at, true);
    const length = bytes[at + 4] ?? 0;
    at += HEAD;
    children.set(brand<RawName>(String.fromCharCode(...bytes.subarray(at, at + length))), slot);
    at += length;
  }
  return children;
}

export function sameListing(bytes: Uint8Array, entries: readonly Listed[]): boolean {
  let at = 0;
  for (const { name, slot } of entries) {
    if (at + HEAD > bytes.length || bytes[at + 4] !== name.length) return false;
    const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    if (low + (bytes[at + 3] ?? 0) * 0x100_0000 !== slot) return false;
    at += HEAD;
    for (let i = 0; i < name.length; i += 1) if (bytes[at++] !== name.charCodeAt(i)) return false;
  }
  return at === bytes.length;
}
