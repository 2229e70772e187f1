/**
 * Which files the target has not received everything of. In: operations in the order of the ring; how far the target has received, by the
 * same order. Out: how many files, or null where that is not known. Promise: bounded; a number is never less than what is queued.
 */
import { NO_NODE, type NodeId } from '@understudy/wire';

/** About 100 bytes each; beyond it nobody counts until the target has received everything. */
export const MOST_FILES = 100_000;

export class UnreceivedFiles {
  /** By root: the newest operation on each file, the oldest of them first. */
  readonly #roots = new Map<number, Map<NodeId, number>>();
  #size = 0;
  /** What the target has not received up to here is of files that were not counted; 0: all are. */
  #uncountedThrough: number;
  #newestNode = NO_NODE;
  #newestRoot = 0;

  /** `uncountedThrough`: up to here an earlier run of the process has queued; 0: nothing. */
  constructor(uncountedThrough: number) {
    this.#uncountedThrough = uncountedThrough;
  }

  get count(): number | null {
    return this.#uncountedThrough > 0 ? null : this.#size;
  }

  /** An operation was queued. */
  queued(root: number, node: NodeId, sequence: number): void {
    if (this.#uncountedThrough > 0 && this.#size >= MOST_FILES) {
      this.#uncountedThrough = sequence;
      return;
    }
    const files = this.#of(root);
    // Most operations follow one on the same file: it has its place at the end already.
    const isNewest = this.#newestNode === node && this.#newestRoot === root;
    if (!files.has(node)) this.#size += 1;
    else if (!isNewest) files.delete(node);
    files.set(node, sequence);
    this.#newestNode = node;
    this.#newestRoot = root;
    if (this.#size >= MOST_FILES) this.#uncountedThrough = sequence;
  }

  /** The target has received everything up to here. */
  received(through: number): void {
    if (through >= this.#uncountedThrough) this.#uncountedThrough = 0;
    for (const files of this.#roots.values())
      for (const [node, sequence] of files) {
        if (sequence > through) break;
        files.delete(node);
        this.#size -= 1;
      }
  }

  /** What was queued behind `through` was let go of, and is dirty now. */
  letGo(through: number): void {
    this.#uncountedThrough = Math.min(this.#uncountedThrough, through);
    for (const files of this.#roots.values())
      for (const [node, sequence] of files) {
        if (sequence <= through) continue;
        files.delete(node);
        this.#size -= 1;
      }
  }

  #of(root: number): Map<NodeId, number> {
    let files = this.#roots.get(root);
    if (files === undefined) {
      files = new Map();
      this.#roots.set(root, files);
    }
    return files;
  }
}
