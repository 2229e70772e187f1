import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoredJob } from '../stored-job.ts';
import { Rests } from './rests.ts';

const stored = (targetWrites?: 'allow') => ({ id: 'job', definition: { name: 'files', targetWrites } }) as StoredJob;

describe('[TRM3] word of a stopped job', () => {
  let answers: (string | null)[];
  let said: number;
  let untold: string[];
  let rests: Rests;
  beforeEach(() => {
    vi.useFakeTimers();
    answers = [];
    said = 0;
    untold = [];
    rests = new Rests({
      rest: () => {
        said += 1;
        const answer = answers.shift();
        return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer);
      },
      untold: (_stored, why) => void untold.push(why),
      fault: (error) => {
        throw error;
      },
    });
  });
  afterEach(() => {
    rests.close();
    vi.useRealTimers();
  });

  it('is said again every minute until it has arrived, and told to a person once', async () => {
    answers = ['unreachable', 'unreachable', null];
    await rests.say(stored());
    expect([said, untold]).toEqual([1, ['unreachable']]);
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.advanceTimersByTimeAsync(600_000);
    expect([said, untold]).toEqual([3, ['unreachable']]);
  });

  it('keeps nobody waiting for a target that does not answer', async () => {
    const saying = rests.say(stored());
    await vi.advanceTimersByTimeAsync(2_000);
    await saying;
    expect(said).toBe(1);
  });

  it('is not said any more once the job runs again', async () => {
    answers = ['unreachable', null];
    await rests.say(stored());
    await rests.over('job');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(said).toBe(1);
  });

  it('holds a start back until what is on its way has arrived', async () => {
    let arrive = (_: null): void => undefined;
    const slow = new Rests({
      rest: () => new Promise((resolve) => (arrive = resolve)),
      untold: () => undefined,
      fault: () => undefined,
    });
    const saying = slow.say(stored());
    await vi.advanceTimersByTimeAsync(2_000);
    await saying;
    let over = false;
    const ending = slow.over('job').then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toBe(false);
    arrive(null);
    await ending;
    expect(over).toBe(true);
  });

  it('is not needed where others may write all the time', async () => {
    await rests.say(stored('allow'));
    expect(said).toBe(0);
  });
});
