/** What swapped roles mean for the runner of a job. In: the job as it is stored. Out: whether it sends, and what its state says. */
import type { RunnerOptions } from '../../source/job-runner.ts';
import type { StoredJob } from '../../stored-job.ts';

/** The former source is not spoken to: a link that is never made. */
const nobody = (): Promise<never> => new Promise(() => {});

export function roleOf({
  reverse,
  definition,
}: StoredJob): Pick<RunnerOptions, 'role' | 'noteOnly'> & { dial?: RunnerOptions['dial'] } {
  if (reverse === undefined || reverse.purpose === 'stays') return {};
  if (reverse.purpose === 'failback') return { role: { kind: 'failing-back', reason: null } };
  const sentence =
    `This server has taken the job over from ${definition.target.name}; what is changed here is noted for the way home. ` +
    '`failback` gives the work back, `reverse` protects it in the other direction, `undo-failover` goes back as if nothing had been.';
  return {
    role: { kind: 'failed-over', reason: { code: 'failed-over', sentence } },
    noteOnly: { begins: !reverse.begun },
    dial: nobody,
  };
}
