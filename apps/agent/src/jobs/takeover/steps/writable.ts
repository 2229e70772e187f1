/** The replica's folders take writes now: looked at before anything is started on them. access(2) tells of a read-only mount. */
import { printable, type RawName } from '@understudy/base';
import { isWritable } from '../../target/guard/is-writable.ts';
import { pathsOf } from '../replica-job.ts';
import { type StepCode, StepError } from './step.ts';

export const writableStep: StepCode = {
  do: async ({ job }) => {
    for (const path of job.replicaPaths) if (!isWritable(path)) throw locked(path);
    return `${pathsOf(job.replicaPaths)} can be written`;
  },
};

function locked(path: RawName): StepError {
  return new StepError(
    'not-writable',
    `${printable(path)} cannot be written: something keeps it read-only.`,
    'Look with `findmnt` what is mounted there, and take it away.',
  );
}
