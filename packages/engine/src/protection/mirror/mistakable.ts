/**
 * Which operations a mirror under way may make into something else on the target. In: an operation, the mirror. Out: whether its file has
 * to be looked at once more when the mirror has ended. So has one that is made while what a power cut took is being repaired: a file that
 * was lost may have left it its number (btrfs counts on from what it still has), and the target would take the one for the other. And
 * what is read from the ring once more behind a source that died may have been done before a mirror read it.
 */
import { type OperationRecord, Verb } from '@understudy/wire';
import { isCreation } from '../../data-path/source/queue/source-replication-manager.ts';
import type { Mirror } from './mirror.ts';

/** `again`: a mirror was under way when the last process died, and this may be what it had read already. */
export function isMistakable(r: OperationRecord, mirror: Pick<Mirror, 'taken'> | null, again: boolean): boolean {
  if (mirror === null) return again && shiftsContent(r);
  return shiftsContent(r) || (isCreation(r.verb) && mirror.taken.reasons.some(({ reason }) => reason === 'power-cut'));
}

/** A range taken out of a file or put into it: the one change that is another when it is done twice. */
const shiftsContent = (r: OperationRecord): boolean => r.verb === Verb.fallocate && (r.detail & (8 | 32)) !== 0;
