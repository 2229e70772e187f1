/**
 * FO3: how long a source may write, and from when on another server may. In: times of each side's own CLOCK_BOOTTIME, ms. Out: deadlines.
 * Promise: what the source holds ends before what the taker waits for does, as long as both clocks run at the same rate but for what the
 * margin covers. The derivation stands in SPEC.md, under "The lease".
 */
import type { Kept } from './register.ts';

export interface LeaseTerms {
  /** What the taker waits beyond the lease. */
  readonly marginMs: number;
  /** How often the source renews. */
  readonly everyMs: number;
}

const LEAST_MARGIN_MS = 250;
/** Two clocks that differ by no more than this share of the time that passes on them; slewing allows 0.1 %. */
const DRIFT = 0.02;
/** So many renewals may be lost before the lease is. */
const RENEWALS = 4;

/** The same on both sides: it is made of nothing but the lease. */
export function leaseTerms(leaseMs: number): LeaseTerms {
  return {
    marginMs: Math.ceil(LEAST_MARGIN_MS + leaseMs * DRIFT),
    everyMs: Math.max(1, Math.floor(leaseMs / RENEWALS)),
  };
}

/** Nothing is known of when it was confirmed last, but that it was before now. */
export function fullWait(leaseMs: number, nowMs: number): number {
  return nowMs + leaseMs + leaseTerms(leaseMs).marginMs;
}

/** The source's end. */
export class HeldLease {
  #untilMs = 0;

  /** Calls are executed, and answered, before this moment. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** The witness has confirmed a renewal. It counts from when it was sent: nobody knows when the witness had it. */
  confirmed(sentAtMs: number, leaseMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, sentAtMs + leaseMs);
  }

  /** Another server writes. */
  end(): void {
    this.#untilMs = 0;
  }
}

/** The taker's end: from when on nobody writes by the lease that was seen last. */
export class ObservedLease {
  #revision: string | null = null;
  #safeAtMs = 0;

  /**
   * `answeredAtMs`: when the answer was here. The renewal that made this revision was sent before that, and a later one makes another
   * revision: a change of the record that names this one as what it replaces shows that there was none.
   */
  seen({ revision, record: { leaseMs, released, holder } }: Kept, me: string, answeredAtMs: number): void {
    if (revision === this.#revision) return;
    this.#revision = revision;
    // Who has let go, and who asks himself, has no calls that could pass any more.
    this.#safeAtMs = released || holder === me ? answeredAtMs : fullWait(leaseMs, answeredAtMs);
  }

  get revision(): string | null {
    return this.#revision;
  }

  /** Once the record was changed from that revision: when the taker may write. */
  get safeAtMs(): number {
    return this.#safeAtMs;
  }
}
