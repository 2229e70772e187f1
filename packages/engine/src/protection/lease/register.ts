/** What a witness keeps of a job, what it is asked, and what it answers. */

export interface EpochRecord {
  readonly epoch: number;
  /** Fingerprint of the server that writes under it. */
  readonly holder: string;
  /** For how long it writes without a renewal, counted from the sending of each. */
  readonly leaseMs: number;
  /** It has stopped writing of its own accord. */
  readonly released: boolean;
}

export interface Kept {
  /** Another one with every change, also where the record stays the same. */
  readonly revision: string;
  readonly record: EpochRecord;
}

/** `sentAtMs`: CLOCK_BOOTTIME of who asks. `expected`: the revision that is to be replaced; null: nothing is kept yet. */
export type WitnessAsk =
  | { readonly kind: 'read'; readonly sentAtMs: number }
  | {
      readonly kind: 'swap';
      readonly sentAtMs: number;
      readonly expected: string | null;
      readonly record: EpochRecord;
    };

/** `unknown`: no answer came. What was asked may have been done all the same. */
export type WitnessAnswer =
  | { readonly kind: 'kept'; readonly kept: Kept | null }
  | { readonly kind: 'swapped'; readonly now: Kept }
  | { readonly kind: 'not-swapped'; readonly now: Kept | null }
  | { readonly kind: 'unknown' };

export interface Claimant {
  readonly epoch: number;
  readonly holder: string;
  readonly leaseMs: number;
}

/**
 * `mine`: renew it. `take`: another server's, of an older epoch, or nobody's: it may be changed to ours, and what its holder had confirmed
 * has to be waited for. `superseded`: another server writes. Two servers are never given one epoch: each is begun by a change of the record.
 */
export function judgeClaim(found: EpochRecord | null, me: Claimant): 'mine' | 'take' | 'superseded' {
  if (found === null || found.epoch < me.epoch) return 'take';
  return found.epoch === me.epoch && found.holder === me.holder ? 'mine' : 'superseded';
}

export const recordOf = ({ epoch, holder, leaseMs }: Claimant): EpochRecord => ({
  epoch,
  holder,
  leaseMs,
  released: false,
});
