/** The steps of a failover by their names. In: what they stand on. Out: their code. */
import type { TargetJobs } from '../../target/target-jobs.ts';
import type { Epochs, ReverseRole, Rewinds } from '../ports.ts';
import { addressesStep, type LinkPorts } from './addresses.ts';
import { dataStep } from './data.ts';
import { dnsStep } from './dns.ts';
import { epochStep } from './epoch.ts';
import { interceptStep } from './intercept.ts';
import { scriptStep } from './script.ts';
import { servicesStep } from './services.ts';
import { type StepCode, type StepCodes, StepError } from './step.ts';
import { writableStep } from './writable.ts';

export interface StepParts {
  readonly targets: TargetJobs;
  readonly epochs: Epochs;
  readonly rewinds: Rewinds;
  readonly reverse: ReverseRole;
  readonly link: LinkPorts;
  /** What stands in the way now, in sentences: it was looked at when the failover was ordered, and may be otherwise after a crash. */
  readonly obstacles: (jobId: string) => readonly string[];
}

export function stepCodes({ targets, epochs, rewinds, reverse, link, obstacles }: StepParts): StepCodes {
  return {
    check: checkStep(obstacles),
    epoch: epochStep(targets, epochs),
    data: dataStep(targets, rewinds),
    'script-before': scriptStep('beforeFailover'),
    addresses: addressesStep(link),
    intercept: interceptStep(targets, reverse),
    writable: writableStep,
    dns: dnsStep,
    services: servicesStep,
    'script-after': scriptStep('afterFailover'),
  };
}

const checkStep = (obstacles: StepParts['obstacles']): StepCode => ({
  do: async ({ job }) => {
    const [first] = obstacles(job.id);
    if (first === undefined) return 'nothing stands in the way';
    throw new StepError('obstacle', first, 'Look at `understudy failover NAME --dry-run`.');
  },
});
