/** Joins failovers to the agent around them. In: the agent's base, its replicas. Out: what takeovers.ts stands on. */
import type { AgentBase } from '../../listen/index.ts';
import { OwnEpochs } from '../../witness/index.ts';
import type { TargetJobs } from '../target/target-jobs.ts';
import type { ReverseRole } from './ports.ts';
import { rewindsOf } from './rewinds.ts';
import { runCommand } from './run-command.ts';
import { kernelLink } from './steps/addresses.ts';
import type { TakeoverParts } from './takeovers.ts';
import { witnessedEpochs } from './witnessed-epochs.ts';

export function takeoverParts(
  base: AgentBase,
  targets: TargetJobs,
  { tests, reverse }: { readonly tests: NonNullable<TakeoverParts['tests']>; readonly reverse: ReverseRole },
): TakeoverParts {
  return {
    agentName: base.name,
    home: base.home.path,
    targets,
    tests,
    epochs: witnessedEpochs({
      identity: base.identity,
      own: new OwnEpochs(base.home.path),
      fault: (error) => base.logger.error({ err: error }, 'a fault of the agent itself'),
    }),
    rewinds: rewindsOf(targets),
    reverse,
    link: kernelLink,
    run: runCommand,
    addressesOf: (fingerprint) => base.trust.find(fingerprint)?.addresses ?? [],
    event: (event, job) => base.events.raise({ ...event, job }),
    fault: (error, job) => base.logger.error({ err: error, job }, 'a fault of the agent itself'),
  };
}
