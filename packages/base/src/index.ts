/**
 * base: the smallest words of the house. Imports nothing, knows no Node, no clock, no disk.
 */
export { assert, assertNever, must } from './assert.ts';
export { type Brand, brand } from './brand.ts';
export { formatBytes, parseByteSize } from './byte-size.ts';
export {
  bytesEqual,
  bytesFromText,
  concatBytes,
  copyBytes,
  fromHex,
  printable,
  type RawName,
  rawFromBytes,
  rawFromText,
  rawToBytes,
  rawToText,
  toHex,
} from './bytes.ts';
export type { Clock, Random } from './clock.ts';
export { RingBuffer } from './ring-buffer.ts';
