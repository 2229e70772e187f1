import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Settling, type SettlingJob } from './settling.ts';

const reached = (through: number | null): SettlingJob => ({ settledThrough: () => through });

describe('settling', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('[SRM3] tells the interceptor how far all jobs of a root have come, and nothing of a root that one cannot speak for', () => {
    const told: unknown[] = [];
    const jobs: [number, SettlingJob[]][] = [
      [1, [reached(30), reached(20)]],
      [2, [reached(30), reached(null)]],
      [3, []],
      [4, [{ settledThrough: (drained) => drained }]],
    ];
    const settling = new Settling(
      { settle: (root, through) => told.push([root, through]) },
      () => jobs,
      () => 40,
    );
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([
      [1, 20],
      [4, 40],
    ]);
    settling.close();
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(2);
  });
});
