/** The engine's queue store on segment files. In: entries. Out: the same after a kill, and which are needed; faults in the engine's words. */
import { type QueueStore, QueueStoreError } from '@understudy/engine';
import { messageOf } from '../../home/start-error.ts';
import { SegmentDamage, type SegmentStore } from '../../ports/segments/index.ts';
import type { Bounds, QueueBounds } from './queue-bounds.ts';

export class SegmentQueueStore implements QueueStore {
  readonly #segments: SegmentStore;
  readonly #bounds: Pick<QueueBounds, 'write' | 'close'>;
  /** Why what is needed cannot be written down any more: then nothing more is taken, and the next process compares. */
  #failed: string | null = null;

  constructor(segments: SegmentStore, bounds: Pick<QueueBounds, 'write' | 'close'>) {
    this.#segments = segments;
    this.#bounds = bounds;
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
    const appended = this.#failed === null ? this.#segments.append(head, body) : null;
    if (appended?.ok === false) throw new QueueStoreError(appended.fault, appended.sentence);
    this.#note(this.#segments);
    if (this.#failed !== null) throw new QueueStoreError('failed', this.#failed);
  }

  head(entry: number): Uint8Array {
    return readable(() => this.#segments.head(entry));
  }

  body(entry: number): Uint8Array {
    return readable(() => this.#segments.body(entry));
  }

  /** Written down before the files go: a process that dies in between has more than it needs. */
  free(through: number): void {
    const { oldest, next } = this.#segments;
    this.#note({ oldest: Math.max(oldest, Math.min(through + 1, next)), next });
    this.#segments.free(through);
  }

  clear(): void {
    const { next } = this.#segments;
    this.#note({ oldest: next, next });
    this.#segments.clear();
  }

  close(): void {
    this.#segments.close();
    this.#bounds.close();
  }

  #note({ oldest, next }: Bounds): void {
    if (this.#failed !== null) return;
    try {
      this.#bounds.write({ oldest, next });
    } catch (error) {
      this.#failed = `what the queue on disk holds cannot be written down: ${messageOf(error)}`;
    }
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
