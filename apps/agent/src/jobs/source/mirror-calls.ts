/** Commands about a running job's mirror. In: a job that runs and is not halted. Out: the mirror asked for, or its change, or ManagementError. */
import { type CallArguments, ManagementError } from '@understudy/wire';
import type { Running } from './known-job.ts';
import { mirrorOptionsAsked } from './mirror-options.ts';

export function startMirror({ runner, interception }: Running, asked: CallArguments<'job.mirror'>): void {
  if (runner.job.mirror !== null)
    throw new ManagementError('busy', `A mirror of ${asked.name} is running already; wait for it to end.`);
  runner.job.startMirror(asked.compare, mirrorOptionsAsked(asked));
  interception.wake();
  interception.turn();
}

/** Of the mirror under way. Returns the sentence for the event. */
export function changeMirror({ runner }: Running, name: string, change: 'pause' | 'resume' | 'stop'): string {
  const { runs } = runner.job;
  if (runs.mirror === null && change !== 'resume')
    throw new ManagementError('refused', `No mirror of ${name} is running.`);
  if (change !== 'stop') runs.pauseMirror(change === 'pause');
  else if (!runs.stopMirror())
    throw new ManagementError(
      'refused',
      `A repair of ${name} is running: it cannot be stopped, for it sends what is known to differ. Pause it, or wait.`,
    );
  const rest = change === 'stop' ? '; the replica is not complete before another mirror has ended' : '';
  return `The mirror was ${changed[change]}${rest}.`;
}

export const changed = { pause: 'paused', resume: 'resumed', stop: 'stopped' } as const;
