/**
 * Jobs that do not run while the ring is read. In: all jobs, at the moment before the ring that an earlier run of the agent has left is
 * read, or when one that does not run is stopped. Out: what such a job had kept forgotten, and an event. Promise: a stream never goes on
 * over records that its job did not get.
 */
import type { Job, Severity } from './known-job.ts';

export interface LeftOutParts {
  /** True: there was something to go on from. */
  readonly forgetQueue: (id: string) => boolean;
  readonly event: (job: Job, code: string, severity: Severity, sentence: string) => void;
  readonly fault: (error: unknown, job: string | null) => void;
}

const SENTENCE =
  'The job does not run yet while others go on after the restart of the agent: what happened in its directories meanwhile it does not ' +
  'get to know. When it runs, they are compared with the replica and what differs is sent.';

/** The ring is about to let go of what nobody gets. */
export function leaveOut(jobs: Iterable<Job>, parts: LeftOutParts): void {
  for (const job of jobs)
    if (job.running === null && forget(job, parts)) parts.event(job, 'left-out', 'warning', SENTENCE);
}

/** A job that does not run was stopped: what happens from now on it does not get to know either. */
export function forget(job: Job, { forgetQueue, fault }: LeftOutParts): boolean {
  try {
    return forgetQueue(job.stored.id);
  } catch (error) {
    fault(error, job.stored.definition.name);
    return false;
  }
}
