/**
 * Which files the target has not received everything of. In: operations in the order of the ring; how far the target has received, by the
 * same order. Out: how many files, or null where that is not known. Promise: bounded, and every step takes the same time however many there
 * are; a number is never less than what is queued.
 */
import type { NodeId } from '@understudy/wire';

/** About 200 bytes each; beyond it nobody counts until the target has received everything. */
export const MOST_FILES = 100_000;

interface Lacking {
  readonly root: number;
  readonly node: NodeId;
  /** Of the newest operation on it. */
  sequence: number;
  older: Lacking | null;
  newer: Lacking | null;
}

export class UnreceivedFiles {
  readonly #roots = new Map<number, Map<NodeId, Lacking>>();
  /** In the order of their newest operations. A map walked from its beginning would have to pass the places of all that has left it. */
  #oldest: Lacking | null = null;
  #newest: Lacking | null = null;
  #size = 0;
  /** What the target has not received up to here is of files that were not counted; 0: all are. */
  #uncountedThrough: number;

  /** `uncountedThrough`: up to here an earlier run of the process has queued; 0: nothing. */
  constructor(uncountedThrough: number) {
    this.#uncountedThrough = uncountedThrough;
  }

  get count(): number | null {
    return this.#uncountedThrough > 0 ? null : this.#size;
  }

  /** An operation was queued. */
  queued(root: number, node: NodeId, sequence: number): void {
    const newest = this.#newest;
    if (newest !== null && newest.node === node && newest.root === root) {
      newest.sequence = sequence;
      return;
    }
    const files = this.#of(root);
    const known = files.get(node);
    if (known !== undefined) {
      this.#unlink(known);
      known.sequence = sequence;
      this.#append(known);
      return;
    }
    if (this.#size >= MOST_FILES) {
      this.#uncountedThrough = sequence;
      return;
    }
    const lacking = { root, node, sequence, older: null, newer: null };
    files.set(node, lacking);
    this.#size += 1;
    this.#append(lacking);
  }

  /** The target has received everything up to here. */
  received(through: number): void {
    if (through >= this.#uncountedThrough) this.#uncountedThrough = 0;
    for (let at = this.#oldest; at !== null && at.sequence <= through; at = this.#oldest) this.#remove(at);
  }

  /** What was queued behind `through` was let go of, and is dirty now. */
  letGo(through: number): void {
    this.#uncountedThrough = Math.min(this.#uncountedThrough, through);
    for (let at = this.#newest; at !== null && at.sequence > through; at = this.#newest) this.#remove(at);
  }

  #remove(lacking: Lacking): void {
    this.#unlink(lacking);
    this.#roots.get(lacking.root)?.delete(lacking.node);
    this.#size -= 1;
  }

  #unlink(lacking: Lacking): void {
    const { older, newer } = lacking;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
  }

  #append(lacking: Lacking): void {
    lacking.older = this.#newest;
    lacking.newer = null;
    if (this.#newest === null) this.#oldest = lacking;
    else this.#newest.newer = lacking;
    this.#newest = lacking;
  }

  #of(root: number): Map<NodeId, Lacking> {
    let files = this.#roots.get(root);
    if (files === undefined) {
      files = new Map();
      this.#roots.set(root, files);
    }
    return files;
  }
}
