import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scheduleFault, VerifySchedule } from './verify-schedule.ts';

describe('[VER1] a schedule of verifications', () => {
  beforeEach(() => vi.useFakeTimers({ now: new Date(2026, 0, 2, 2, 58, 30) }));
  afterEach(() => vi.useRealTimers());

  it('calls at its times, and not while the last call still runs', async () => {
    let end = () => {};
    let calls = 0;
    const schedule = new VerifySchedule('*/1 * * * *', () => {
      calls += 1;
      return new Promise((resolve) => {
        end = resolve;
      });
    });
    await vi.advanceTimersByTimeAsync(31_000);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(calls).toBe(1);
    end();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(calls).toBe(2);
    schedule.close();
    end();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls).toBe(2);
  });

  it.each(['0 3 * * 0', '@daily', '30 2 1 * *'])('%s is one', (cron) => expect(scheduleFault(cron)).toBeNull());
  it.each(['', 'every day', '99 * * * *', '0 0 31 2 *'])('%j is none, and the sentence says how to write one', (cron) =>
    expect(scheduleFault(cron)).toMatch(/The verification schedule ".*" (is none|has no next time)/),
  );
});
