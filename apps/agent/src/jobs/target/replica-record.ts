/** What is written down of a replica, and read from it. In: a greeting, places, handles. Out: the record of it, and back. */
import { brand, type RawName } from '@understudy/base';
import type { Handle } from '@understudy/engine';
import type { Hello } from '@understudy/wire';
import { helloJson } from '../source/job-link.ts';
import type { Place } from './replica-place.ts';
import type { StoredReplica } from './stored-replicas.ts';

export const raw = (base64: string): RawName => brand<RawName>(Buffer.from(base64, 'base64').toString('latin1'));
const base64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64');

export function samePlaces(one: readonly Place[] | undefined, other: readonly Place[]): boolean {
  return JSON.stringify(one ?? other) === JSON.stringify(other);
}

export function recordOf(
  hello: Hello,
  peer: string,
  places: readonly Place[],
  handles: readonly (Handle | null)[],
  before: StoredReplica | null,
): StoredReplica {
  const roots = places.map(({ replica }, index) => {
    const handle = handles[index] ?? null;
    return { path: base64(replica), handle: handle === null ? null : base64(handle) };
  });
  const { jobId, jobName, streamId, epoch } = hello;
  const { standing } = before ?? {};
  const known = standing === undefined ? {} : { standing };
  return {
    jobId,
    jobName,
    peer,
    streamId,
    roots,
    epoch,
    ...known,
    ...openedOf(before, streamId),
    hello: helloJson(hello) as Record<string, unknown>,
  };
}

/** A stream that begins anew compares everything. */
export function openedOf(stored: StoredReplica | null, streamId: string): Pick<StoredReplica, 'opened'> {
  return stored?.opened === undefined || stored.streamId !== streamId ? {} : { opened: stored.opened };
}

/** By index; null where another directory than before, or none yet, is meant. */
export function handlesOf(stored: StoredReplica | null, places: readonly Place[]): (Handle | null)[] {
  return places.map(({ replica }, index) => {
    const root = stored?.roots[index];
    if (root === undefined || root.handle === null || raw(root.path) !== replica) return null;
    return brand<Handle>(raw(root.handle));
  });
}
