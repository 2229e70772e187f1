import { describe, expect, it } from 'vitest';
import { FAULTS } from './faults.ts';
import { runLease } from './run-lease.ts';

const SCHEDULES = 200;

describe('[FO3] two servers and a witness', () => {
  it(`never both write, over ${SCHEDULES} schedules of partitions, stops, reboots and clocks that jump`, () => {
    let takeovers = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let seed = 1; seed <= SCHEDULES; seed += 1) {
      const { wrong, acknowledged, epochs } = runLease(seed);
      expect(wrong, `seed ${seed}`).toEqual([]);
      takeovers += epochs - 1;
      least = Math.min(least, acknowledged);
    }
    // It proves nothing where nobody writes, or nobody takes over.
    expect(takeovers).toBeGreaterThan(SCHEDULES);
    expect(least).toBeGreaterThan(100);
  });

  it.each(FAULTS)('notices the planted fault %s', (fault) => {
    let seed = 1;
    while (seed <= SCHEDULES && runLease(seed, fault).wrong.length === 0) seed += 1;
    expect(seed, 'the first schedule that shows it').toBeLessThanOrEqual(SCHEDULES);
  });

  it('one seed is one run', () => {
    expect(runLease(7)).toEqual(runLease(7));
  });
});
