/** What a failover asks of the rest of the agent: others fill these roles in. Each may be asked again after a crash. */
import type { FailoverOptions, Obstacle } from '@understudy/wire';
import type { ReplicaJob } from './replica-job.ts';
import type { StepContext } from './steps/step.ts';

/** `automatic`: by the monitor, and not by a person's order. */
export type RaiseContext = Pick<StepContext, 'run' | 'signal'> & { readonly automatic: boolean };

/** FO3. */
export interface Epochs {
  /**
   * Begins exactly this epoch: by the witness's compare-and-swap where the job has one, else durable here. Nothing of an older one is
   * taken once this has returned. The answer: what it came to. Throws StepError where the source may write still.
   */
  raise(job: ReplicaJob, epoch: number, context: RaiseContext): Promise<string>;
  /** Whether anything but the operator's word says that the source does not write: null: yes, it can be asked; else why not. */
  whyNotWitnessed(options: FailoverOptions): string | null;
  /** Absent: nothing can be known before an epoch is asked for. */
  readonly watch?: EpochWatch;
}

/** The witness, looked at while a source is silent, so that a failover by itself has nothing to wait for that is over already. */
export interface EpochWatch {
  /** As often as one likes; nothing is changed by it. */
  look(job: ReplicaJob): void;
  /** What was seen keeps an automatic failover from beginning now; null: nothing does. */
  whyNot(job: ReplicaJob): Obstacle | null;
  /** The source answers. */
  forget(jobId: string): void;
}

/** FO4. */
export interface ReverseRole {
  /** For the plan. */
  sentence(job: ReplicaJob): string;
  /** From the return on what changes in the replica's folders is seen. The answer says how, or that it is not. */
  begin(job: ReplicaJob, epoch: number): Promise<string>;
  drop(job: ReplicaJob): Promise<string>;
}

/** Going back in time. */
export interface Rewinds {
  /** Null: it can; else why not. */
  whyNot(job: ReplicaJob, point: string): string | null;
  /** The replica is exactly as the source was at that moment. The answer: which moment that is. */
  rewind(job: ReplicaJob, point: string, signal: AbortSignal): Promise<string>;
}

export const noReverse: ReverseRole = {
  sentence: () => 'Changes on this server are not intercepted: the way back compares checksums.',
  begin: async () => 'not intercepted: failback compares checksums',
  drop: async () => 'nothing to let go of',
};

export const noRewinds: Rewinds = {
  whyNot: () => 'This version keeps no moments that a replica could go back to.',
  rewind: async () => {
    throw new Error('nothing to go back to');
  },
};
