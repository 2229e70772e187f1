/**
 * A new epoch, by the job's witness (FO3). In: the epoch that a failover has been given. Out: the epoch begun, and the time over in which the
 * source could still write by its lease; or a StepError. Promise: asked again after a crash it comes to the same, and waits again.
 */
import type { TakerOutcome } from '@understudy/engine';
import type { FailoverOptions, Obstacle, WitnessOptions } from '@understudy/wire';
import type { Identity } from '../../identity/identity.ts';
import {
  bootMs,
  LeaseWatches,
  type OwnEpochs,
  openRegister,
  takeEpoch,
  WitnessError,
  type WitnessPlace,
  waitUntil,
} from '../../witness/index.ts';
import { sentenceOf } from '../source/sentence-of.ts';
import type { Epochs, EpochWatch, RaiseContext } from './ports.ts';
import type { ReplicaJob } from './replica-job.ts';
import { howItEnded } from './run-command.ts';
import { StepError } from './steps/step.ts';

export interface WitnessedEpochsParts {
  readonly identity: Identity;
  readonly own: OwnEpochs;
  readonly fault: (error: unknown) => void;
}

const AGAIN = 'Go on with the failover when that is mended; nothing has been changed on this server.';

export function witnessedEpochs(parts: WitnessedEpochsParts): Epochs {
  const leases = new LeaseWatches({ clock: bootMs, fault: parts.fault });
  return {
    watch: watchOf(leases, parts),
    whyNotWitnessed: ({ witness }: FailoverOptions) => (witness === undefined ? 'the job has no witness' : null),
    raise: (job, epoch, context) => {
      const { witness } = job.failover;
      if (witness === undefined) return Promise.resolve(`epoch ${epoch} has begun on ${job.target}`);
      return witness.kind === 'fence'
        ? fence(job, epoch, witness, context)
        : take(job, epoch, { witness, context, parts, leases });
    },
  };
}

const registerOf = (job: ReplicaJob, witness: WitnessPlace, { identity }: WitnessedEpochsParts) =>
  openRegister(witness, { jobId: job.id, identity, parties: [job.sourceFingerprint, identity.fingerprint] });

function watchOf(leases: LeaseWatches, parts: WitnessedEpochsParts): EpochWatch {
  return {
    look: (job) => {
      const { witness } = job.failover;
      if (witness === undefined || witness.kind === 'fence') return;
      leases.look({ jobId: job.id, leaseMs: witness.leaseMs, open: () => registerOf(job, witness, parts) });
    },
    whyNot: (job) => {
      const news = leases.news(job.id);
      if (news === null) return null;
      if (news.kind === 'no-answer') return obstacle(`witness-${news.why.code}`, sentenceOf(news.why.message));
      return obstacle('source-alive', `${job.source} goes on renewing its lease: it writes, ${UNREACHED}`);
    },
    forget: (jobId) => leases.forget(jobId),
  };
}

const UNREACHED = 'though this server does not reach it.';
const obstacle = (code: string, sentence: string): Obstacle => ({ code, sentence, risk: null });

/** Exit 0: the source is surely off. */
async function fence(
  job: ReplicaJob,
  epoch: number,
  { script }: Extract<WitnessOptions, { kind: 'fence' }>,
  { run }: RaiseContext,
): Promise<string> {
  const wrong = howItEnded(await run([script.path, ...script.arguments], { timeoutMs: script.timeoutMs }));
  if (wrong === '') return `${script.path} has put ${job.source} off; epoch ${epoch} has begun on ${job.target}`;
  throw new StepError('fence-failed', `${script.path} did not put ${job.source} off: ${wrong}.`, AGAIN);
}

interface TakeParts {
  readonly witness: WitnessPlace;
  readonly context: RaiseContext;
  readonly parts: WitnessedEpochsParts;
  readonly leases: LeaseWatches;
}

async function take(job: ReplicaJob, epoch: number, { witness, context, parts, leases }: TakeParts): Promise<string> {
  const { signal, automatic } = context;
  const holder = parts.identity.fingerprint;
  const register = registerOf(job, witness, parts);
  const { leaseMs } = witness;
  const seen = leases.seen(job.id);
  const observed = seen === undefined ? {} : { observed: seen };
  try {
    const outcome = await takeEpoch({
      register,
      epoch,
      holder,
      leaseMs,
      automatic,
      clock: bootMs,
      signal,
      ...observed,
    });
    if (outcome.kind !== 'begun') throw refusal(outcome, job, register.name);
    await waitUntil(outcome.safeAtMs, bootMs, signal);
    parts.own.waited(job.id, epoch);
    return `${register.name} has given epoch ${epoch} to ${job.target}, and the lease of ${job.source} is over`;
  } catch (error) {
    if (error instanceof WitnessError) throw new StepError(`witness-${error.code}`, sentenceOf(error.message), AGAIN);
    throw error;
  } finally {
    register.close();
    leases.forget(job.id);
  }
}

function refusal(outcome: Exclude<TakerOutcome, { kind: 'begun' }>, job: ReplicaJob, witness: string): StepError {
  const { record } = outcome;
  if (outcome.kind === 'renewed')
    return new StepError(
      'source-alive',
      `${job.source} goes on renewing its lease at ${witness}: it writes, ${UNREACHED}`,
      'Mend the line between the two; or order the failover by hand, which takes the lease from it.',
    );
  return new StepError(
    'superseded',
    `${sentenceOf(witness)} has given epoch ${record.epoch} to another server.`,
    'Look which server writes; this one must not.',
  );
}
