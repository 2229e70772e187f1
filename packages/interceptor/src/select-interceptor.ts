/** Which driver protects a job: the one asked for, or the best that can run, with the reason as a sentence for the status. */
import { InterceptorRefusal } from '@understudy/engine';
import { whyFuseCannotRun } from './fuse/index.ts';
import { WATCH_SENTENCE } from './watch/index.ts';

export type InterceptorKind = 'auto' | 'fuse' | 'watch';

export interface InterceptorChoice {
  readonly driver: 'fuse' | 'watch';
  /** For the job's status. */
  readonly why: string;
}

/** `fuseObstacle` says why fuse cannot run, or null; by default this machine is asked. Throws InterceptorRefusal for `fuse`. */
export function selectInterceptor(
  kind: InterceptorKind,
  fuseObstacle: () => string | null = whyFuseCannotRun,
): InterceptorChoice {
  if (kind === 'watch') return { driver: 'watch', why: `watch, as the job asks: ${WATCH_SENTENCE}` };
  const obstacle = fuseObstacle();
  if (obstacle === null) {
    const asked = kind === 'fuse' ? 'as the job asks' : 'the best that this machine can run';
    return { driver: 'fuse', why: `fuse, ${asked}: every change is captured in the order it was made` };
  }
  if (kind === 'fuse') throw new InterceptorRefusal('no-device', `fuse cannot run here: ${obstacle}`);
  return { driver: 'watch', why: `watch, because fuse cannot run here (${obstacle}): ${WATCH_SENTENCE}` };
}
