import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Scheduled, TestSchedules } from './test-schedules.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-29T06:00:00.500Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('scheduled test failovers', () => {
  it('follow what the jobs say now', async () => {
    const jobs: Scheduled[] = [{ jobId: 'a', cron: '* * * * * *' }];
    const ran: string[] = [];
    const schedules = new TestSchedules(
      () => jobs,
      async (jobId) => {
        ran.push(jobId);
      },
    );
    schedules.start();
    await vi.advanceTimersByTimeAsync(2000);
    expect(ran).toEqual(['a', 'a']);
    jobs.splice(0, 1, { jobId: 'b', cron: '*/5 * * * * *' }, { jobId: 'c', cron: 'every day' });
    await vi.advanceTimersByTimeAsync(10_000);
    ran.length = 0;
    await vi.advanceTimersByTimeAsync(5000);
    expect(ran).toEqual(['b']);
    schedules.close();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(ran).toEqual(['b']);
  });
});
