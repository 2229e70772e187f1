import type { JobStatus } from '@understudy/wire';
import { EXAMPLE_STATUS } from '@understudy/wire/testing';

/** For tests: a status as an agent tells it of a job that is well. Nobody else has a part of it. */
export const statusOf = (changes: Partial<JobStatus> = {}): JobStatus => ({
  ...structuredClone(EXAMPLE_STATUS),
  ...changes,
});
