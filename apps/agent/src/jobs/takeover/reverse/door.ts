/**
 * reverse: a job whose roles are swapped (FO4). In: a failover that needs the replica intercepted, a former source that comes back, a
 * person who wants to go home or to stay. Out: the reverse job on the server that has taken over, the list of what the former source had
 * not sent, and the way back. Promise: nothing that was written on either side is overwritten before it is somewhere else; each step is on
 * disk before the next; a job keeps its identity, whichever of its two servers is the primary, and its epoch says which.
 *
 * This file: what these rooms may do with the source's jobs of the agent.
 */
import type { RawName } from '@understudy/base';
import type { Job, Severity } from '../../source/known-job.ts';
import type { StoredJob, UnsentFile } from '../../stored-job.ts';

export interface RoleDoor {
  readonly agentName: string;
  all(): Iterable<Job>;
  find(jobId: string): Job | null;
  /** A job of this name exists here; a swapped one then gets another. */
  isTaken(name: string): boolean;
  /** It is stored, and stopped. */
  add(stored: StoredJob): Job;
  save(job: Job, change: Partial<StoredJob>): void;
  /** Nothing of it is left here but what its target keeps. */
  remove(job: Job): void;
  /** Throws ManagementError; it is tried again by itself where it counts as started. */
  start(job: Job): Promise<void>;
  /** As it is stored now; what it had mounted stays so meanwhile. */
  restart(job: Job): Promise<void>;
  /** Nobody writes into what it protects, where the driver can keep them from it; or they may again. */
  freeze(job: Job, on: boolean): void;
  /** The same for a cut-over, beside whatever else has a say: both have to let go. Also of one that does not run yet. */
  holdWrites(job: Job, on: boolean): void;
  /** Who uses a mount over one of these places that no job has any more; null: there is none. */
  usersOfLeft(places: readonly RawName[]): readonly string[] | null;
  /** Detached, and what nobody else wants unmounted. */
  stop(job: Job): Promise<void>;
  /** One call at a time; throws ManagementError `busy`. */
  exclusively<T>(job: Job, work: () => Promise<T>): Promise<T>;
  /** Where its roots were when it last ran. */
  roots(job: Job): readonly RawName[];
  unsent(job: Job): UnsentFile;
  event(job: Job, code: string, severity: Severity, sentence: string): void;
  fault(error: unknown, job: Job | null): void;
}
