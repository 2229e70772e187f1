/** Compares two things of the same name: attributes first, then what they hold. */

import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import { dataMap, nextData, openFile, xattrsOf } from './open-tree.ts';

export interface Side {
  readonly place: Buffer;
  readonly stat: fs.BigIntStats;
}

export type Report = (what: string, detail: string) => void;

export interface EntryOptions {
  readonly atime?: boolean;
  readonly holes?: boolean;
  readonly ignoreDirectoryTimes?: boolean;
}

const FORMAT = 0o170000n;
const FORMATS = new Map<bigint, string>([
  [0o010000n, 'FIFO'],
  [0o020000n, 'character device'],
  [0o040000n, 'directory'],
  [0o060000n, 'block device'],
  [0o100000n, 'file'],
  [0o120000n, 'symbolic link'],
  [0o140000n, 'socket'],
]);

function differ(report: Report, what: string, a: unknown, b: unknown): void {
  if (a !== b) report(what, `${String(a)} and ${String(b)}`);
}

export function compareEntries(a: Side, b: Side, options: EntryOptions, report: Report): void {
  const format = a.stat.mode & FORMAT;
  if (format !== (b.stat.mode & FORMAT)) {
    report('type', `${FORMATS.get(format)} and ${FORMATS.get(b.stat.mode & FORMAT)}`);
    return;
  }
  differ(report, 'owner', `${a.stat.uid}:${a.stat.gid}`, `${b.stat.uid}:${b.stat.gid}`);
  differ(report, 'mode', (a.stat.mode & 0o7777n).toString(8), (b.stat.mode & 0o7777n).toString(8));
  if (!(a.stat.isDirectory() && options.ignoreDirectoryTimes === true))
    differ(report, 'mtime', timeText(a.stat.mtimeNs), timeText(b.stat.mtimeNs));
  if (options.atime === true) differ(report, 'atime', timeText(a.stat.atimeNs), timeText(b.stat.atimeNs));
  if (a.stat.isCharacterDevice() || a.stat.isBlockDevice()) differ(report, 'rdev', a.stat.rdev, b.stat.rdev);
  compareXattrs(a, b, report);
  if (a.stat.isSymbolicLink()) compareTargets(a, b, report);
  if (a.stat.isFile()) compareContent(a, b, options, report);
}

/** Seconds with nine decimals, exact for any year. */
function timeText(ns: bigint): string {
  const second = 1_000_000_000n;
  const rest = ((ns % second) + second) % second;
  return `${(ns - rest) / second}.${rest.toString().padStart(9, '0')}`;
}

function compareTargets(a: Side, b: Side, report: Report): void {
  const [targetA, targetB] = [a, b].map((side) =>
    fs.readlinkSync(side.place, { encoding: 'buffer' }).toString('latin1'),
  );
  differ(report, 'target', JSON.stringify(targetA), JSON.stringify(targetB));
}

function compareXattrs(a: Side, b: Side, report: Report): void {
  const inA = xattrsOf(a.place);
  const inB = xattrsOf(b.place);
  for (const name of new Set([...inA.keys(), ...inB.keys()]))
    differ(report, 'xattr', `${name}=${hex(inA.get(name))}`, `${name}=${hex(inB.get(name))}`);
}

function hex(value: Uint8Array | undefined): string {
  return value === undefined ? '(none)' : Buffer.from(value).toString('hex');
}

function compareContent(a: Side, b: Side, options: EntryOptions, report: Report): void {
  const same = a.stat.dev === b.stat.dev && a.stat.ino === b.stat.ino;
  if (same) return;
  if (a.stat.size !== b.stat.size) {
    report('size', `${a.stat.size} and ${b.stat.size}`);
    return;
  }
  const open: number[] = [];
  try {
    const fdA = openFile(a.place);
    open.push(fdA);
    const fdB = openFile(b.place);
    open.push(fdB);
    const at = firstDifference(fdA, fdB);
    if (at >= 0) report('content', `they differ from byte ${at} on`);
    if (options.holes === true) differ(report, 'holes', dataMap(fdA), dataMap(fdB));
  } finally {
    open.forEach((fd) => {
      fs.closeSync(fd);
    });
  }
}

const CHUNK = 1 << 20;
const bufferA = Buffer.alloc(CHUNK);
const bufferB = Buffer.alloc(CHUNK);

function fill(fd: number, into: Buffer, position: number): number {
  let done = 0;
  while (done < into.length) {
    const count = fs.readSync(fd, into, done, into.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Position of the first byte that differs, or -1. */
function firstDifference(a: number, b: number): number {
  for (let position = 0; ; ) {
    position = Math.min(nextData(a, position), nextData(b, position));
    const countA = fill(a, bufferA, position);
    const countB = fill(b, bufferB, position);
    const count = Math.min(countA, countB);
    if (bufferA.compare(bufferB, 0, count, 0, count) !== 0) {
      for (let i = 0; i < count; i += 1) if (bufferA[i] !== bufferB[i]) return position + i;
    }
    if (countA !== countB) return position + count;
    if (count === 0) return -1;
    position += count;
  }
}
