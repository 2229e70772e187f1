/**
 * The number of a handle that is longer than one: 64 bits of hash, by the same steps as the interceptor's native part, so that both
 * name a file alike, today and after a boot. In: a handle as text. Out: two halves. Handles that differ in one part only never meet.
 */
import type { Handle } from '@understudy/engine';

export interface NodeHalves {
  low: number;
  high: number;
}

function mix(value: number): number {
  let x = value ^ (value >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}

function word(handle: Handle, at: number): number {
  let value = 0;
  for (let i = 0; i < 4 && at + i < handle.length; i += 1) value |= handle.charCodeAt(at + i) << (8 * i);
  return value;
}

/** Into `into`, which is also returned. */
export function hashHandle(handle: Handle, into: NodeHalves): NodeHalves {
  let low = handle.charCodeAt(0);
  let high = handle.length - 1;
  for (let at = 1; at < handle.length; at += 8) {
    low ^= word(handle, at);
    high ^= word(handle, at + 4);
    high ^= mix(low + 0x9e3779b9);
    low ^= mix(high + 0x7f4a7c15);
    high ^= mix(low + 0xf39cc060);
    low ^= mix(high + 0x106aa070);
  }
  into.low = low >>> 0;
  into.high = high >>> 0;
  if (into.high === 0 && into.low < 2) into.low = 2;
  return into;
}

/** The number to try where another handle has this one; 0 and 1 have meanings of their own. */
export function nextNumber(halves: NodeHalves): void {
  halves.low = (halves.low + 1) >>> 0;
  if (halves.low === 0) halves.high = (halves.high + 1) >>> 0;
  if (halves.high === 0 && halves.low < 2) halves.low = 2;
}
