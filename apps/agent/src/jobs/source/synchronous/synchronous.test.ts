import type { HeldCalls, JobEvent } from '@understudy/engine';
import { DEFAULT_SYNCHRONOUS, type SynchronousOptions } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HeldRoots } from './held-roots.ts';
import { Synchronous, type SynchronousParts } from './synchronous.ts';

const LIMIT = 1000;
const LOOK = 300;

describe('[FSI4] a synchronous job', () => {
  let calls: HeldCalls;
  let terms: unknown;
  let whole: boolean;
  let oldest: number | null;
  let events: JobEvent[];
  let job: Synchronous;

  const make = (policy: SynchronousOptions['policy']): Synchronous => {
    const hold = {
      set: (_: number, to: unknown) => {
        terms = to;
      },
      acknowledge: () => {},
      settle: () => {},
      calls: () => calls,
      onWaiting: () => {},
    };
    const path = { oldestTimeMs: () => oldest, acknowledgedMark: { through: () => 0 } };
    return new Synchronous({
      options: { ...DEFAULT_SYNCHRONOUS, policy, timeoutMs: LIMIT },
      roots: [1],
      held: new HeldRoots(hold),
      job: { path } as unknown as SynchronousParts['job'],
      whole: () => whole,
      targetName: 'beta',
      event: (event) => events.push(event),
      changed: () => {},
      wallMs: () => 100_000,
    });
  };
  const codes = () => events.map(({ code }) => code);

  beforeEach(() => {
    vi.useFakeTimers();
    calls = { waiting: 0, longestMs: 0, aborted: 0, stuck: 0, gaveUp: false };
    terms = undefined;
    whole = true;
    oldest = null;
    events = [];
  });
  afterEach(() => {
    job.end(true);
    vi.useRealTimers();
  });

  it('that suspends says when calls wait too long and when they do not any more, and never lets them go by itself', () => {
    job = make('suspend');
    calls = { ...calls, waiting: 2, longestMs: LIMIT };
    expect([job.status?.state, job.reason?.code]).toEqual(['waiting', 'calls-wait']);
    expect(job.reason?.sentence).toContain('2 calls of applications wait for beta');
    vi.advanceTimersByTime(10 * LOOK);
    calls = { ...calls, waiting: 0, longestMs: 0 };
    vi.advanceTimersByTime(LOOK);
    expect(codes()).toEqual(['calls-wait', 'calls-go-on']);
    expect(terms).toMatchObject({ policy: 'suspend', limitMs: LIMIT });
  });

  it('that degrades lets calls go, catches up, and is synchronous again only then', () => {
    job = make('degrade');
    calls = { ...calls, waiting: 1, longestMs: LIMIT };
    vi.advanceTimersByTime(LOOK);
    expect([terms, job.status?.state, job.reason?.code]).toEqual([null, 'degraded', 'not-synchronous']);
    calls = { ...calls, waiting: 0, longestMs: 0 };
    whole = false;
    vi.advanceTimersByTime(LOOK);
    whole = true;
    oldest = 90_000;
    vi.advanceTimersByTime(LOOK);
    expect(job.status?.state).toBe('degraded');
    oldest = 99_900;
    vi.advanceTimersByTime(LOOK);
    expect([job.status?.state, job.reason]).toEqual(['synchronous', null]);
    expect(terms).toMatchObject({ policy: 'degrade' });
    expect(codes()).toEqual(['not-synchronous', 'synchronous']);
  });

  it('whose servers let calls go while no agent was there has to catch up first', () => {
    calls = { ...calls, gaveUp: true };
    whole = false;
    job = make('degrade');
    expect([terms, codes()]).toEqual([null, ['not-synchronous']]);
  });

  it('tells of calls that were undone, and of those that could not be, once each', () => {
    job = make('abort');
    calls = { ...calls, aborted: 3, stuck: 1 };
    vi.advanceTimersByTime(3 * LOOK);
    expect(events).toMatchObject([
      { code: 'calls-aborted', sentence: expect.stringContaining('3 calls') },
      { code: 'calls-stuck', sentence: expect.stringContaining('1 call of') },
    ]);
  });

  it('is let go of by a pause, and catches up after it', () => {
    job = make('suspend');
    job.setPaused(true);
    expect([terms, job.status?.state]).toEqual([null, 'paused']);
    whole = false;
    job.setPaused(false);
    expect(job.status?.state).toBe('degraded');
    whole = true;
    vi.advanceTimersByTime(LOOK);
    expect(job.status?.state).toBe('synchronous');
  });

  it('that halts acknowledges nothing more, and lets nobody go', () => {
    job = make('suspend');
    const reached = job.through(50);
    job.freeze();
    expect(job.through(1000)).toBe(reached);
    expect(terms).toMatchObject({ policy: 'suspend' });
  });
});
