import { type Brand, brand } from './brand.ts';

/**
 * File names are bytes, not text. A RawName is a string with one char (0–255) a byte: compact, comparable, a Map key.
 * It is never shown to a person: `printable` does that.
 */
export type RawName = Brand<string, 'RawName'>;

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Bytes of a hexadecimal string, or null where it is none. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

export function rawFromBytes(bytes: Uint8Array): RawName {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return brand<RawName>(text);
}

export function rawToBytes(name: RawName): Uint8Array {
  const bytes = new Uint8Array(name.length);
  for (let i = 0; i < name.length; i += 1) bytes[i] = name.charCodeAt(i);
  return bytes;
}

/** UTF-8 of a string; a lone surrogate U+DC80–U+DCFF stands for the single byte 0x80–0xFF (as `rawToText` makes it). */
export function bytesFromText(text: string): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.codePointAt(i) ?? 0;
    if (code > 0xffff) i += 1;
    if (code >= 0xdc80 && code <= 0xdcff) out.push(code - 0xdc00);
    else encodeCodePoint(code, out);
  }
  return Uint8Array.from(out);
}

function encodeCodePoint(code: number, out: number[]): void {
  if (code < 0x80) out.push(code);
  else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
  else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
}

export function rawFromText(text: string): RawName {
  return rawFromBytes(bytesFromText(text));
}

/** Text of a name: bytes that are not UTF-8 become lone surrogates U+DC80–U+DCFF, so the way back is exact. */
export function rawToText(name: RawName): string {
  let text = '';
  for (let i = 0; i < name.length; ) {
    const [code, length] = decodeAt(name, i);
    text += String.fromCodePoint(code);
    i += length;
  }
  return text;
}

/** Code point and length in bytes at `i`; an invalid byte is U+DC00 + byte with length 1. */
function decodeAt(name: string, i: number): [number, number] {
  const first = name.charCodeAt(i);
  if (first < 0x80) return [first, 1];
  const length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || first >= 0xf5 || i + length > name.length) return [0xdc00 + first, 1];
  let code = first & (0xff >> (length + 1));
  for (let k = 1; k < length; k += 1) {
    const next = name.charCodeAt(i + k);
    if ((next & 0xc0) !== 0x80) return [0xdc00 + first, 1];
    code = (code << 6) | (next & 63);
  }
  const least = [0, 0, 0x80, 0x800, 0x10000][length] ?? 0;
  const valid = code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return valid ? [code, length] : [0xdc00 + first, 1];
}

/** A name for a person's terminal: control characters and bytes that are no UTF-8 as `\xNN`, backslash as `\\`. */
export function printable(name: RawName): string {
  let text = '';
  for (const char of rawToText(name)) {
    const code = char.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) text += `\\x${HEX[code - 0xdc00]}`;
    else if (code < 0x20 || code === 0x7f) text += `\\x${HEX[code]}`;
    else if (code >= 0x80 && code < 0xa0) text += `\\u00${HEX[code]}`;
    else if (code === 0x202e || code === 0x202d || (code >= 0x2066 && code <= 0x2069))
      text += `\\u${code.toString(16)}`;
    else text += char === '\\' ? '\\\\' : char;
  }
  return text;
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** Bytes of its own, whatever comes in: `slice` of Node's Buffer, which is a Uint8Array to the compiler, copies nothing. */
export function copyBytes(bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.subarray(from, to));
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
