import type { JobFacts } from '@understudy/engine';
import { beforeEach, describe, expect, it } from 'vitest';
import { Opening } from './opening.ts';

const IDLE = {
  linked: true,
  paused: false,
  targetReplaying: false,
  mirror: 'none',
  complete: true,
  dirtyItems: 0,
} as JobFacts;
const opened = (at: number) => ({ at, sentence: 'The mount was taken away.' });

describe('[TRM3] a replica that others could write into', () => {
  let nowMs: number;
  let opening: Opening;
  let comparing: { at: number; end: () => void; fail: (error: Error) => void }[];
  const turn = (facts: Partial<JobFacts> = {}, isVerifying = false) =>
    new Promise<void>((resolve) => {
      opening.turn({ ...IDLE, ...facts }, isVerifying, resolve);
      if (comparing.length === 0) resolve();
    });
  beforeEach(() => {
    nowMs = 0;
    comparing = [];
    opening = new Opening(() => nowMs);
    opening.compare = ({ at }) => new Promise((end, fail) => comparing.push({ at, end, fail }));
  });

  it('is compared, says so until that has ended, and then tells the target which opening it was', async () => {
    opening.heard(opened(5));
    const ended = turn();
    opening.heard(undefined);
    expect([comparing.length, opening.reason?.code, opening.compared]).toEqual([1, 'replica-opened', undefined]);
    comparing.pop()?.end();
    await ended;
    expect([opening.reason, opening.compared]).toEqual([null, 5]);
    // The target has not heard it yet.
    opening.heard(opened(5));
    expect(opening.reason).toBeNull();
  });

  it.each([
    ['linked', { linked: false }],
    ['complete', { complete: false }],
    ['without a repair under way', { dirtyItems: 1 }],
    ['without a mirror', { mirror: 'running' }],
    ['going on by hand', { paused: true }],
    ['seeing every call', { audit: { kind: 'doubt', hop: 'written', reason: { code: 'x', sentence: '' } } }],
  ] as const)('is compared once its job is %s', (_what, facts) => {
    opening.heard(opened(5));
    void turn(facts);
    expect(comparing).toHaveLength(0);
    void turn({}, true);
    expect(comparing).toHaveLength(0);
    void turn();
    expect(comparing).toHaveLength(1);
  });

  it('is compared once more where it was opened again meanwhile', async () => {
    opening.heard(opened(5));
    const ended = turn();
    opening.heard(opened(6));
    comparing.pop()?.end();
    await ended;
    expect([opening.reason?.code, opening.compared]).toEqual(['replica-opened', 5]);
    void turn();
    expect(comparing.map(({ at }) => at)).toEqual([6]);
  });

  it('is compared again where that was broken off, after a while', async () => {
    opening.heard(opened(5));
    const ended = turn();
    comparing.pop()?.fail(new Error('the link was lost'));
    await ended;
    expect([opening.reason?.code, opening.compared]).toEqual(['replica-opened', undefined]);
    void turn();
    expect(comparing).toHaveLength(0);
    nowMs = 1_000;
    void turn();
    expect(comparing).toHaveLength(1);
  });
});
