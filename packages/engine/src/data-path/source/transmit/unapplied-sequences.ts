/**
 * What the target has received and not applied yet, by ring sequence. In: packets as they leave the transaction log, the mark of what is
 * applied. Out: the lowest sequence that is not applied. Bounded: when there are too many, the newest are taken as one.
 */
import { RingBuffer } from '@understudy/base';
import type { Position } from '@understudy/wire';

interface Stretch {
  to: Position;
  /** Lowest ring sequence in it; 0: not known. */
  readonly first: number;
  origin: number;
}

const MOST = 4096;

export class UnappliedSequences {
  readonly #stretches = new RingBuffer<Stretch>();
  #origin = 0;

  /** Ring sequence of the newest operation that is known to be applied; 0: none. */
  get origin(): number {
    return this.#origin;
  }

  /** Lowest ring sequence that is received and not applied; 0: there is one and nobody knows which; null: none. */
  get first(): number | null {
    return this.#stretches.at(0)?.first ?? null;
  }

  received(packet: { readonly to: Position; readonly first: number; readonly origin: number }): void {
    const { to, first, origin } = packet;
    if (first === 0) return;
    const last = this.#stretches.last();
    if (last === undefined || this.#stretches.size < MOST) this.#stretches.push({ to, first, origin });
    else {
      last.to = to;
      last.origin = origin;
    }
  }

  applied(applied: Position): void {
    for (let first = this.#stretches.at(0); first !== undefined && first.to <= applied; first = this.#stretches.at(0)) {
      this.#origin = Math.max(this.#origin, first.origin);
      this.#stretches.shift();
    }
  }

  /** The stream goes on from what an earlier process had sent: of what lies between the two marks only the end is known. */
  goOn(has: { readonly received: Position; readonly applied: Position; readonly origin: number }): void {
    this.#stretches.clear();
    if (has.applied >= has.received) this.#origin = Math.max(this.#origin, has.origin);
    else if (has.origin > 0) this.#stretches.push({ to: has.received, first: 0, origin: has.origin });
  }

  clear(): void {
    this.#stretches.clear();
  }
}
