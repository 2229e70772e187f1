/** How full the journal of what is received is, for people. In: bytes, and the limit. Out: an event of it. */
import { formatBytes } from '@understudy/base';
import type { Severity } from './target-surroundings.ts';

interface Said {
  readonly code: string;
  readonly severity: Severity;
  readonly sentence: string;
}

export function sayShare(over: boolean, used: number, limit: number): Said {
  const share = `${formatBytes(used)} of ${formatBytes(limit)}`;
  if (over)
    return {
      code: 'target-journal-filling',
      severity: 'warning',
      sentence: `What waits to be applied takes ${share} on disk.`,
    };
  return {
    code: 'target-journal-emptied',
    severity: 'information',
    sentence: `What waits to be applied takes ${share} on disk again.`,
  };
}
