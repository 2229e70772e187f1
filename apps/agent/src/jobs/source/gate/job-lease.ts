/**
 * The lease of a witnessed job on its source (FO3). In: a runner that is about to serve, the register of its witness. Out: terms for the
 * job's gates, events, a halt where another server has taken over. Promise: what is mounted is held until the witness has confirmed the
 * epoch; an agent that ends leaves the gates as they are, so that they close by themselves.
 */
import type { EpochRecord } from '@understudy/engine';
import { type BootClock, type Register, SourceLease, type WitnessError } from '../../../witness/index.ts';
import type { StoredJob } from '../../stored-job.ts';
import { sentenceOf } from '../sentence-of.ts';
import type { GateTerms } from './write-gates.ts';

/** What a job's definition says of its witness, opened; null: it has none that could be asked. */
export type LeaseOf = (stored: StoredJob) => {
  readonly register: Register;
  readonly holder: string;
  readonly leaseMs: number;
  readonly clock: BootClock;
  /** The epoch is this server's, and nobody else's lease has to be waited for. */
  readonly known: boolean;
} | null;

export interface JobLeaseParts {
  readonly stored: StoredJob;
  readonly opened: NonNullable<ReturnType<LeaseOf>>;
  readonly set: (terms: GateTerms) => void;
  readonly save: (change: Partial<StoredJob>) => void;
  readonly halt: (reason: { code: 'superseded'; sentence: string; epoch: number }) => void;
  readonly event: (code: string, severity: 'information' | 'warning' | 'error', sentence: string) => void;
  readonly fault: (error: unknown) => void;
}

export function startLease({ stored, opened, set, save, halt, event, fault }: JobLeaseParts): SourceLease {
  const { epoch } = stored;
  const { name } = opened.register;
  const lease = new SourceLease({
    ...opened,
    epoch,
    until: (untilMs) => set({ untilMs }),
    confirmed: () => {
      if (stored.confirmedEpoch !== epoch) save({ confirmedEpoch: epoch });
      event(
        'lease-confirmed',
        'information',
        `${sentenceOf(`${name} has confirmed that this server writes, in epoch ${epoch}`)}`,
      );
    },
    superseded: (found) => halt({ code: 'superseded', epoch: found.epoch, sentence: supersededSentence(found, name) }),
    trouble: (why) => tellTrouble(why, name, event),
    fault,
  });
  lease.start();
  return lease;
}

const supersededSentence = ({ epoch }: EpochRecord, witness: string): string =>
  `${witness} says that another server writes, in epoch ${epoch}`;

function tellTrouble(why: WitnessError | null, witness: string, event: JobLeaseParts['event']): void {
  if (why === null) event('witness-answers', 'information', sentenceOf(`${witness} answers again`));
  else
    event(
      'witness-silent',
      'error',
      `${sentenceOf(why.message)} Applications wait when the lease is over, until it answers: another server might have taken over.`,
    );
}
