/** What people are told when a queue was let go of: the reason, and that nothing is lost by it. */
import type { Fold } from '../data-path/source-path.ts';

export function foldEvent({ reason, sentence }: Fold, places: number) {
  const said = sentence === null ? '' : ` (${sentence})`;
  const noted = `${places === 1 ? '1 place is' : `${places} places are`} noted and will be repaired, nothing is lost.`;
  const severity = reason === 'queue-damaged' ? ('error' as const) : ('warning' as const);
  const what = {
    'queue-full': `The send queue reached its limit; ${noted}`,
    'queue-disk-full': `The send queue on disk is at its limit${said}; ${noted}`,
    'queue-disk-failed': `The send queue cannot be written to disk${said}; ${noted}`,
    'queue-damaged': `The send queue on disk is damaged${said}: what it held is not known, so that everything is compared.`,
    'failed-over': `This server has taken the job over; ${noted}`,
    'stream-lost': `The target does not go on where it was; ${noted}`,
  }[reason];
  return { code: reason === 'stream-lost' ? 'queue-let-go' : reason, severity, sentence: what };
}
