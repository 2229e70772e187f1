/**
 * The few calls that comparing needs. They go through Node's own file functions on /proc/self/fd, and not through the calls the trees are
 * built of, so that a mistake there cannot hide here.
 */

import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import { type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import koffi from 'koffi';

const libc = koffi.load(null);
const lseek: (fd: number, offset: number, whence: number) => number = libc.func('int64_t lseek(int, int64_t, int)');
const llistxattr: (path: Uint8Array, into: Uint8Array | null, size: number) => number = libc.func(
  'intptr_t llistxattr(const void *, void *, size_t)',
);
const lgetxattr: (path: Uint8Array, name: Uint8Array, into: Uint8Array | null, size: number) => number = libc.func(
  'intptr_t lgetxattr(const void *, const void *, void *, size_t)',
);

/** The place of a name beneath an open directory, for calls that take paths; never longer than a name and a few digits. */
export function placeOf(directory: number, name: RawName): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), rawToBytes(name)]);
}

export function openDirectory(place: Buffer | string): number {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NOATIME } = fs.constants;
  return fs.openSync(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME);
}

export function openFile(place: Buffer): number {
  const { O_RDONLY, O_NOFOLLOW, O_NOATIME } = fs.constants;
  return fs.openSync(place, O_RDONLY | O_NOFOLLOW | O_NOATIME);
}

export function namesIn(directory: number): RawName[] {
  const names = fs.readdirSync(`/proc/self/fd/${directory}/.`, { encoding: 'buffer' });
  return names.map((name) => rawFromBytes(name)).sort();
}

const NUL = Buffer.from([0]);
const TOO_SMALL = 34;
const GONE = 61;
const UNSUPPORTED = 95;

function grown(call: string, read: (into: Uint8Array | null, size: number) => number): Uint8Array | null {
  for (;;) {
    const size = read(null, 0);
    if (size < 0 && (koffi.errno() === UNSUPPORTED || koffi.errno() === GONE)) return null;
    if (size < 0) throw new Error(`${call} failed with errno ${koffi.errno()}`);
    if (size === 0) return new Uint8Array(0);
    const into = new Uint8Array(size);
    const got = read(into, size);
    if (got >= 0) return into.subarray(0, got);
    if (koffi.errno() !== TOO_SMALL) throw new Error(`${call} failed with errno ${koffi.errno()}`);
  }
}

/** Extended attributes by name; the values as bytes. */
export function xattrsOf(place: Buffer): Map<string, Uint8Array> {
  const path = Buffer.concat([place, NUL]);
  const list = grown('llistxattr', (into, size) => llistxattr(path, into, size));
  const found = new Map<string, Uint8Array>();
  if (list === null) return found;
  for (const name of Buffer.from(list).toString('latin1').split('\0').sort()) {
    if (name === '') continue;
    const key = Buffer.from(`${name}\0`, 'latin1');
    const value = grown('lgetxattr', (into, size) => lgetxattr(path, key, into, size));
    if (value !== null) found.set(name, value);
  }
  return found;
}

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const NO_MORE = 6;
const GRAIN = 4096;

/** Where data next begins at or after `position`, or the end of the file: a hole of terabytes need not be read. */
export function nextData(fd: number, position: number): number {
  const start = lseek(fd, position, SEEK_DATA);
  if (start >= 0) return start;
  return koffi.errno() === NO_MORE ? Math.max(position, fs.fstatSync(fd).size) : position;
}

/** Stretches with data as `start-end` in units of 4 KiB, merged: `0-2,8-9`. */
export function dataMap(fd: number): string {
  const parts: string[] = [];
  let last = -1;
  for (let at = 0; ; ) {
    const start = lseek(fd, at, SEEK_DATA);
    if (start < 0) break;
    const end = lseek(fd, start, SEEK_HOLE);
    if (end < 0) break;
    const from = Math.floor(start / GRAIN);
    const to = Math.ceil(end / GRAIN);
    if (from === last) parts[parts.length - 1] = `${parts.at(-1)?.split('-')[0]}-${to}`;
    else parts.push(`${from}-${to}`);
    last = to;
    at = end;
  }
  return parts.join(',');
}
