import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Job, newJob, type Running } from '../../source/known-job.ts';
import type { StoredJob } from '../../stored-job.ts';
import { HomeServices, type HomeServicesParts } from './home-services.ts';

interface Scene {
  readonly home: HomeServices;
  readonly job: Job;
  readonly said: string[];
  /** Of the next process. */
  again(): HomeServices;
}

const RUNNING = { runner: { isHalted: false } } as unknown as Running;

function sceneOf(
  more: { readonly asked?: string[]; readonly unasked?: string[]; readonly stuck?: string } = {},
): Scene {
  const said: string[] = [];
  const stored = { id: 'one', started: true, serve: true, definition: { name: 'files' } } as unknown as StoredJob;
  const job = newJob(stored);
  const door: HomeServicesParts['door'] = {
    all: () => [job],
    find: () => job,
    save: (one, change) => {
      one.stored = { ...one.stored, ...change };
    },
    event: (_job, code, _severity, sentence) => said.push(`${code}: ${sentence}`),
    fault: (error) => said.push(String(error)),
  };
  const services: HomeServicesParts['services'] = {
    tellable: () => ({ asked: more.asked ?? ['database', 'web'], unasked: more.unasked ?? [] }),
    start: async (_job, names) => {
      said.push(`starts ${names.join('+')}, to be served: ${job.stored.serve}`);
      if (more.stuck !== undefined) throw new Error(`The service ${more.stuck} could not be started.`);
    },
  };
  const again = () => new HomeServices({ door, services });
  return { home: again(), job, said, again };
}

describe('a job that has come home', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('[FO4] has its services started once it runs, and not before', async () => {
    const { home, job, said } = sceneOf();
    home.begin(job);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toEqual([]);
    job.running = RUNNING;
    await vi.advanceTimersByTimeAsync(1000);
    expect(said).toEqual([
      'starts database+web, to be served: true',
      'home-served: The job is home, and its services serve here: database, web.',
    ]);
    expect(job.stored.serve).toBeUndefined();
    home.begin(job);
    await vi.advanceTimersByTimeAsync(1000);
    expect(said).toHaveLength(2);
  });

  it('[FO4] has them started by the next process where this one was killed', async () => {
    const { home, job, said, again } = sceneOf();
    home.begin(job);
    home.close();
    job.running = RUNNING;
    await vi.advanceTimersByTimeAsync(1000);
    expect(said).toEqual([]);
    again().restore();
    await vi.advanceTimersByTimeAsync(1000);
    expect(said).toHaveLength(2);
  });

  it('[FO4] names what could not be started, and what nobody can ask', async () => {
    const { home, job, said } = sceneOf({ stuck: 'web', unasked: ['printer'] });
    job.running = RUNNING;
    home.begin(job);
    await vi.advanceTimersByTimeAsync(1000);
    expect(said.slice(1)).toEqual([
      'home-not-served: The job is home, and not all that it serves was started here: The service web could not be started. Start it by hand: database, web.',
      'home-not-asked: The job is home. Nothing tells whether printer serve here: start by hand what does not, or give the job a check for it.',
    ]);
    expect(job.stored.serve).toBeUndefined();
  });

  it('[FO3] has nothing started where another server has taken it over again meanwhile', async () => {
    const { home, job, said } = sceneOf();
    home.begin(job);
    job.running = RUNNING;
    const at = new Date(0).toISOString();
    job.stored = { ...job.stored, superseded: { epoch: 3, sentence: 'beta writes', at } };
    await vi.advanceTimersByTimeAsync(1000);
    expect(said).toEqual([]);
    expect(job.stored.serve).toBeUndefined();
  });
});
