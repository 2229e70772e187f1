/**
 * The past of a replica, whether its source is linked or not. In: the replicas of this server. Out: the past of one, its roots open. Throws
 * PastRefusal, and what opening a replica throws.
 */
import type { Hello } from '@understudy/wire';
import type { KeptReplica, TargetJobs } from '../target-jobs.ts';
import type { TargetSurroundings } from '../target-surroundings.ts';
import { type PastOptions, PastRefusal, type TargetPast, viewOwnerOf } from './target-past.ts';
import { NO_UNDO, undoSettingsOf } from './undo-reach.ts';

type Targets = Pick<TargetJobs, 'kept' | 'open'>;

export function pastOf(targets: Targets, kept: KeptReplica): TargetPast {
  const job = targets.open(kept.stored.jobId);
  if (job === null || kept.hello === null)
    throw new PastRefusal(
      `Too little is known of the replica of ${kept.stored.jobName} to open it without its source.`,
    );
  if (!job.linked) job.past.open(kept.hello);
  return job.past;
}

const KEEP_ASIDE_BYTES = 4 * 2 ** 30;

export function pastOptionsOf(hello: Hello, surroundings: TargetSurroundings, tell: PastOptions['tell']): PastOptions {
  const { keepAsideBytes = KEEP_ASIDE_BYTES, undo = NO_UNDO, home } = surroundings;
  return { keepAsideBytes, undo: undoSettingsOf(hello, undo), owner: viewOwnerOf(home), tell };
}

/** What is kept is not the past of what lies there any more: somebody else is about to write. */
export function forgetPast(targets: Targets, jobId: string): void {
  const kept = targets.kept().find(({ stored }) => stored.jobId === jobId);
  if (kept !== undefined && kept.hello !== null) pastOf(targets, kept).forget();
}
