/** The queue's store in memory: it outlives the engine that used it, as a folder outlives a process. For tests and the simulation. */
import { type QueueStore, QueueStoreError, type QueueStoreFault } from '../data-path/source/queue/queue-store.ts';
import { LooseBytes } from './loose-bytes.ts';

interface Entry {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
  damaged: boolean;
}

export class MemoryQueueStore implements QueueStore {
  readonly #limitBytes: number;
  #entries = new Map<number, Entry>();
  #oldest = 1;
  #next = 1;
  #bytes = 0;
  /** The next appends fail so; null: they do not. */
  failing: QueueStoreFault | null = null;
  /** Called before each change: a moment at which a process may die. */
  beforeWrite: () => void = () => {};

  constructor(limitBytes = Number.POSITIVE_INFINITY) {
    this.#limitBytes = limitBytes;
  }

  get oldest(): number {
    return this.#oldest;
  }

  get next(): number {
    return this.#next;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(head: Uint8Array, body: Uint8Array): void {
    this.beforeWrite();
    if (this.failing !== null) throw new QueueStoreError(this.failing, 'the disk of the simulation does not want to');
    const length = head.length + body.length;
    if (this.#bytes + length > this.#limitBytes)
      throw new QueueStoreError('full', `${this.#limitBytes} bytes are used`);
    this.#entries.set(this.#next, { head: head.slice(), body: body.slice(), damaged: false });
    this.#next += 1;
    this.#bytes += length;
  }

  head(entry: number): Uint8Array {
    return new LooseBytes(this.#at(entry).head);
  }

  body(entry: number): Uint8Array {
    return new LooseBytes(this.#at(entry).body);
  }

  free(through: number): void {
    this.beforeWrite();
    this.#free(through);
  }

  #free(through: number): void {
    for (; this.#oldest <= through && this.#oldest < this.#next; this.#oldest += 1) {
      const entry = this.#entries.get(this.#oldest);
      this.#entries.delete(this.#oldest);
      if (entry !== undefined) this.#bytes -= entry.head.length + entry.body.length;
    }
  }

  clear(): void {
    this.#free(this.#next - 1);
  }

  close(): void {}

  /** One of its entries, the `share`th, cannot be read any more. False: there is none. */
  damage(share: number): boolean {
    const entry = this.#entries.get(this.#oldest + Math.floor(share * (this.#next - this.#oldest)));
    if (entry !== undefined) entry.damaged = true;
    return entry !== undefined;
  }

  #at(entry: number): Entry {
    const found = this.#entries.get(entry);
    if (found === undefined || found.damaged) throw new QueueStoreError('damaged', `entry ${entry} cannot be read`);
    return found;
  }
}
