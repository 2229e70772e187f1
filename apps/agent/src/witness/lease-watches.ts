/**
 * Leases that are looked at before anybody takes an epoch: a source that does not answer may have stopped writing long before its time to
 * fail is over, and then nothing has to be waited for. In: jobs, as often as somebody looks. Out: what was seen of each lease, and why an
 * epoch cannot be begun now. Promise: the witness is only read; one question at a time for a job, four a lease at most; what is not asked
 * for any more is not looked at any more.
 */
import { leaseTerms, ObservedLease } from '@understudy/engine';
import type { BootClock } from './boot-clock.ts';
import { askRegister, type Register, type WitnessError } from './register.ts';

export interface LeaseWatchParts {
  readonly clock: BootClock;
  readonly fault: (error: unknown) => void;
}

export interface LookedAt {
  readonly jobId: string;
  readonly leaseMs: number;
  readonly open: () => Register;
}

export type LeaseNews =
  /** The source goes on renewing it. */
  { readonly kind: 'renewed'; readonly holder: string } | { readonly kind: 'no-answer'; readonly why: WitnessError };

interface Watch {
  readonly observed: ObservedLease;
  /** Another revision came while it was looked at. */
  renewedBy: string | null;
  why: WitnessError | null;
  dueMs: number;
  busy: boolean;
}

export class LeaseWatches {
  readonly #parts: LeaseWatchParts;
  readonly #watches = new Map<string, Watch>();

  constructor(parts: LeaseWatchParts) {
    this.#parts = parts;
  }

  /** Not waited for. Asks where the last answer is a quarter of a lease old. */
  look(lease: LookedAt): void {
    const watch = this.#watches.get(lease.jobId) ?? {
      observed: new ObservedLease(),
      renewedBy: null,
      why: null,
      dueMs: 0,
      busy: false,
    };
    this.#watches.set(lease.jobId, watch);
    if (watch.busy || this.#parts.clock() < watch.dueMs) return;
    void this.#ask(lease, watch).catch(this.#parts.fault);
  }

  /** For who takes the epoch: from when on nobody else writes by what was seen. Undefined: nobody has looked. */
  seen(jobId: string): ObservedLease | undefined {
    return this.#watches.get(jobId)?.observed;
  }

  /** Null: nothing that is known keeps an epoch from beginning. */
  news(jobId: string): LeaseNews | null {
    const watch = this.#watches.get(jobId);
    if (watch === undefined) return null;
    const { observed, renewedBy, why } = watch;
    if (why !== null) return { kind: 'no-answer', why };
    if (renewedBy === null || this.#parts.clock() >= observed.safeAtMs) return null;
    return { kind: 'renewed', holder: renewedBy };
  }

  forget(jobId: string): void {
    this.#watches.delete(jobId);
  }

  async #ask({ leaseMs, open }: LookedAt, watch: Watch): Promise<void> {
    const { clock } = this.#parts;
    watch.busy = true;
    watch.dueMs = clock() + leaseTerms(leaseMs).everyMs;
    const register = open();
    try {
      let why: WitnessError | null = null;
      const answer = await askRegister(register, { kind: 'read', sentAtMs: clock() }, (error) => {
        why = error;
      });
      watch.why = why;
      if (answer.kind !== 'kept' || answer.kept === null) return;
      const { kept } = answer;
      const before = watch.observed.revision;
      watch.observed.seen(kept, '', clock());
      if (before !== null && before !== kept.revision) watch.renewedBy = kept.record.holder;
    } finally {
      register.close();
      watch.busy = false;
    }
  }
}
