/** A set of extended attributes as the data of an `xattrs` record. */
import { copyBytes, type RawName, rawFromBytes } from '@understudy/base';
import { RecordError } from './record.ts';

export type Xattr = readonly [name: RawName, value: Uint8Array];

/** u32 count, then for each u16 name length, u32 value length, name, value. */
export function encodeXattrs(xattrs: readonly Xattr[]): Uint8Array {
  let length = 4;
  for (const [name, value] of xattrs) length += 6 + name.length + value.length;
  const bytes = new Uint8Array(length);
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  v.setUint32(0, xattrs.length, true);
  let at = 4;
  for (const [name, value] of xattrs) {
    v.setUint16(at, name.length, true);
    v.setUint32(at + 2, value.length, true);
    at += 6;
    for (let i = 0; i < name.length; i += 1) bytes[at++] = name.charCodeAt(i);
    bytes.set(value, at);
    at += value.length;
  }
  return bytes;
}

export function decodeXattrs(bytes: Uint8Array): Xattr[] {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw new RecordError('an attribute list is cut off');
  const count = v.getUint32(0, true);
  const xattrs: Xattr[] = [];
  let at = 4;
  for (let i = 0; i < count; i += 1) {
    if (at + 6 > bytes.length) throw new RecordError('an attribute list is cut off');
    const nameLength = v.getUint16(at, true);
    const valueLength = v.getUint32(at + 2, true);
    const end = at + 6 + nameLength + valueLength;
    if (end > bytes.length) throw new RecordError('an attribute list is cut off');
    xattrs.push([
      rawFromBytes(bytes.subarray(at + 6, at + 6 + nameLength)),
      copyBytes(bytes, at + 6 + nameLength, end),
    ]);
    at = end;
  }
  return xattrs;
}
