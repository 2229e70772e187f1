/** The rules of a job for the roots that serve it: a root may be wider than the job, when another job asked for more. */
import type { ProtectedRoot } from '@understudy/engine';
import { scopeOf } from '../../rules/index.ts';
import type { RunnerRoot } from './job-runner.ts';
import type { Prepared } from './prepare-job.ts';

export function scopesFor(roots: readonly ProtectedRoot[], prepared: Prepared): RunnerRoot[] {
  return roots.map((root) => ({ root, scope: scopeOf(root.path, prepared.rules) }));
}
