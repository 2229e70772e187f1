/** Numbers for the files of a view that the kernel knows of. In: keys, and what it forgets. Out: numbers. Bounded by what the kernel holds. */
import type { ViewKey } from './tree.ts';

const ROOT = 1;

export class ViewNodes {
  readonly #keys = new Map<number, { readonly key: ViewKey; lookups: number }>();
  readonly #numbers = new Map<ViewKey, number>();
  #last = ROOT;

  constructor(root: ViewKey) {
    this.#keys.set(ROOT, { key: root, lookups: 1 });
    this.#numbers.set(root, ROOT);
  }

  get size(): number {
    return this.#keys.size;
  }

  keyOf(number: number): ViewKey | null {
    return this.#keys.get(number)?.key ?? null;
  }

  /** The kernel is told of it once more. */
  lookUp(key: ViewKey): number {
    const known = this.#numbers.get(key);
    const node = known === undefined ? undefined : this.#keys.get(known);
    if (known !== undefined && node !== undefined) {
      node.lookups += 1;
      return known;
    }
    this.#last += 1;
    this.#keys.set(this.#last, { key, lookups: 1 });
    this.#numbers.set(key, this.#last);
    return this.#last;
  }

  forget(number: number, lookups: number): void {
    const node = this.#keys.get(number);
    if (node === undefined || number === ROOT) return;
    node.lookups -= lookups;
    if (node.lookups > 0) return;
    this.#keys.delete(number);
    this.#numbers.delete(node.key);
  }
}
