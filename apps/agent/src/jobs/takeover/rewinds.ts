/** Going back in time at a failover: the moments are the target's own. */
import { messageOf } from '../../home/start-error.ts';
import { pastOf } from '../target/past/past-of.ts';
import type { TargetPast } from '../target/past/target-past.ts';
import type { TargetJob } from '../target/target-job.ts';
import type { TargetJobs } from '../target/target-jobs.ts';
import type { Rewinds } from './ports.ts';
import type { ReplicaJob } from './replica-job.ts';

export function rewindsOf(targets: TargetJobs): Rewinds {
  const past = (job: ReplicaJob): TargetPast => {
    const kept = targets.kept().find(({ stored }) => stored.jobId === job.id);
    if (kept === undefined) throw new Error(`no replica of ${job.name} is kept here`);
    return pastOf(targets, kept);
  };
  return {
    whyNot: (job, point) => {
      try {
        past(job).at(Date.parse(point));
        return null;
      } catch (error) {
        return messageOf(error);
      }
    },
    rewind: async (job, point, signal) => {
      const there = past(job);
      const target = targets.open(job.id);
      if (target === null) throw new Error(`the replica of ${job.name} cannot be opened`);
      await certain(there, target, signal);
      // One that was begun is ended, whatever is named now.
      const to = there.goingTo() ?? there.at(Date.parse(point));
      if (to !== 'done') there.rewind(to);
      return target.brake?.sentence ?? '';
    },
  };
}

/** What was under way at a power cut is applied again first. Rejects with what stands in the way of that. */
async function certain(past: TargetPast, { hand }: Pick<TargetJob, 'hand'>, signal: AbortSignal): Promise<void> {
  if (!past.isUncertain) return;
  try {
    await hand.drained(signal);
  } catch (error) {
    // A brake that holds what comes behind it is in nobody's way.
    if (past.isUncertain) throw error;
  }
}
