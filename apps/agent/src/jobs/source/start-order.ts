/** In which order jobs are started, so that those that share a directory share its protection. Pure. */
import type { RawName } from '@understudy/base';
import { isWithin } from './interceptors.ts';

/** A job whose directory holds one of another job comes before it; otherwise the order stays. */
export function startOrder<J>(jobs: readonly J[], directoriesOf: (job: J) => readonly RawName[]): J[] {
  const left = jobs.map((job) => ({ job, directories: directoriesOf(job) }));
  const ordered: J[] = [];
  while (left.length > 0) {
    const free = left.findIndex((one) => !left.some((other) => other !== one && holdsOneOf(other, one)));
    // Each holds one of the other: no order serves both, and the one that comes second says so.
    const [next] = left.splice(Math.max(0, free), 1);
    if (next !== undefined) ordered.push(next.job);
  }
  return ordered;
}

interface Wanting {
  readonly directories: readonly RawName[];
}

function holdsOneOf(outer: Wanting, inner: Wanting): boolean {
  return outer.directories.some((a) => inner.directories.some((b) => a !== b && isWithin(b, a)));
}
