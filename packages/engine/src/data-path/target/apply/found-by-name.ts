/**
 * [TCM5] Directories that a mirror has found, or made, by their names, and that no checkpoint knows yet. In: entries of mirrors, checkpoints.
 * Out: whether an operation has to wait for one. Promise: what a power cut leaves under the name of such a directory is that directory:
 * moved before a checkpoint knew who it is, it could lie under the name of another, and a replay would take the one for the other, with
 * all that is in them.
 */
import { type OperationRecord, type Position, position, Verb } from '@understudy/wire';
import { isDirectory } from './replica-root.ts';

export class FoundByName {
  /** Root and node; the position of the entry. */
  readonly #found = new Map<string, Position>();
  /** null: nothing is known of what an earlier process has found. */
  #covered: Position | null;

  constructor(covered: Position | null) {
    this.#covered = covered;
  }

  note({ root, node, sequence }: OperationRecord): void {
    this.#found.set(`${root}:${node}`, position(sequence));
  }

  /** A checkpoint covers everything up to there. */
  checkpointed(applied: Position): void {
    this.#covered = applied;
    for (const [key, at] of this.#found) if (at <= applied) this.#found.delete(key);
  }

  /** It moves such a directory. */
  isMovedBy(operation: OperationRecord | undefined): boolean {
    if (operation?.verb !== Verb.rename) return false;
    const { root, node, victim, attributes } = operation;
    if (this.#covered === null) return isDirectory(attributes);
    return this.#found.has(`${root}:${node}`) || this.#found.has(`${root}:${victim}`);
  }
}
