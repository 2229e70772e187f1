/** The sentences of this driver: what its servers say and what the mount helper refuses, in an administrator's words. */
import { constants } from 'node:os';
import { printable, type RawName } from '@understudy/base';
import { type InterceptorEvent, InterceptorRefusal } from '@understudy/engine';
import type { PutBack } from './parked-names.ts';

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

/** Of calls that waited for the target when both servers died. */
export function parkedEvents({ back, gone, failed }: PutBack): InterceptorEvent[] {
  const events: InterceptorEvent[] = [];
  const why = 'when fsid and holder died at one moment, a call that waited for the target had not been answered';
  if (back.length > 0)
    events.push(event('put-back', 'warning', null, `${why}: what it took away is back: ${named(back)}`));
  if (gone.length > 0)
    events.push(event('put-back', 'warning', null, `${why}: it stands as it was done: ${named(gone)}`));
  if (failed.length > 0)
    events.push(
      event(
        'put-back',
        'error',
        null,
        `files named .understudy-parked-* may be left, which calls had taken away when fsid and holder died at ` +
          `one moment (${failed[0]}); it is tried again when the directory is protected the next time`,
      ),
    );
  return events;
}

const MOST_NAMED = 10;

function named(paths: readonly RawName[]): string {
  const shown = paths.slice(0, MOST_NAMED).map(printable).join(', ');
  return paths.length > MOST_NAMED ? `${shown} and ${paths.length - MOST_NAMED} more` : shown;
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
