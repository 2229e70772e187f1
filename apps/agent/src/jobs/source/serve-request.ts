/** From a job to what is to be served of it. In: the job, as its rules and its last run say. Out: the request for interceptors. Throws what keeps it from starting. */
import { type RawName, rawToText } from '@understudy/base';
import { ManagementError } from '@understudy/wire';
import type { StoredJob } from '../stored-job.ts';
import type { ServeRequest } from './interceptors.ts';
import { demandSameRoots, plannedDirectories } from './plan-roots.ts';
import { type JobSurroundings, type Prepared, prepareJob } from './prepare-job.ts';
import { sentenceOf } from './sentence-of.ts';

/** `commanded`: by a person, who has seen what lies there. */
export function serveRequestOf(
  { definition, id, reverse }: StoredJob,
  surroundings: JobSurroundings,
  commanded: boolean,
): { readonly prepared: Prepared & { readonly commanded: boolean }; readonly request: ServeRequest } {
  const prepared = { ...prepareJob(definition, surroundings), commanded };
  const remembered = surroundings.rootsFile(id).read();
  const directories = plannedDirectories(definition, prepared, remembered);
  demandSameRoots(directories, remembered, commanded);
  if (prepared.errors.length > 0) throw new ManagementError('refused', prepared.errors.map(sentenceOf).join(' '));
  const scopes = directories.map(({ scope }) => scope);
  const request = {
    choice: definition.intercept,
    directories: directories.map(({ path }) => path),
    // A replica that this server has taken over: what kept others from writing there lies over it still.
    forCover: reverse !== undefined,
    wanted: (path: RawName) => scopes.some((scope) => scope.decide(rawToText(path), true) !== 'outside'),
  };
  return { prepared, request };
}
