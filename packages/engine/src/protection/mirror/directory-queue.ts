/**
 * Directories that wait to be listed. In: directories, once more where an answer was lost. Out: the same, in order. Promise: a repair that is
 * broken off tells each that it has come to, beside what it had taken: to a target that knows the directory by then its name says nothing
 * of what is in it.
 */
import { RingBuffer } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { DirtyItem } from '../../data-path/source/queue/dirty-map.ts';

export interface QueuedDirectory {
  readonly root: number;
  readonly node: NodeId;
}

export class DirectoryQueue {
  readonly #waiting = new RingBuffer<QueuedDirectory>();
  readonly #comeTo: Map<string, DirtyItem> | null;

  constructor(options: { readonly repair: boolean }) {
    this.#comeTo = options.repair ? new Map() : null;
  }

  get size(): number {
    return this.#waiting.size;
  }

  push({ root, node }: QueuedDirectory): void {
    this.#comeTo?.set(`${root}/${node}`, { kind: 'node', root, node });
    this.#waiting.push({ root, node });
  }

  shift(): QueuedDirectory | undefined {
    return this.#waiting.shift();
  }

  /** Of a repair. */
  *comeTo(): Iterable<DirtyItem> {
    if (this.#comeTo !== null) yield* this.#comeTo.values();
  }

  /** How many those are. */
  get found(): number {
    return this.#comeTo?.size ?? 0;
  }
}
