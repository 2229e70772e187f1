/** TRM2: what the target could not apply, how often it was repaired, and what is given up on, with its reason. */
import type { NodeId } from '@understudy/wire';

export const REPAIRS_BEFORE_GIVING_UP = 3;
const MAX_UNREPAIRABLE = 10_000;

export class Refusals {
  readonly #tries = new Map<string, number>();
  readonly unrepairable = new Map<string, string>();

  /** True: repair it. False: it has been repaired often enough and is listed. */
  add(root: number, node: NodeId, what: string): boolean {
    const key = `${root}/${node}`;
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    if (tries <= REPAIRS_BEFORE_GIVING_UP) return true;
    this.#note(key, what);
    return false;
  }

  giveUp(root: number, node: NodeId, what: string): void {
    this.#note(`${root}/${node}`, what);
  }

  /** A new mirror tries everything again. */
  clear(): void {
    this.#tries.clear();
    this.unrepairable.clear();
  }

  #note(key: string, what: string): void {
    if (this.unrepairable.size < MAX_UNREPAIRABLE) this.unrepairable.set(key, what);
  }
}
