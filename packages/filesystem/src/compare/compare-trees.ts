/**
 * compare: do two directory trees hold the same? In: two paths. Out: every difference, one line each: path and what. Promised: all that a
 * file is counts — type, content, owner, mode, modification time in nanoseconds, extended attributes with ACLs and capabilities, which
 * names are one file, link targets, device numbers — except ctime, and except access times and holes unless asked for.
 */

import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import { brand, printable, type RawName, rawToBytes } from '@understudy/base';
import { compareEntries, type EntryOptions, type Side } from './compare-entries.ts';
import { HardLinks } from './hard-links.ts';
import { namesIn, openDirectory, placeOf } from './open-tree.ts';

export interface CompareOptions extends EntryOptions {
  /** Compare access times as well. */
  readonly atime?: boolean;
  /** Compare where the holes are, to 4 KiB. */
  readonly holes?: boolean;
  readonly ignoreDirectoryTimes?: boolean;
  /** Leave out the two roots' own attributes. */
  readonly ignoreRoot?: boolean;
  /** Names (as bytes) directly beneath the roots that do not count. */
  readonly ignoreNames?: readonly string[];
  /** Stop after this many differences; default 1000. */
  readonly limit?: number;
}

export interface Difference {
  /** Beneath the roots; `''` is the root itself. */
  readonly path: RawName;
  /** `missing`, `extra` (only in the second), `type`, `content`, `size`, `holes`, `owner`, `mode`, `mtime`, `atime`, `xattr`, `links`, `target`, `rdev`. */
  readonly what: string;
  /** For people: path, what, and both values. */
  readonly line: string;
}

const ROOT = brand<RawName>('');
const HERE = brand<RawName>('.');

class Comparison {
  readonly differences: Difference[] = [];
  readonly #links = new HardLinks();
  readonly #options: CompareOptions;
  readonly #limit: number;

  constructor(options: CompareOptions) {
    this.#options = options;
    this.#limit = options.limit ?? 1000;
  }

  report(path: RawName, what: string, detail: string): void {
    if (this.differences.length >= this.#limit) return;
    this.differences.push({ path, what, line: `${printable(path) || '.'}: ${what}: ${detail}` });
  }

  root(a: number, b: number): void {
    const report = (what: string, detail: string): void => this.report(ROOT, what, detail);
    compareEntries(sideAt(a, HERE), sideAt(b, HERE), this.#options, report);
  }

  /** Compares what two open directories hold. */
  async directories(path: RawName, a: number, b: number): Promise<void> {
    // Callers keep other things going meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
    const ignored = new Set<string>(path === ROOT ? this.#options.ignoreNames : []);
    const onlyB = new Set(namesIn(b));
    for (const name of namesIn(a)) {
      if (this.differences.length >= this.#limit) return;
      const inB = onlyB.delete(name);
      if (ignored.has(name)) continue;
      if (inB) await this.#pair(beneath(path, name), a, b, name);
      else this.report(beneath(path, name), 'missing', 'it is only in the first tree');
    }
    for (const name of onlyB)
      if (!ignored.has(name)) this.report(beneath(path, name), 'extra', 'it is only in the second tree');
  }

  async #pair(path: RawName, dirA: number, dirB: number, name: RawName): Promise<void> {
    const a = sideAt(dirA, name);
    const b = sideAt(dirB, name);
    compareEntries(a, b, this.#options, (what, detail) => this.report(path, what, detail));
    const links = this.#links.compare(path, a.stat, b.stat);
    if (links !== null)
      this.report(path, 'links', `one file with "${printable(links.a)}" and with "${printable(links.b)}"`);
    if (!a.stat.isDirectory() || !b.stat.isDirectory()) return;
    await withBoth(a.place, b.place, openDirectory, (openA, openB) => this.directories(path, openA, openB));
  }
}

function beneath(path: RawName, name: RawName): RawName {
  return path === ROOT ? name : brand<RawName>(`${path}/${name}`);
}

function sideAt(directory: number, name: RawName): Side {
  const place = placeOf(directory, name);
  return { place, stat: fs.lstatSync(place, { bigint: true }) };
}

async function withBoth(
  a: Buffer,
  b: Buffer,
  open: (place: Buffer) => number,
  use: (a: number, b: number) => Promise<void>,
): Promise<void> {
  const fds: number[] = [];
  try {
    const openA = open(a);
    fds.push(openA);
    const openB = open(b);
    fds.push(openB);
    await use(openA, openB);
  } finally {
    for (const fd of fds) fs.closeSync(fd);
  }
}

const openRoot = (place: Buffer): number => fs.openSync(place, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
const bytesOf = (path: string): Buffer => Buffer.from(rawToBytes(brand<RawName>(path)));

/** Compares two trees, given by their paths as bytes, that nobody changes meanwhile: one that changes may make it throw. */
export async function compareTrees(a: string, b: string, options: CompareOptions = {}): Promise<Difference[]> {
  const comparison = new Comparison(options);
  await withBoth(bytesOf(a), bytesOf(b), openRoot, async (openA, openB) => {
    if (options.ignoreRoot !== true) comparison.root(openA, openB);
    await comparison.directories(ROOT, openA, openB);
  });
  return comparison.differences;
}
