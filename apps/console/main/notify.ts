/** What is worth a person's attention when the window is not looked at. In: a job's status before and after. Out: a notice, or null. Pure. */
import type { JobState, JobStatus } from '@understudy/wire';

export interface Attention {
  readonly title: string;
  readonly body: string;
}

/** States in which somebody has to do something, and what to call each. */
const CALLS: Partial<Readonly<Record<JobState, string>>> = {
  halted: 'is halted',
  disconnected: 'has lost its connection',
  degraded: 'is degraded',
  'failed-over': 'has failed over',
};

/** Said once for each change into such a state, never for what was so when the console began to look. */
export function attentionOf(before: JobStatus | null, after: JobStatus): Attention | null {
  const said = CALLS[after.state];
  if (said === undefined || before === null || before.state === after.state) return null;
  return { title: `${after.name} ${said}`, body: after.reason?.sentence ?? `${after.source} → ${after.target}` };
}

export type Light = 'red' | 'yellow' | 'green' | 'gray';

/** The worst of all jobs, for the tray. Gray: there is nothing to protect. */
export function worstLight(states: readonly JobState[], unreachable: number): Light {
  if (states.some((state) => state === 'halted' || state === 'disconnected')) return 'red';
  if (unreachable > 0) return 'red';
  if (states.some((state) => state !== 'protected' && state !== 'stopped')) return 'yellow';
  return states.includes('protected') ? 'green' : 'gray';
}
