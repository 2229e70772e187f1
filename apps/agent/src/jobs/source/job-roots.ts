/**
 * A job's own roots, whoever serves them. In: the directories that a job protects and the interceptor's root above each. Out: roots that
 * begin at the job's directory, outermost first. Promise: streams, hello and replica places go by these and never by the wider root.
 */
import type { RawName } from '@understudy/base';
import { filesBeneath, type ProtectedRoot } from '@understudy/engine';
import { RootGuard, rootMissing, wayBeneath } from './root-guard.ts';
import { StartRefusal } from './start-refusal.ts';

export interface JobRoot extends ProtectedRoot {
  /** The interceptor's root that brings its records; `id` is that root's. */
  readonly served: ProtectedRoot;
  /** Of a root beneath a wider one; null where the two are the same. */
  readonly guard: RootGuard | null;
}

/** Throws StartRefusal where the directory is not there. */
export function jobRootOf(path: RawName, served: ProtectedRoot, everyCall: boolean): JobRoot {
  if (path === served.path) return { id: served.id, path, files: served.files, served, guard: null };
  const above = served.path === '/' ? 0 : served.path.length;
  const names = path
    .slice(above)
    .split('/')
    .filter((name) => name !== '') as RawName[];
  const way = wayBeneath(served.files, names);
  const node = way?.at(-1);
  if (way === null || node === undefined) {
    const { code, sentence } = rootMissing(path);
    throw new StartRefusal(code, sentence);
  }
  const guard = new RootGuard({ files: served.files, path, names, way, everyCall });
  return { id: served.id, path, files: filesBeneath(served.files, node), served, guard };
}
