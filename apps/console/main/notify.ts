/** What is worth a person's attention when the window is not looked at. In: a job's status before and after. Out: a notice, or null. Pure. */
import type { JobState, JobStatus } from '@understudy/wire';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

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

export type Seen = Pick<JobStatus, 'state'>;

/** Said once for each change into such a state, never for what was so when the console began to look. */
export function attentionOf(before: Seen | null, after: JobStatus): Attention | null {
  const said = CALLS[after.state];
  if (said === undefined || before === null || before.state === after.state) return null;
  return { title: `${after.name} ${said}`, body: plain(after.reason?.sentence ?? `${after.source} → ${after.target}`) };
}

const MOST_LETTERS = 300;

/** Some desktops take markup in a notice: what an agent says of a file's name is to be read, never interpreted; nor turned around or hidden. */
export function plain(text: string): string {
  const letters = [...text.replaceAll('<', '‹').replaceAll('>', '›').replace(UNSEEN, ' ')];
  return letters.length <= MOST_LETTERS ? letters.join('') : `${letters.slice(0, MOST_LETTERS - 1).join('')}…`;
}

export type Light = 'red' | 'yellow' | 'green' | 'gray';

/** The worst of all jobs, for the tray. Gray: there is nothing to protect. */
export function worstLight(states: readonly JobState[], unreachable: number): Light {
  if (states.some((state) => state === 'halted' || state === 'disconnected')) return 'red';
  if (unreachable > 0) return 'red';
  if (states.some((state) => state !== 'protected' && state !== 'stopped')) return 'yellow';
  return states.includes('protected') ? 'green' : 'gray';
}
