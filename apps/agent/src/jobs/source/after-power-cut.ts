/**
 * Whether a job goes on after its source has lost power. In: what the interceptor's log says, what the job had kept on disk. Out: the
 * active regions of the job's roots, or null where the log does not speak for all of them. Promise: a state of another ring, other
 * roots or other rules than those before the power cut counts for nothing.
 */
import type { PowerCut, PowerCutOfJob } from '@understudy/engine';
import { isWithin } from './interceptors.ts';
import type { JobRoot } from './job-roots.ts';

/** The ring's identity, and of each root its number, path and node, are the first and the last part of a key; see queue-places.ts. */
type Key = readonly [ring: string, ...rest: unknown[]];
type Place = readonly [id: number, path: string, node: string];

/** Of a job's root beneath a wider one those of the wider: what of them lies outside the job's set its repair finds to be foreign. */
export function regionsAfter(powerCut: PowerCut | null, roots: readonly JobRoot[]): PowerCutOfJob | null {
  if (powerCut === null) return null;
  const served = [...powerCut.roots, ...powerCut.unknown.map((path) => ({ path, regions: null }))];
  // Of roots within roots the innermost told of what lay in it.
  served.sort((a, b) => b.path.length - a.path.length);
  const regions = [];
  for (const { path } of roots) {
    const found = served.find((root) => isWithin(path, root.path))?.regions ?? null;
    if (found === null) return null;
    regions.push(found);
  }
  return { regions, bootedAtMs: powerCut.bootedAtMs };
}

/** `kept` was written by an agent that read `ring`, and says of everything else what `now` says. */
export function isOfLostRing(kept: string, now: string, ring: string): boolean {
  try {
    const [keptRing, ...before] = JSON.parse(kept) as Key;
    const [, ...after] = JSON.parse(now) as Key;
    return keptRing === ring && withoutNumbers(before) === withoutNumbers(after);
  } catch {
    return false;
  }
}

/** Numbers are given anew with every mount. */
function withoutNumbers(rest: unknown[]): string {
  const places = rest.at(-1) as readonly Place[];
  return JSON.stringify([rest.slice(0, -1), places.map(([, path, node]) => [path, node])]);
}
