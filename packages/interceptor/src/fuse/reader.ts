/**
 * When to look at the ring. Busy: every millisecond. Idle: not at all until the bell rings, which costs the servers something
 * and is therefore armed only then; a slow look remains, should a bell be lost with a dying holder.
 */
import type { InterceptorEvent } from '@understudy/engine';
import type { RingReader } from './ring-reader.ts';

const NAP_MS = 1;
const IDLE_MS = 250;
/** Empty looks in a row before the bell is armed. */
const PATIENCE = 30;

export class Reader {
  readonly #ring: RingReader;
  readonly #tell: (event: InterceptorEvent) => void;
  readonly #listeners: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  #empty = 0;
  #dirtyTotal: number;
  #closed = false;

  constructor(ring: RingReader, tell: (event: InterceptorEvent) => void) {
    this.#ring = ring;
    this.#tell = tell;
    this.#dirtyTotal = ring.status().dirtyTotal;
  }

  listen(listener: () => void): void {
    this.#listeners.push(listener);
    this.wake();
  }

  drain(take: (records: Uint8Array) => void): number {
    return this.#ring.drain(take);
  }

  keepDrained(): void {
    this.#ring.keepDrained();
  }

  free(through: number): void {
    this.#ring.free(through);
  }

  get identity(): string {
    return this.#ring.identity;
  }

  /** Something may be there. */
  wake(): void {
    this.#empty = 0;
    this.#next(0);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #next(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#closed || this.#listeners.length === 0) return;
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    this.#noticeOverflow();
    if (this.#ring.hasRecords()) {
      this.#empty = 0;
      for (const listener of this.#listeners) listener();
      this.#next(NAP_MS);
      return;
    }
    this.#empty += 1;
    if (this.#empty < PATIENCE) {
      this.#next(NAP_MS);
      return;
    }
    this.#ring.arm();
    // Something may have come between the look and the arming, and then nobody rings.
    this.#next(this.#ring.hasRecords() ? 0 : IDLE_MS);
  }

  #noticeOverflow(): void {
    const { dirtyTotal } = this.#ring.status();
    if (dirtyTotal === this.#dirtyTotal) return;
    const more = dirtyTotal - this.#dirtyTotal;
    this.#dirtyTotal = dirtyTotal;
    this.#tell({
      kind: 'overflow',
      severity: 'warning',
      root: null,
      sentence: `${more === 1 ? '1 file was' : `${more} files were`} changed without a record, because the ring was full or the capture was bypassed; what differs is sent again`,
    });
  }
}
