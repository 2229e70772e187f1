/** A person's word about a superseded source. In: the job, and whether this server is to be the one that writes. Out: what is stored then. */
import { ManagementError } from '@understudy/wire';
import type { StoredJob } from '../../stored-job.ts';
import type { Job } from '../known-job.ts';

/** Of a start by a person. */
export interface StartOptions {
  /** Files in the replica's folder that are not known to be this job's are accepted. */
  readonly adopt?: boolean | undefined;
  /** This server writes from now on, and no other. */
  readonly asPrimary?: boolean | undefined;
}

/** Null: the job is not superseded. Throws ManagementError where it is, and nobody has said that this server writes. */
export function promotedOf({ stored }: Job, asPrimary: boolean): Partial<StoredJob> | null {
  const { superseded, definition, epoch } = stored;
  if (superseded === undefined) return null;
  if (asPrimary) return { superseded: undefined, epoch: Math.max(epoch, superseded.epoch ?? epoch) + 1 };
  const { name } = definition;
  throw new ManagementError(
    'refused',
    `${name} is superseded: ${superseded.sentence}. What it protects stays read-only here until it is brought home with a failback, ` +
      `or until you say that this server is the one that writes: \`understudy job start ${name} --as-primary\`. ` +
      '`job delete` ends the job and gives its folders free.',
  );
}
