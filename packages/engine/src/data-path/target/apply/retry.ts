/**
 * What to do about a file-system error: wait and try again, or give the operation up and let the source repair the node.
 */

/** Time, or an administrator, can mend these: tried without end. */
const WAITABLE = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOBUFS',
  'EAGAIN',
  'EINTR',
  'ESHUTDOWN',
]);
/** These may pass, or not. */
const DOUBTFUL = new Set(['EIO', 'EBUSY', 'ETXTBSY', 'ETIMEDOUT']);
const DOUBTFUL_TRIES = 8;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** After the `tries`-th failure (from 1): milliseconds to wait, or null to give up. */
export function retryDelay(code: string, tries: number): number | null {
  const again = WAITABLE.has(code) || (DOUBTFUL.has(code) && tries < DOUBTFUL_TRIES);
  return again ? Math.min(FIRST_DELAY_MS * 2 ** Math.min(tries - 1, 20), LONGEST_DELAY_MS) : null;
}

/** No room is left: what can be spared makes some. */
export const isFull = (code: string): boolean => code === 'ENOSPC' || code === 'EDQUOT';
