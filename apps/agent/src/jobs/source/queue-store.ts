/** The engine's queue store on segment files. In: entries. Out: the same after a kill; faults in the engine's words. */
import { type QueueStore, QueueStoreError } from '@understudy/engine';
import { SegmentDamage, type SegmentStore } from '../../ports/segments/index.ts';

export class SegmentQueueStore implements QueueStore {
  readonly #segments: SegmentStore;

  constructor(segments: SegmentStore) {
    this.#segments = segments;
  }

  get oldest(): number {
    return this.#segments.oldest;
  }

  get next(): number {
    return this.#segments.next;
  }

  get bytes(): number {
    return this.#segments.oldest === this.#segments.next ? 0 : this.#segments.bytes;
  }

  append(head: Uint8Array, body: Uint8Array): void {
    const appended = this.#segments.append(head, body);
    if (!appended.ok) throw new QueueStoreError(appended.fault, appended.sentence);
  }

  head(entry: number): Uint8Array {
    return readable(() => this.#segments.head(entry));
  }

  body(entry: number): Uint8Array {
    return readable(() => this.#segments.body(entry));
  }

  free(through: number): void {
    this.#segments.free(through);
  }

  clear(): void {
    this.#segments.clear();
  }

  close(): void {
    this.#segments.close();
  }
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SegmentDamage) throw new QueueStoreError('damaged', error.message);
    // A file that cannot be read any more is lost as one that is damaged.
    throw new QueueStoreError('damaged', error instanceof Error ? error.message : String(error));
  }
}
