/**
 * Which operations a mirror under way may make into something else on the target. In: an operation, the mirror. Out: whether its file has
 * to be looked at once more when the mirror has ended. So has one that is made while what a power cut took is being repaired: a file that
 * was lost may have left it its number (btrfs counts on from what it still has), and the target would take the one for the other. And
 * what a mirror has read and the ring only brings now may come when that mirror is gone: lost, stopped, or dead with its process. Stretches that
 * wait for a repair are moved along with all that lies behind them.
 */
import { type OperationRecord, Verb } from '@understudy/wire';
import type { DirtyMap } from '../../data-path/source/queue/dirty-map.ts';
import { isCreation } from '../../data-path/source/queue/source-replication-manager.ts';
import type { Mirror } from './mirror.ts';

/** What has to be looked at once more, and in files of which stretches are dirty already, where these have gone. */
export function noteMistakable(
  r: OperationRecord,
  of: { readonly mirror: Pick<Mirror, 'taken'> | null; readonly incomplete: boolean; readonly dirty: DirtyMap },
): void {
  const reason = 'shifted-while-mirrored';
  if (isMistakable(r, of.mirror, of.incomplete)) of.dirty.addNode(r.root, r.node, reason);
  else if (shiftsContent(r)) of.dirty.shifted(r.root, r.node, r.offset, reason);
}

/** `incomplete`: no mirror has come to its end yet, so one that is no more may have read already what this did. */
export function isMistakable(r: OperationRecord, mirror: Pick<Mirror, 'taken'> | null, incomplete: boolean): boolean {
  if (mirror === null) return incomplete && shiftsContent(r);
  return shiftsContent(r) || (isCreation(r.verb) && mirror.taken.reasons.some(({ reason }) => reason === 'power-cut'));
}

/** A range taken out of a file or put into it: the one change that is another when it is done twice. */
export const shiftsContent = (r: OperationRecord): boolean => r.verb === Verb.fallocate && (r.detail & (8 | 32)) !== 0;
