/**
 * The reverse job of a server that takes a job over, begun and dropped (FO4). In: the job as its former source has it, the epoch, the
 * replica's places. Out: an ordinary source job over the replica that sends nothing and notes what changes. Promise: it is on disk before
 * anything of it is mounted, comes back by itself, and what it noted outlives this process; begun twice it is begun once.
 */
import type { RawName } from '@understudy/base';
import type { JobDefinition, TargetServer } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import type { Job } from '../../source/known-job.ts';
import type { RoleDoor } from './door.ts';
import { reversed } from './reversed.ts';

export interface ReverseRequest {
  readonly jobId: string;
  /** Higher than any that the former source has spoken for. */
  readonly epoch: number;
  readonly definition: JobDefinition;
  readonly former: TargetServer;
  readonly replicaRoots: readonly RawName[];
}

export interface BegunReverse {
  readonly name: string;
  /** `none`: what is changed is not seen, and it is tried again; the way home compares everything anyway. */
  readonly interceptor: 'fuse' | 'watch' | 'memory' | 'none';
  /** Why it is not intercepted write by write; null: it is. */
  readonly sentence: string | null;
}

/** Its own job must not hold the replica when this is called. */
export async function beginReverse(request: ReverseRequest, door: RoleDoor): Promise<BegunReverse> {
  const job = door.find(request.jobId) ?? added(request, door);
  return door.exclusively(job, async () => {
    if (job.stored.epoch < request.epoch) door.save(job, { epoch: request.epoch });
    if (job.running === null) await started(job, door);
    const { name } = job.stored.definition;
    const { running } = job;
    if (running === null) {
      const why = job.failure?.sentence ?? 'It does not run.';
      return { name, interceptor: 'none', sentence: `Changes are not seen: ${why} The way home compares checksums.` };
    }
    const { driver } = running.interception.interceptor;
    const near = `Changes are noticed and not intercepted (${driver}): ${running.why ?? 'fuse cannot serve here'}. The way home compares checksums.`;
    return { name, interceptor: driver, sentence: driver === 'fuse' ? null : near };
  });
}

function added({ jobId, epoch, definition, former, replicaRoots }: ReverseRequest, door: RoleDoor): Job {
  const kept = replicaRoots.map((root) => `${root === '/' ? '' : root}/.understudy-${jobId}` as RawName);
  const other = reversed(definition, former, kept);
  const name = door.isTaken(other.name) ? `${other.name.slice(0, 50)}-of-${former.name}`.slice(0, 64) : other.name;
  return door.add({
    id: jobId,
    revision: 1,
    epoch,
    started: true,
    paused: false,
    adopt: true,
    definition: { ...other, name },
    reverse: { former: definition, purpose: 'noting', begun: false },
  });
}

/** A failure is tried again by itself: what is written until then is found by the comparison on the way home. */
async function started(job: Job, door: RoleDoor): Promise<void> {
  try {
    await door.start(job);
    const { reverse } = job.stored;
    if (reverse !== undefined) door.save(job, { reverse: { ...reverse, begun: true } });
  } catch (error) {
    door.event(
      job,
      'reverse-not-intercepted',
      'warning',
      `What is changed here is not seen: ${messageOf(error)} It is tried again.`,
    );
  }
}

/** What was changed since this server took over, as far as it is known; null: it was not seen, or it is not a job of that kind. */
export function changedSince(job: Job): { readonly items: number } | null {
  const { running, stored } = job;
  if (stored.reverse === undefined || running === null || running.runner.isHalted) return null;
  if (!running.interception.interceptor.promises.everyCall) return null;
  running.interception.turn();
  return { items: running.runner.job.path.srm.dirty.size };
}
