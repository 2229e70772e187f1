/** A job as its source's agent knows it: what is stored, and what of it runs. */
import type { JobState, Reason } from '@understudy/engine';
import type { StoredJob } from '../stored-job.ts';
import type { Interception } from './interception.ts';
import type { JobRoot } from './job-roots.ts';
import type { JobRunner } from './job-runner.ts';

export type Severity = 'information' | 'warning' | 'error';

export interface Running {
  readonly runner: JobRunner;
  readonly interception: Interception;
  readonly roots: readonly JobRoot[];
  /** Why this driver; null: nothing to say. */
  readonly why: string | null;
}

export interface Job {
  stored: StoredJob;
  running: Running | null;
  /** Why it does not run though it was started. */
  failure: Reason | null;
  /** Who uses mounts that have to stay a while as pass-through. */
  mountUsers: readonly string[];
  /** Roots that are waiting for those users. */
  leaving: ReadonlySet<number>;
  /** Why taking narrower mounts away for it was of no use; null: it was not tried, or a person asked for another try. */
  widenFailed: string | null;
  /** A person has started it after it was halted because of a root in which there is nothing: that is meant (SAFE2). */
  emptyIsMeant: boolean;
  /** It has just been handed back: what lies in its folders is what lies on its target. For one start. */
  handedBack: boolean;
  /** A call is at work on it. */
  busy: boolean;
}

export const newJob = (stored: StoredJob): Job => ({
  stored,
  running: null,
  failure: null,
  mountUsers: [],
  leaving: new Set(),
  widenFailed: null,
  emptyIsMeant: false,
  handedBack: false,
  busy: false,
});

/** Of a job that does not run. */
export function restState(job: Job): JobState {
  const { gaveWay } = job.stored;
  if (gaveWay !== undefined) return { state: 'stopped', reason: gaveWayReason(gaveWay.server) };
  if (!job.stored.started) return { state: 'stopped', reason: null };
  const starting: Reason = { code: 'starting', sentence: 'The job is about to be started.' };
  return { state: 'halted', reason: job.failure ?? starting };
}

export const gaveWayReason = (server: string): Reason => ({
  code: 'gave-way',
  sentence: `${server} has taken the job over, and this server keeps its replica; \`understudy failback\` gives it back.`,
});

/** It holds for one start. */
export function wordOnEmpty(job: Job): 'ask' | 'once' {
  const word = job.emptyIsMeant ? 'once' : 'ask';
  job.emptyIsMeant = false;
  return word;
}

/** Of a job that was handed back: nothing differs, and until its target is linked what is changed is noted. For one start. */
export function wordOnHandedBack(job: Job): { readonly noteOnly?: { readonly begins: boolean } } {
  const noteOnly = job.handedBack ? { noteOnly: { begins: true } } : {};
  job.handedBack = false;
  return noteOnly;
}
