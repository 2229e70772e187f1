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
      const match = /^(\d+) ([0-9a-f]+)(?: (\d+))?$/.exec(line);
      const bytes = fromHex(match?.[2] ?? '');
      if (match === null || bytes === null) continue;
      const parent = match[3] === undefined ? null : Number(match[3]);
      this.#roots.set(Number(match[1]), { path: brand<RawName>(rawFromBytes(bytes)), parent });
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
