/**
 * What this agent has mounted, on disk: for the case that holder and fsid are both gone and only dead mounts are left.
 * Written before a mount and after an unmount, by atomic replace.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brand, fromHex, type RawName, rawFromBytes } from '@understudy/base';
import { InterceptorRefusal } from '@understudy/engine';
import { hexOf } from './native.ts';

const LAST_ID = 65_535;

export class RootsFile {
  readonly #path: string;
  readonly #roots = new Map<number, RawName>();
  #lastId = 0;

  constructor(directory: string) {
    this.#path = join(directory, 'roots');
    for (const line of this.#text().split('\n')) {
      const match = /^(\d+) ([0-9a-f]+)$/.exec(line);
      const bytes = fromHex(match?.[2] ?? '');
      if (match !== null && bytes !== null) this.#roots.set(Number(match[1]), brand<RawName>(rawFromBytes(bytes)));
    }
    this.#lastId = Math.max(0, ...this.#roots.keys());
  }

  entries(): readonly (readonly [number, RawName])[] {
    return [...this.#roots];
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

  add(id: number, path: RawName): void {
    this.#roots.set(id, path);
    this.#write();
  }

  remove(id: number): void {
    if (this.#roots.delete(id)) this.#write();
  }

  #text(): string {
    try {
      return readFileSync(this.#path, 'latin1');
    } catch {
      return '';
    }
  }

  #write(): void {
    const text = [...this.#roots].map(([id, path]) => `${id} ${hexOf(path)}\n`).join('');
    writeFileSync(`${this.#path}.new`, text);
    renameSync(`${this.#path}.new`, this.#path);
  }
}
