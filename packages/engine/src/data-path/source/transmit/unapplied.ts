/**
 * How old the oldest operation is that was sent and is not applied: the recovery point cannot be newer. In: packets as they are sent, what
 * the target has applied. Out: a time. Promise: bounded in memory; where it is not exact it is too early, never too late.
 */
import { RingBuffer } from '@understudy/base';
import { type Position, position } from '@understudy/wire';

interface Sent {
  to: Position;
  readonly firstTimeMs: number;
}

/** A target may keep far more than this in its journal; from there on several packets count as one. */
const MAX_KEPT = 4096;

export class Unapplied {
  readonly #sent = new RingBuffer<Sent>();
  /** The last one, which later packets may be added to. */
  #last: Sent | null = null;
  /** Up to here the target has received what nobody here knows the times of: another process had sent it. */
  #unknownTo = position(0);
  #applied = position(0);

  /** Source time, ms; null: the target has applied all that was sent. */
  get oldestTimeMs(): number | null {
    if (this.#applied < this.#unknownTo) return 0;
    return this.#sent.at(0)?.firstTimeMs ?? null;
  }

  add({ to, firstTimeMs }: { readonly to: Position; readonly firstTimeMs: number }): void {
    if (this.#last !== null && this.#sent.size >= MAX_KEPT) {
      this.#last.to = to;
      return;
    }
    this.#last = { to, firstTimeMs };
    this.#sent.push(this.#last);
  }

  applied(applied: Position): void {
    if (applied > this.#applied) this.#applied = applied;
    for (let first = this.#sent.at(0); first !== undefined && first.to <= this.#applied; first = this.#sent.at(0)) {
      this.#sent.shift();
      if (first === this.#last) this.#last = null;
    }
  }

  /** The stream goes on from what another process has sent. */
  goOn(has: { readonly received: Position; readonly applied: Position }): void {
    this.clear(has.applied);
    this.#unknownTo = has.received;
  }

  /** The target shows less than it had said: up to what it has received the times are not known any more. */
  wentBack(has: { readonly received: Position; readonly applied: Position }): void {
    this.#applied = has.applied;
    this.#unknownTo = has.received;
  }

  clear(applied: Position): void {
    this.#sent.clear();
    this.#last = null;
    this.#applied = applied;
    this.#unknownTo = position(0);
  }
}
