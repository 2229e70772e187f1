/**
 * A server that takes over: it begins an epoch of its own at the witness, and waits for what the former holder had confirmed. In: answers,
 * and the time. Out: what to ask next, and from when on nobody else writes. Promise: a source that renews its lease is not taken over from
 * by itself; who asked and heard nothing finds out by asking again, and then waits once more.
 */
import { fullWait, ObservedLease } from './lease.ts';
import {
  type Claimant,
  type EpochRecord,
  judgeClaim,
  type Kept,
  recordOf,
  type WitnessAnswer,
  type WitnessAsk,
} from './register.ts';

export interface EpochTakerOptions extends Claimant {
  /** By the monitor, and not by a person's order: a source that renews its lease all the same is left alone. */
  readonly automatic: boolean;
  /** What was seen before, by whoever has watched the witness. */
  readonly observed?: ObservedLease;
}

export type TakerOutcome =
  | { readonly kind: 'begun'; readonly safeAtMs: number }
  /** The lease was renewed since it was seen last. */
  | { readonly kind: 'renewed'; readonly record: EpochRecord }
  /** Another server was given this epoch, or a higher one. */
  | { readonly kind: 'superseded'; readonly record: EpochRecord };

export class EpochTaker {
  readonly #me: EpochTakerOptions;
  readonly #observed: ObservedLease;
  /** Undefined: to be read. */
  #revision: string | null | undefined;
  #outcome: TakerOutcome | null = null;

  constructor(me: EpochTakerOptions) {
    this.#me = me;
    this.#observed = me.observed ?? new ObservedLease();
  }

  /** Null: not yet. */
  get outcome(): TakerOutcome | null {
    return this.#outcome;
  }

  /** By itself it only looks, until the lease that it sees is over. */
  ask(nowMs: number): WitnessAsk {
    if (this.#revision === undefined || this.lookOnMs(nowMs) > 0) return { kind: 'read', sentAtMs: nowMs };
    return { kind: 'swap', sentAtMs: nowMs, expected: this.#revision, record: recordOf(this.#me) };
  }

  /** How long it has to look on before it may begin its epoch. */
  lookOnMs(nowMs: number): number {
    const looks = this.#me.automatic && typeof this.#revision === 'string';
    return looks ? Math.max(0, this.#observed.safeAtMs - nowMs) : 0;
  }

  answered(_ask: WitnessAsk, answer: WitnessAnswer, nowMs: number): void {
    if (this.#outcome !== null) return;
    if (answer.kind === 'unknown') this.#revision = undefined;
    else if (answer.kind === 'kept') this.#found(answer.kept, nowMs);
    else if (answer.kind === 'not-swapped') this.#found(answer.now, nowMs);
    else this.#outcome = { kind: 'begun', safeAtMs: this.#safeAt(nowMs) };
  }

  #found(kept: Kept | null, nowMs: number): void {
    this.#revision = kept?.revision ?? null;
    if (kept === null) return;
    const { record } = kept;
    const verdict = judgeClaim(record, this.#me);
    // By an earlier try whose answer was lost, or in a process that has ended: when that was, nobody knows any more.
    if (verdict === 'mine') this.#outcome = { kind: 'begun', safeAtMs: fullWait(this.#me.leaseMs, nowMs) };
    if (verdict === 'superseded') this.#outcome = { kind: 'superseded', record };
    if (verdict !== 'take') return;
    const before = this.#observed.revision;
    this.#observed.seen(kept, this.#me.holder, nowMs);
    if (this.#me.automatic && before !== null && before !== kept.revision) this.#outcome = { kind: 'renewed', record };
  }

  #safeAt(nowMs: number): number {
    if (this.#revision === null || this.#revision === undefined) return fullWait(this.#me.leaseMs, nowMs);
    return this.#observed.safeAtMs;
  }
}
