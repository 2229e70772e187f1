/** What management may ask of a replica's past. In: calls. Out: answers of the target's job. Throws ManagementError. */
import { brand, type RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { ManagementError } from '@understudy/wire';
import type { JobControl } from '../../../listen/job-control.ts';
import type { TargetJobs } from '../target-jobs.ts';
import { pastOf } from './past-of.ts';
import { PastRefusal, type TargetPast } from './target-past.ts';

const rawOf = (base64: string): RawName => brand<RawName>(Buffer.from(base64, 'base64').toString('latin1'));

export type PastCalls = Pick<JobControl, 'points' | 'view' | 'endView'>;

/** `isTaken`: a takeover of that job is under way or done. To look at its replica would open it anew, and close it for who writes there. */
export function pastCalls(
  targets: Pick<TargetJobs, 'kept' | 'open'>,
  server: string,
  isTaken: (jobId: string) => boolean,
): PastCalls {
  const past = (name: string): TargetPast => {
    const kept = targets.kept().find(({ stored }) => stored.jobName === name);
    if (kept === undefined)
      throw new ManagementError('unknown-job', `No replica of a job named ${name} is kept on this server.`);
    if (isTaken(kept.stored.jobId))
      throw new PastRefusal(
        `${server} takes the job ${name} over, or has done so: its moments are not to be had then.`,
      );
    return pastOf(targets, kept);
  };
  return {
    points: (name) => refusing(async () => ({ server, ...past(name).describe() })),
    view: ({ name, at, directory }) =>
      refusing(async () => {
        const { sourceMs, position } = await past(name).view(Date.parse(at), rawOf(directory));
        return { time: new Date(sourceMs).toISOString(), position: String(position) };
      }),
    endView: ({ name, directory }) => refusing(() => past(name).endView(rawOf(directory))),
  };
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ManagementError) throw error;
    const known = error instanceof PastRefusal || error instanceof FileError;
    if (known || (error instanceof Error && 'code' in error))
      throw new ManagementError('refused', (error as Error).message);
    throw error;
  }
}
