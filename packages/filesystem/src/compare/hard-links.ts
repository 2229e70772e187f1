/** Which names are one and the same file, on both sides at once. */
import type { BigIntStats } from 'node:fs';
import type { RawName } from '@understudy/base';

class FirstNames {
  readonly #first = new Map<string, RawName>();

  of(path: RawName, stat: BigIntStats): RawName {
    if (stat.nlink < 2n) return path;
    const key = `${stat.dev}:${stat.ino}`;
    const known = this.#first.get(key);
    if (known !== undefined) return known;
    this.#first.set(key, path);
    return path;
  }
}

/**
 * Both trees are walked in the same order, so names fall into the same groups exactly if each name's group was first met under the
 * same name on both sides.
 */
export class HardLinks {
  readonly #a = new FirstNames();
  readonly #b = new FirstNames();

  /** The names with which `path` shares its file, where the two sides disagree; null where they agree. */
  compare(path: RawName, a: BigIntStats, b: BigIntStats): { readonly a: RawName; readonly b: RawName } | null {
    if (a.isDirectory() || b.isDirectory()) return null;
    const firstA = this.#a.of(path, a);
    const firstB = this.#b.of(path, b);
    return firstA === firstB ? null : { a: firstA, b: firstB };
  }
}
