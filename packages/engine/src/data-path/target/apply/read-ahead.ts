/**
 * Asks the replica's disk for what the checks that wait will read, so that it works on many files at once. In: each operation that is done.
 * Out: hints to the disk, one for each place where a reading begins: within a file its system reads ahead by itself, in larger pieces than
 * a check has, and would not where it were told of each. Promise: they are bounded, and nothing depends on them.
 */
import { NO_NODE, type OperationRecord, Verb } from '@understudy/wire';
import type { OperationQueue } from '../operation-queue.ts';
import type { ReplicaRoots } from './replica-roots.ts';

/** Asked for and not read yet. */
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_CHECKS = 96;

export class ReadAhead {
  readonly #roots: Pick<ReplicaRoots, 'get'>;
  /** Of what was asked for, in order: its position and its bytes. */
  #asked: { readonly at: number; readonly bytes: number }[] = [];
  #bytes = 0;
  /** Position of the newest of them, or of a later one that was read unasked, and where it ends. */
  #newest = 0;
  #end = { root: -1, node: NO_NODE, at: 0 };

  constructor(roots: Pick<ReplicaRoots, 'get'>) {
    this.#roots = roots;
  }

  /** The operation leaves the queue: what follows is looked at. */
  shift(record: OperationRecord, queue: OperationQueue): void {
    queue.shift();
    if (record.verb !== Verb.check) return;
    this.#forget(record.sequence);
    if (record.sequence > this.#newest) this.#endsWith(record);
    // In one go for half of it: the disk sees neighbours together.
    if (this.#bytes > MOST_BYTES / 2 || this.#asked.length > MOST_CHECKS / 2) return;
    while (this.#bytes < MOST_BYTES && this.#asked.length < MOST_CHECKS) {
      const next = queue.ahead?.(Verb.check);
      if (next === undefined) return;
      this.#ask(next);
    }
  }

  #ask(record: OperationRecord): void {
    const { root: index, node, offset, extent, sequence } = record;
    const root = this.#roots.get(index);
    const handle = root?.nodes.handleOf(node);
    // A check of more than that is refused when its turn comes.
    const bytes = Math.min(extent, MOST_BYTES);
    const goesOn = this.#end.root === index && this.#end.node === node && this.#end.at === offset;
    if (handle !== undefined && !goesOn) root?.files.willNeed?.(handle, offset, bytes);
    this.#endsWith(record);
    this.#asked.push({ at: sequence, bytes });
    this.#bytes += bytes;
  }

  #endsWith({ root, node, offset, extent, sequence }: OperationRecord): void {
    this.#end = { root, node, at: offset + extent };
    this.#newest = sequence;
  }

  /** Read, or dealt with otherwise. */
  #forget(sequence: number): void {
    const left = this.#asked.filter(({ at }) => at > sequence);
    if (left.length === this.#asked.length) return;
    this.#asked = left;
    this.#bytes = left.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
