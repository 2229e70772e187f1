import { beforeEach, describe, expect, it } from 'vitest';
import { LeaseWatches } from './lease-watches.ts';
import { takeEpoch } from './take-epoch.ts';
import { MemoryRegister } from './testing/memory-register.ts';

const LEASE_MS = 4000;
const MARGIN_MS = 330;
const JOB = 'a job';

describe('[FO3] a lease that is looked at while its source is silent', () => {
  let register: MemoryRegister;
  let now: number;
  let watches: LeaseWatches;
  beforeEach(async () => {
    register = new MemoryRegister();
    now = 10_000;
    watches = new LeaseWatches({
      clock: () => now,
      fault: (error) => {
        throw error;
      },
    });
    await renew();
  });

  const renew = () =>
    register.swap(register.kept?.revision ?? null, { epoch: 1, holder: 'alpha', leaseMs: LEASE_MS, released: false });
  /** As the monitor does, for so long. */
  const look = async (ms: number) => {
    for (const until = now + ms; now < until; now += 100) {
      watches.look({ jobId: JOB, leaseMs: LEASE_MS, open: () => register });
      await new Promise(setImmediate);
    }
  };
  const take = () => {
    const observed = watches.seen(JOB);
    return takeEpoch({
      register,
      epoch: 2,
      holder: 'beta',
      leaseMs: LEASE_MS,
      automatic: true,
      clock: () => now,
      signal: new AbortController().signal,
      ...(observed === undefined ? {} : { observed }),
    });
  };

  it('is not waited for any more where it was over before the epoch was taken', async () => {
    await look(5000);
    const began = now;
    const asked = register.asked;
    expect(await take()).toEqual({ kind: 'begun', safeAtMs: 10_000 + LEASE_MS + MARGIN_MS });
    expect([now, register.asked - asked]).toEqual([began, 2]);
  });

  it('is asked four times a lease at most, and only read', async () => {
    const asked = register.asked;
    const { kept } = register;
    await look(4000);
    expect(register.asked - asked).toBe(4);
    expect(register.kept).toBe(kept);
  });

  it('is news where the source goes on renewing it, until a whole lease has gone by', async () => {
    await look(500);
    expect(watches.news(JOB)).toBeNull();
    await renew();
    await look(1000);
    expect(watches.news(JOB)).toEqual({ kind: 'renewed', holder: 'alpha' });
    await look(LEASE_MS + MARGIN_MS);
    expect(watches.news(JOB)).toBeNull();
  });

  it('a renewal behind the last look is found by the taker', async () => {
    await look(100);
    await renew();
    expect(await take()).toMatchObject({ kind: 'renewed' });
  });

  it('a witness that does not answer is news as well, until it answers', async () => {
    register.fate = 'unreachable';
    await look(100);
    expect(watches.news(JOB)).toMatchObject({ kind: 'no-answer', why: { code: 'unreachable' } });
    register.fate = 'answer';
    await look(1100);
    expect(watches.news(JOB)).toBeNull();
    watches.forget(JOB);
    expect(watches.seen(JOB)).toBeUndefined();
  });
});
