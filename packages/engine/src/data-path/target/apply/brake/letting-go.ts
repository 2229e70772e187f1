/**
 * When moments, and what is kept aside for them, have to go. In: their age, how much is kept, the limits. Out: whether, and why.
 * Promise: within the brake's window something goes only where there is no room for it, and then a sentence says so.
 */
import type { Tier } from './coarsen.ts';
import type { PurgeReason } from './purge-report.ts';

/** How far back it reaches, whichever comes first. The brake's window is kept in any case. */
export interface UndoReach {
  readonly ageMs: number;
  /** Of old content and of files that were removed, with all that is noted of them. */
  readonly bytes: number;
  /** The file system is nearly full: that is why it is so little. */
  readonly isShort?: boolean;
  /** What becomes of moments with their age; absent: as coarsen.ts has it. */
  readonly tiers?: readonly Tier[];
}
export const WINDOW_ONLY: UndoReach = { ageMs: 0, bytes: 0 };

export const MORE = 'A brake that holds now may not be able to take everything back.';

const MOST_POINTS = 512;
const MOST_KEPT = 200_000;

export interface Standing {
  /** Of the second oldest moment: how long nobody has needed the oldest. */
  readonly ageMs: number;
  readonly windowMs: number;
  readonly reach: UndoReach;
  /** Of content within the window. */
  readonly copyBytes: number;
  readonly kept: number;
  readonly copied: number;
  readonly names: number;
  readonly moments: number;
}

/** `age`, `size`: it is as it should be that the oldest goes. Any other text says why it has to go all the same. Null: it stays. */
export function whyNotOldest(standing: Standing): string | null {
  const { ageMs, windowMs, reach, copyBytes, kept, copied, names, moments } = standing;
  if (ageMs > Math.max(windowMs, reach.ageMs)) return 'age';
  if (reach.isShort === true && kept > reach.bytes)
    return "The replica's file system is nearly full: the oldest moments to go back to were let go of.";
  if (ageMs > windowMs && (kept > reach.bytes || moments > MOST_POINTS)) return 'size';
  if (copied <= Math.max(copyBytes, reach.bytes) && names <= MOST_KEPT && moments <= MOST_POINTS) return null;
  if (ageMs > windowMs) return 'size';
  return `More was overwritten and deleted than is kept aside: the time that can be taken back is shorter. ${MORE}`;
}

/** How long what left the replica is kept, and why no longer. `tightForMs`: since moments had to go early. */
export function keptReason(
  { ageMs, isShort }: UndoReach,
  windowMs: number,
  tightForMs: number,
): { readonly reason: PurgeReason; readonly forMs: number } {
  const longest = Math.max(windowMs, ageMs);
  if (isShort === true) return { reason: 'short', forMs: windowMs };
  if (tightForMs < longest) return { reason: 'size', forMs: windowMs };
  return { reason: 'age', forMs: longest };
}
