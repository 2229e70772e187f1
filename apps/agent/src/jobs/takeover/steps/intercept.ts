/**
 * FO4: the interceptor takes the place of what keeps others from writing into the replica, in one moment where the kernel can do that (6.5
 * and later), so that the way home sends only what differs. The point of no return.
 */
import { messageOf } from '../../../home/start-error.ts';
import { forgetPast } from '../../target/past/past-of.ts';
import type { TargetJobs } from '../../target/target-jobs.ts';
import type { ReverseRole } from '../ports.ts';
import type { StepCode } from './step.ts';

export const interceptStep = (targets: TargetJobs, reverse: ReverseRole): StepCode => ({
  do: async ({ job, record, tell }) => {
    try {
      forgetPast(targets, job.id);
    } catch (error) {
      tell(
        'failover-past',
        'warning',
        `Moments of the replica that are over cannot be let go of: ${messageOf(error)}.`,
      );
    }
    targets.end(job.id, 'this server has taken over');
    try {
      return await reverse.begin(job, record.epoch);
    } catch (error) {
      // The service comes first: the way back can compare.
      const sentence = `Changes on this server are not intercepted (${messageOf(error)}): the way back compares checksums.`;
      tell('failover-not-intercepted', 'warning', sentence);
      return 'not intercepted: failback compares checksums';
    } finally {
      // Where the interceptor has not taken its place.
      targets.makeWritable(job.id);
    }
  },
});
