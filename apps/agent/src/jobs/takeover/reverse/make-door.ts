/** The door of door.ts, made of what the source's jobs have. In: their store, keeper and list. Out: the door. */
import { brand, type RawName } from '@understudy/base';
import type { JobKeeper } from '../../source/job-keeper.ts';
import { type Job, newJob } from '../../source/known-job.ts';
import type { JobSurroundings } from '../../source/prepare-job.ts';
import type { JobStore, StoredJob } from '../../stored-job.ts';
import type { RoleDoor } from './door.ts';

export interface DoorParts {
  readonly store: JobStore;
  readonly surroundings: JobSurroundings;
  readonly keeper: JobKeeper;
  /** By name. */
  readonly jobs: Map<string, Job>;
  readonly save: (job: Job, change: Partial<StoredJob>) => void;
  readonly removed: (name: string) => void;
  readonly exclusively: RoleDoor['exclusively'];
}

export function makeDoor({ store, surroundings, keeper, jobs, save, removed, exclusively }: DoorParts): RoleDoor {
  const rememberedRoots = ({ id }: StoredJob) => rootsOf(surroundings.rootsFile(id).read()?.roots ?? []);
  return {
    agentName: surroundings.agentName,
    all: () => [...jobs.values()],
    find: (jobId) => [...jobs.values()].find(({ stored }) => stored.id === jobId) ?? null,
    isTaken: (name) => jobs.has(name),
    add: (stored) => {
      store.save(stored);
      const job = newJob(stored);
      jobs.set(stored.definition.name, job);
      return job;
    },
    save,
    remove: ({ stored }) => {
      const { name } = stored.definition;
      store.remove(stored.id);
      jobs.delete(name);
      removed(name);
    },
    start: (job) => keeper.start(job),
    restart: async (job) => {
      const { running } = job;
      if (running === null) await keeper.start(job);
      else
        await keeper.serveAnew(
          job,
          running.roots.map(({ path }) => path),
        );
    },
    freeze: ({ stored, running }, on) => {
      const paths = running?.roots.map(({ path }) => path) ?? [];
      surroundings.interceptors.gates.set(stored.id, on ? paths : [], on ? 'read-only' : null);
    },
    holdWrites: ({ stored, running }, on) => {
      const paths = running?.roots.map(({ path }) => path) ?? rememberedRoots(stored);
      surroundings.interceptors.gates.set(`${stored.id} cutover`, on ? paths : [], on ? 'read-only' : null);
    },
    usersOfLeft: (places) => surroundings.interceptors.usersOfLeft(places),
    stop: (job) => keeper.stop(job),
    exclusively,
    roots: ({ stored }) => rememberedRoots(stored),
    unsent: ({ stored }) => store.unsent(stored.id),
    event: ({ stored }, code, severity, sentence) =>
      surroundings.event({ code, severity, sentence }, stored.definition.name),
    fault: (error, job) => surroundings.fault(error, job?.stored.definition.name ?? null),
  };
}

const rootsOf = (roots: readonly { readonly path: string }[]): RawName[] =>
  roots.map(({ path }) => brand<RawName>(Buffer.from(path, 'base64').toString('latin1')));
