/**
 * Takes narrower mounts away so that a wider directory can be mounted, and puts their jobs beneath it. In: a job that waits and the jobs
 * in its way. Out: the wider job served, the others up again, or the reason why it goes on waiting.
 * Promises: nothing is taken away while somebody uses it; whatever happens the jobs in the way are started again, and each knows that
 * its root was served anew. A switch that failed is not tried again by itself: each try costs the others a comparison.
 */
import { messageOf } from '../../home/start-error.ts';
import type { Job } from './known-job.ts';
import { WaitingForMount } from './start-refusal.ts';

export interface WidenParts {
  readonly jobs: Iterable<Job>;
  readonly usersOf: (waiting: WaitingForMount) => readonly string[];
  readonly takeDown: (job: Job) => Promise<void>;
  /** Notes a failure by itself. */
  readonly startAgain: (job: Job) => Promise<void>;
}

/** Throws WaitingForMount, or what `serve` throws. */
export async function widenMount<T>(
  job: Job,
  waiting: WaitingForMount,
  parts: WidenParts,
  serve: () => Promise<T>,
): Promise<T> {
  const holders = holdersOf(job, waiting, parts.jobs);
  const wait = (why: string) =>
    new WaitingForMount(`${waiting.message} ${why}`, waiting.interception, waiting.narrower);
  const names = holders.map(({ stored }) => stored.definition.name).join(', ');
  if (holders.length === 0) throw waiting;
  const stop = `Or stop ${names} with \`understudy job stop\`.`;
  if (parts.usersOf(waiting).length > 0) throw wait(`It serves ${names}. ${stop}`);
  if (holders.some(({ busy }) => busy)) throw wait(`${names} is being started or stopped at this moment.`);
  if (job.widenFailed !== null) throw wait(`${job.widenFailed} ${stop}`);
  for (const holder of holders) holder.busy = true;
  try {
    for (const holder of holders) await parts.takeDown(holder);
    const inUse = holders.flatMap(({ mountUsers }) => mountUsers);
    if (inUse.length > 0) throw wait(`The mount of ${names} is in use by ${inUse.join(', ')}. ${stop}`);
    return await serve();
  } catch (error) {
    if (!(error instanceof WaitingForMount))
      job.widenFailed = `Putting ${names} beneath a wider mount failed (${messageOf(error)}); when that is mended, start this job again with \`understudy job start\`.`;
    throw error;
  } finally {
    for (const holder of holders) {
      await parts.startAgain(holder);
      holder.busy = false;
    }
  }
}

function holdersOf(job: Job, { interception, narrower }: WaitingForMount, jobs: Iterable<Job>): Job[] {
  const ids = new Set(narrower.map(({ id }) => id));
  return [...jobs].filter(
    (other) =>
      other !== job &&
      other.running?.interception === interception &&
      other.running.roots.some(({ id }) => ids.has(id)) &&
      interception.listens(other.running.runner),
  );
}
