/** The sentences of this driver: what its servers say and what the mount helper refuses, in an administrator's words. */
import { constants } from 'node:os';
import { printable, type RawName } from '@understudy/base';
import { type InterceptorEvent, InterceptorRefusal } from '@understudy/engine';

const { ETIMEDOUT } = constants.errno;

/** What the holder says of the server. */
export function serverEvent(word: 'crashed' | 'suspended' | 'resumed'): InterceptorEvent {
  switch (word) {
    case 'crashed':
      return event('crashed', 'warning', null, 'fsid died and was started again; no application saw an error');
    case 'suspended':
      return event('failed', 'error', null, 'fsid dies again and again; calls pass without records until it is quiet');
    case 'resumed':
      return event('taken-over', 'information', null, 'records begin again after a series of crashes');
  }
}

/** The log cannot be written: the applications do not notice, and a power cut would now leave everything in doubt. */
export function logBroken(errno: number): InterceptorEvent {
  const why = errno === ETIMEDOUT ? 'its disk does not answer' : `error ${errno}`;
  const sentence =
    `the activity log in the agent’s home cannot be written (${why}); applications and replication go on, but after a power cut everything would ` +
    'be compared. See to that disk, then stop all jobs and start them again';
  return event('log-broken', 'error', null, sentence);
}

export function refusalOf(output: string, path: RawName): InterceptorRefusal {
  const match = /^refused (no-privilege|missing|unsupported-file-system|no-device|failed) (.*)$/m.exec(output);
  const code = (match?.[1] ?? 'failed') as InterceptorRefusal['code'];
  return new InterceptorRefusal(code, `${printable(path)} cannot be mounted over: ${match?.[2] ?? output}`);
}

export function event(
  kind: InterceptorEvent['kind'],
  severity: InterceptorEvent['severity'],
  root: number | null,
  sentence: string,
): InterceptorEvent {
  return { kind, severity, root, sentence };
}
