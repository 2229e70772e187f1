/** A replica that is kept from others again, or kept no more. In: its record. Out: mounts over its roots, or none of ours left beside them. */
import { messageOf } from '../../home/start-error.ts';
import { type GuardPorts, ReplicaGuard, type TellGuard } from './guard/replica-guard.ts';
import { raw } from './replica-record.ts';
import { removeLimbos } from './replica-roots.ts';
import type { StoredReplica, StoredReplicas } from './stored-replicas.ts';

/** Where somebody writes there it is said, and the source is refused until that has ended. */
export function keepAgain(
  stored: StoredReplica | null,
  guard: GuardPorts | undefined,
  teller: (jobName: string) => TellGuard,
): void {
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
