/** A replica that is kept from others, again, or no more. In: its record. Out: mounts over its roots, or none of ours left beside them. */
import type { Hello } from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import { noteOpened } from './guard/openings.ts';
import { type GuardPast, type GuardPorts, giveBack, ReplicaGuard, type TellGuard } from './guard/replica-guard.ts';
import type { Place } from './replica-place.ts';
import { raw } from './replica-record.ts';
import { removeLimbos } from './replica-roots.ts';
import type { StoredReplica, StoredReplicas } from './stored-replicas.ts';

export interface Keeping {
  /** Absent: replicas are not kept from others. */
  readonly guard: GuardPorts | undefined;
  readonly replicas: StoredReplicas;
  readonly teller: (jobName: string) => TellGuard;
}

/** Null: others may write there, and what kept them from it is taken away. */
export function guardOf(
  hello: Hello,
  before: StoredReplica | null,
  places: readonly Place[],
  keeping: Keeping,
): ReplicaGuard | null {
  const { guard, teller } = keeping;
  if (guard === undefined) return null;
  // A root that the job does not have any more is not its to keep.
  const gone = before?.roots.filter(({ path }) => !places.some(({ replica }) => replica === raw(path))) ?? [];
  if (before !== null) giveBackRoots({ ...before, roots: gone }, keeping);
  if (hello.targetWrites !== 'allow') return new ReplicaGuard(guard, teller(hello.jobName), pastOf(hello, keeping));
  if (before !== null) giveBackRoots(before, keeping);
  return null;
}

/** Of a stream that begins anew nothing is asked: it compares everything. */
function pastOf({ jobId, streamId }: Hello, { replicas }: Keeping): GuardPast {
  const stored = replicas.get(jobId);
  const guarded = stored?.streamId === streamId ? (stored.guarded ?? null) : null;
  return { guarded, opened: (sentence) => noteOpened(replicas, jobId, sentence) };
}

export function giveBackRoots({ roots, jobName }: StoredReplica, { guard, teller }: Keeping): void {
  if (guard === undefined) return;
  giveBack(
    roots.map(({ path }) => raw(path)),
    guard,
    teller(jobName),
  );
}

/** Where somebody writes there it is said, and the source is refused until that has ended. */
export function keepAgain(stored: StoredReplica | null, { guard, teller }: Keeping): void {
  if (stored === null || guard === undefined) return;
  const tell = teller(stored.jobName);
  try {
    const again = new ReplicaGuard(guard, tell);
    for (const { path } of stored.roots) again.opened(raw(path));
  } catch (error) {
    tell('replica-open-for-writing', 'error', messageOf(error));
  }
}

/** What lies there stays. */
export function letGo(jobId: string, replicas: StoredReplicas): void {
  const stored = replicas.get(jobId);
  if (stored === null) return;
  replicas.leave(jobId);
  removeLimbos(
    jobId,
    stored.roots.map(({ path }) => raw(path)),
  );
}
