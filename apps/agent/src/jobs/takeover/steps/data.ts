/** What becomes of what is received and not applied: applied, left where it lies, or the replica goes back to a moment. */
import { formatBytes } from '@understudy/base';
import { messageOf } from '../../../home/start-error.ts';
import type { TargetJobs } from '../../target/target-jobs.ts';
import type { Rewinds } from '../ports.ts';
import { type StepCode, StepError } from './step.ts';

export function dataStep(targets: TargetJobs, rewinds: Rewinds): StepCode {
  return {
    do: async ({ job, record, signal, again }) => {
      const target = targets.open(job.id);
      if (target === null) throw new StepError('never-linked', 'The replica is not known well enough to be opened.');
      try {
        if (record.data === 'rewind') {
          if (record.point === null) throw new StepError('no-point', 'No moment to go back to was named.');
          return await rewinds.rewind(job, record.point, signal);
        }
        const { operations, bytes } = target.hand.facts().queue;
        const amount = `${operations} ${operations === 1 ? 'operation' : 'operations'} (${formatBytes(bytes)})`;
        if (record.data === 'discard') {
          target.hand.discard();
          return operations === 0 ? 'nothing was waiting' : `${amount} were left out; they lie in the journal still`;
        }
        await target.hand.drained(signal);
        await target.hand.sync();
        return operations === 0 && !again ? 'everything was applied already' : `${amount} were applied`;
      } catch (error) {
        if (error instanceof StepError) throw error;
        throw new StepError(
          'data-not-applied',
          `What the target has received could not be applied: ${messageOf(error)}.`,
          'Mend that and order the failover again; or leave what is queued out with --data discard.',
        );
      } finally {
        // From here on nobody of ours writes there.
        if (!signal.aborted) targets.end(job.id, 'this server has taken over');
      }
    },
    undo: async () => 'what was applied stays: it is what the source had',
  };
}
