/**
 * What of a job can change without being seen. In: its roots as the interceptor serves them, its rules. Out: a sentence for its state, and
 * what its status shows. Promise: what the rules leave out is not spoken of.
 */
import { printable, type RawName, rawToText } from '@understudy/base';
import type { Interceptor, ProtectedRoot, Scope } from '@understudy/engine';
import type { JobStatus } from '@understudy/wire';
import { isWithin } from './interceptors.ts';
import type { JobRoot } from './job-roots.ts';

type Places = (served: ProtectedRoot) => readonly RawName[] | undefined;

/** Mount points that lie within the job's folders and that its rules do not leave out. */
function mountedWithin(roots: readonly JobRoot[], scopes: readonly Scope[], places: Places): RawName[] {
  const all = roots.flatMap(({ path, served }, index) =>
    (places(served) ?? []).filter(
      (place) => isWithin(place, path) && scopes[index]?.decide(rawToText(place), true) !== 'outside',
    ),
  );
  return [...new Set(all)];
}

/** Why the job is not wholly protected; null: everything is intercepted. */
export function unseenSentence(roots: readonly JobRoot[], scopes: readonly Scope[]): string | null {
  const unseen = mountedWithin(roots, scopes, (served) => served.unseen);
  if (unseen.length === 0) return null;
  const [verb, it] = unseen.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return (
    `${unseen.map(printable).join(', ')} ${verb} mounted within what the job protects and ${verb} not intercepted: what is written ` +
    `there is not seen and not on the target. Stop the job and start it again to protect ${it}, leave ${it} out by a rule, or unmount ${it}.`
  );
}

type Shown = Pick<JobStatus, 'exposures' | 'tripwireOff' | 'uncovered'>;

/** `exposures` is left out while the folders are being looked through. */
export function exposureStatus(interceptor: Interceptor, roots: readonly JobRoot[], scopes: readonly Scope[]): Shown {
  const found = [...new Set(roots.map(({ id }) => id))].map((id) => interceptor.exposures?.(id));
  const uncovered = mountedWithin(roots, scopes, (served) => served.uncovered);
  const tripwireOff = interceptor.status().tripwireOff ?? null;
  return {
    ...(found.some((one) => one?.pending === true) ? {} : { exposures: found.flatMap((one) => one?.warnings ?? []) }),
    ...(tripwireOff === null ? {} : { tripwireOff }),
    ...(uncovered.length === 0 ? {} : { uncovered: uncovered.map(printable) }),
  };
}

/** Why changes are not seen in order; `why`: why this driver. */
export function nearSentence(why: string | null): string {
  const reason = why === null ? '' : ` ${why}`;
  return `The watch driver sees changes after the fact: protection is near-continuous, not write-ordered.${reason}`;
}
