/** Joins a job's synchronous mode to its runner; null: the driver cannot make calls wait. */
import { type JobFacts, type Reason, type SourceJob, targetDataStateOf } from '@understudy/engine';
import type { SynchronousOptions } from '@understudy/wire';
import type { JobRunner, RunnerOptions } from '../job-runner.ts';
import type { HeldRoots } from './held-roots.ts';
import { Synchronous } from './synchronous.ts';

/** Of a runner. */
export interface HoldingOptions {
  /** Null or absent: asynchronous. */
  readonly synchronous?: SynchronousOptions | null;
  /** What makes calls wait; null: the driver cannot. */
  readonly held: HeldRoots | null;
}

export function makeSynchronous(options: RunnerOptions, job: SourceJob, factsOf: () => JobFacts): Synchronous | null {
  const { held, synchronous = null, targetName, event, changed } = options;
  if (held === null) return null;
  const roots = [...new Set(options.roots.map(({ root }) => root.id))];
  const whole = (): boolean => {
    const facts = factsOf();
    return facts.linked && targetDataStateOf({ ...facts, targetTrouble: null }) === 'ok';
  };
  return new Synchronous({ options: synchronous, roots, held, job, whole, targetName, event, changed });
}

/** Why there is no link, and who waits for it. */
export function besideLink({ code, sentence }: Reason, synchronous: Synchronous | null): Reason {
  return { code, sentence: `${sentence}${synchronous?.beside ?? ''}` };
}

/** By hand: nothing is sent, and nobody waits for it. */
export function setPaused(runner: JobRunner, paused: boolean): void {
  runner.setPaused(paused);
  runner.synchronous?.setPaused(paused);
}
