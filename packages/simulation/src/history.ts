/**
 * Everything that the source has ever been, one entry a call that changed something. In: its image after every call.
 * Out: which of its pasts a replica shows. The product's promise is that there always is one.
 */
export class History {
  readonly #entries: (readonly string[])[] = [];
  readonly #indexes = new Map<string, number[]>();
  /** What a power cut has taken: behind the first, up to the second. */
  readonly #lost: (readonly [from: number, to: number])[] = [];

  /** Index of the present. */
  get now(): number {
    return this.#entries.length - 1;
  }

  add(image: readonly string[]): void {
    const key = image.join('\n');
    const indexes = this.#indexes.get(key);
    this.#entries.push(image);
    if (indexes === undefined) this.#indexes.set(key, [this.now]);
    else indexes.push(this.now);
  }

  /** What came behind `index` is none of the source's pasts: it has lost it. */
  loseAfter(index: number): void {
    this.#lost.push([index, this.now]);
    for (const [key, indexes] of this.#indexes) {
      const left = indexes.filter((one) => one <= index);
      if (left.length < indexes.length) this.#indexes.set(key, left);
    }
  }

  /** The newest moment at which the source was so; null: never. */
  newest(image: readonly string[]): number | null {
    return this.#indexes.get(image.join('\n'))?.at(-1) ?? null;
  }

  /** The oldest such moment at or after `least`; null: none. */
  oldestFrom(image: readonly string[], least: number): number | null {
    return this.#indexes.get(image.join('\n'))?.find((index) => index >= least) ?? null;
  }

  /** Whether one of its pasts, with only some lines of each looked at, is so. */
  hasWithin(image: readonly string[], some: (image: readonly string[]) => readonly string[]): boolean {
    const key = some(image).join('\n');
    return this.#entries.some((entry, index) => !this.#isLost(index) && some(entry).join('\n') === key);
  }

  #isLost(index: number): boolean {
    return this.#lost.some(([from, to]) => index > from && index <= to);
  }

  /** The past that is most like the image, for a person who has to find out why none is equal. */
  closest(image: readonly string[]): { readonly index: number; readonly image: readonly string[] } {
    const lines = new Set(image);
    let best = { index: 0, image: this.#entries[0] ?? [], score: Number.POSITIVE_INFINITY };
    for (const [index, entry] of this.#entries.entries()) {
      let common = 0;
      for (const l of entry) if (lines.has(l)) common += 1;
      const score = entry.length + image.length - 2 * common;
      if (score <= best.score) best = { index, image: entry, score };
    }
    return best;
  }
}
