/**
 * What this agent has mounted, on disk: for the case that holder and fsid are both gone and only dead mounts are left.
 * Written before a mount and after an unmount, by atomic replace, and durable: after a power cut it tells whose regions were active.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brand, fromHex, type RawName, rawFromBytes } from '@understudy/base';
import { InterceptorRefusal } from '@understudy/engine';
import { writeDurably } from './lost-ring.ts';
import { hexOf } from './native.ts';

const LAST_ID = 65_535;
/** The kernel's, without the NUL behind it. */
const MOST_PATH = 4095;

interface Entry {
  readonly path: RawName;
  /** The root together with which it was mounted and is unmounted; null: it stands by itself. */
  readonly parent: number | null;
}

export class RootsFile {
  readonly #directory: string;
  readonly #roots = new Map<number, Entry>();
  #lastId = 0;

  constructor(directory: string) {
    this.#directory = directory;
    for (const line of this.#text().split('\n')) {
      const found = rootOf(line);
      if (found !== null) this.#roots.set(found.id, found.entry);
    }
    this.#lastId = Math.max(0, ...this.#roots.keys());
  }

  entries(): readonly (readonly [number, RawName])[] {
    return [...this.#roots].map(([id, { path }]) => [id, path]);
  }

  parentOf(id: number): number | null {
    return this.#roots.get(id)?.parent ?? null;
  }

  /** Numbers go up and start over at the end: one that was released long ago may come again, never one in use. */
  nextId(used: Iterable<number>): number {
    const taken = new Set([...used, ...this.#roots.keys()]);
    for (let tries = 0; tries < LAST_ID; tries += 1) {
      this.#lastId = this.#lastId >= LAST_ID ? 1 : this.#lastId + 1;
      if (!taken.has(this.#lastId)) return this.#lastId;
    }
    throw new InterceptorRefusal('failed', 'no more directories can be protected');
  }

  add(id: number, path: RawName, parent: number | null): void {
    this.#roots.set(id, { path, parent });
    this.#write();
  }

  remove(id: number): void {
    if (this.#roots.delete(id)) this.#write();
  }

  #text(): string {
    try {
      return readFileSync(join(this.#directory, 'roots'), 'latin1');
    } catch {
      return '';
    }
  }

  #write(): void {
    const text = [...this.#roots]
      .map(([id, { path, parent }]) => `${id} ${hexOf(path)}${parent === null ? '' : ` ${parent}`}\n`)
      .join('');
    writeDurably(this.#directory, 'roots', text);
  }
}

const isId = (id: number): boolean => id >= 1 && id <= LAST_ID;

/** Null: no line that was written here. What it names is unmounted by it, and only what can have been mounted is. */
function rootOf(line: string): { readonly id: number; readonly entry: Entry } | null {
  const match = /^(\d{1,5}) ([0-9a-f]+)(?: (\d{1,5}))?$/.exec(line);
  const bytes = fromHex(match?.[2] ?? '');
  if (match === null || bytes === null) return null;
  const path = brand<RawName>(rawFromBytes(bytes));
  const id = Number(match[1]);
  const parent = match[3] === undefined ? null : Number(match[3]);
  if (!isId(id) || (parent !== null && (!isId(parent) || parent === id))) return null;
  if (bytes.length > MOST_PATH || !path.startsWith('/') || path.includes('\0')) return null;
  return { id, entry: { path, parent } };
}
