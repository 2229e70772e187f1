/** SAFE6, FO3: a new epoch begins. From here on the source is sent away, whatever it says. */
import type { TargetJobs } from '../../target/target-jobs.ts';
import type { Epochs } from '../ports.ts';
import { type StepCode, StepError } from './step.ts';

export const epochStep = (targets: TargetJobs, epochs: Epochs): StepCode => ({
  do: async ({ job, record: { epoch, automatic }, run, signal }) => {
    const outcome = await epochs.raise(job, epoch, { automatic, run, signal });
    targets.raiseEpoch(job.id, epoch);
    if (!targets.supersede(job.id, epoch))
      throw new StepError('never-linked', 'The replica is not known well enough to be opened without its source.');
    return outcome;
  },
  undo: async ({ record: { epoch } }) =>
    `epoch ${epoch} has begun and stays: the source is let in again by undo-failover`,
});
