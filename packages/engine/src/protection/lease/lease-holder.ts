/**
 * The server that writes under an epoch, at its witness. In: answers, and the time. Out: what to ask next, and until when calls may pass.
 * Promise: a deadline counts from the sending of what was confirmed; another holder's lease is waited for after the record is ours; once
 * superseded, nothing is ever confirmed again.
 */
import { fullWait, HeldLease, leaseTerms, ObservedLease } from './lease.ts';
import {
  type Claimant,
  type EpochRecord,
  judgeClaim,
  type Kept,
  recordOf,
  type WitnessAnswer,
  type WitnessAsk,
} from './register.ts';

export interface LeaseHolderOptions extends Claimant {
  /** The epoch was confirmed before: a witness that knows nothing any more has lost it, and is not believed. */
  readonly known: boolean;
}

export class LeaseHolder {
  readonly #me: LeaseHolderOptions;
  readonly #held = new HeldLease();
  readonly #observed = new ObservedLease();
  #known: boolean;
  /** Undefined: to be read. */
  #revision: string | null | undefined;
  /** When the lease of the former holder is over. */
  #startsAtMs = 0;
  #askAtMs = 0;
  #superseded: EpochRecord | null = null;
  #forgotten = false;

  constructor(me: LeaseHolderOptions) {
    this.#me = me;
    this.#known = me.known;
  }

  get untilMs(): number {
    return this.#held.untilMs;
  }

  /** When to ask next. */
  get askAtMs(): number {
    return this.#askAtMs;
  }

  /** Who writes instead; null: nobody else. */
  get superseded(): EpochRecord | null {
    return this.#superseded;
  }

  /** The witness has lost what it had confirmed: a person has to look. */
  get forgotten(): boolean {
    return this.#forgotten;
  }

  /** The record is this server's, though calls may have to wait for the former holder's lease. */
  get known(): boolean {
    return this.#known;
  }

  ask(nowMs: number): WitnessAsk {
    if (this.#revision === undefined) return { kind: 'read', sentAtMs: nowMs };
    return { kind: 'swap', sentAtMs: nowMs, expected: this.#revision, record: recordOf(this.#me) };
  }

  /** The last word to the witness: nothing is written here any more. Null: there is nothing to let go of. */
  release(nowMs: number): WitnessAsk | null {
    this.#held.end();
    if (this.#revision === undefined || this.#revision === null || this.#superseded !== null) return null;
    return {
      kind: 'swap',
      sentAtMs: nowMs,
      expected: this.#revision,
      record: { ...recordOf(this.#me), released: true },
    };
  }

  answered(ask: WitnessAsk, answer: WitnessAnswer, nowMs: number): void {
    if (this.#superseded !== null) return;
    const { everyMs } = leaseTerms(this.#me.leaseMs);
    this.#askAtMs = answer.kind === 'unknown' ? nowMs + everyMs / 2 : nowMs;
    if (answer.kind === 'unknown') this.#revision = undefined;
    else if (answer.kind === 'kept') this.#found(answer.kept, nowMs);
    else if (answer.kind === 'not-swapped') this.#found(answer.now, nowMs);
    else this.#swapped(ask, answer.now, nowMs);
  }

  #swapped({ sentAtMs }: WitnessAsk, { revision }: Kept, nowMs: number): void {
    if (typeof this.#revision === 'string' && this.#revision === this.#observed.revision)
      this.#startsAtMs = Math.max(this.#startsAtMs, this.#observed.safeAtMs);
    this.#revision = revision;
    const left = this.#startsAtMs - nowMs;
    const { leaseMs } = this.#me;
    const { everyMs } = leaseTerms(leaseMs);
    this.#askAtMs = left > 0 ? nowMs + Math.min(left, everyMs) : sentAtMs + everyMs;
    // Ours from here on; what the former holder had confirmed may hold for a while.
    if (left > 0) return;
    this.#known = true;
    this.#held.confirmed(sentAtMs, leaseMs);
  }

  #found(kept: Kept | null, nowMs: number): void {
    if (kept === null && this.#known) {
      this.#forgotten = true;
      this.#revision = undefined;
      this.#askAtMs = nowMs + leaseTerms(this.#me.leaseMs).everyMs;
      return;
    }
    this.#forgotten = false;
    const verdict = judgeClaim(kept?.record ?? null, this.#me);
    this.#revision = kept?.revision ?? null;
    if (kept === null) return;
    if (verdict === 'superseded') {
      this.#superseded = kept.record;
      this.#held.end();
    } else if (verdict === 'take') this.#observed.seen(kept, this.#me.holder, nowMs);
    // Claimed by a process that ended before it was confirmed: it may have been waiting for another's lease.
    else if (!this.#known && this.#startsAtMs === 0) this.#startsAtMs = fullWait(this.#me.leaseMs, nowMs);
  }
}
