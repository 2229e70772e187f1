/**
 * Other rules for a job that runs. In: the definition as it will be, the job as it runs. Out: how the change is made: in place, where the
 * directories stay the same, or by serving the job anew; or a sentence why not now. Promise: nothing is changed before it is decided.
 */
import { printable, type RawName } from '@understudy/base';
import { mountTable } from '@understudy/filesystem';
import { type JobDefinition, ManagementError } from '@understudy/wire';
import { type Interceptors, isWithin } from './interceptors.ts';
import type { Job, Running } from './known-job.ts';
import { plannedDirectories, rememberedOf } from './plan-roots.ts';
import type { JobSurroundings, Prepared } from './prepare-job.ts';
import { scopesFor } from './root-scopes.ts';

export type RuleChange =
  /** The same directories: the scopes are exchanged at one point in the stream. */
  | { readonly how: 'in-place' }
  /** Other directories: a new stream, which compares. */
  | { readonly how: 'anew'; readonly directories: readonly RawName[] };

export interface LivePlace {
  readonly surroundings: Pick<JobSurroundings, 'interceptors' | 'probe' | 'rootsFile'>;
  readonly mountPoints?: () => readonly RawName[];
}

const mounted = (): readonly RawName[] => mountTable().map(({ mountPoint }) => mountPoint);

/** Throws ManagementError where it cannot be done while the job runs. */
export async function planRuleChange(
  job: Job & { readonly running: Running },
  definition: JobDefinition,
  prepared: Prepared,
  { surroundings, mountPoints = mounted }: LivePlace,
): Promise<RuleChange> {
  const { running, stored } = job;
  const remembered = surroundings.rootsFile(stored.id).read();
  const directories = plannedDirectories(definition, prepared, remembered).map(({ path }) => path);
  const now = running.roots.map(({ path }) => path);
  const same = directories.length === now.length && directories.every((path) => now.includes(path));
  // File systems mounted beneath may come in or go out: who serves them is decided anew.
  const served = new Set(running.roots.map((root) => root.served.path));
  const nested = mountPoints().some(
    (mount) => !served.has(mount) && directories.some((path) => mount !== path && isWithin(mount, path)),
  );
  if (same && !nested) return { how: 'in-place' };
  const refusal = await surroundings.probe({ ...stored, definition }, prepared.directories);
  if (refusal !== null) throw new ManagementError('refused', refusal);
  refuseUsed(running, directories, surroundings.interceptors);
  return { how: 'anew', directories };
}

/** A narrower mount has to go before a wider one can be made; while it is used, the job could do nothing but wait. */
function refuseUsed(running: Running, directories: readonly RawName[], interceptors: Interceptors): void {
  const narrower = running.roots.filter(({ served }) =>
    directories.some((path) => path !== served.path && isWithin(served.path, path)),
  );
  const users = narrower.length === 0 ? [] : interceptors.usersOf(running.interception, narrower);
  if (users.length === 0) return;
  const shown = [...new Set(narrower.map(({ served }) => printable(served.path)))].join(', ');
  throw new ManagementError(
    'refused',
    `These rules need a wider mount in place of ${shown}, which is in use by ${users.join(', ')}. ` +
      'Let these programs close their files there for a moment, or stop the job, edit it and start it again.',
  );
}

/** What was intercepted before belongs to the old rules: the ring is drained first. */
export function changeInPlace(
  { running, stored }: Job & { readonly running: Running },
  prepared: Prepared,
  surroundings: Pick<JobSurroundings, 'rootsFile'>,
): void {
  const { interception, roots, runner } = running;
  interception.turn();
  const scopes = scopesFor(roots, prepared, stored.formerRules).map(({ scope }) => scope);
  runner.changeRules(scopes, stored);
  surroundings.rootsFile(stored.id).write(rememberedOf(stored.definition, roots));
  interception.wake();
}

export function ruleSentence({ how }: RuleChange): string {
  const what =
    how === 'in-place'
      ? 'Both sides are compared under them'
      : 'The job has other directories now: it is served anew, and both sides are compared';
  return `The rules were changed while the job runs. ${what}: what came in is sent, what is equal is not, and what went out stays on the target and is named at the end.`;
}
