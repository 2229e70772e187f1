import type { EpochRecord } from '@understudy/engine';
import { beforeEach, describe, expect, it } from 'vitest';
import type { WitnessError } from './register.ts';
import { SourceLease } from './source-lease.ts';
import { takeEpoch } from './take-epoch.ts';
import { MemoryRegister } from './testing/memory-register.ts';

const LEASE_MS = 4000;
/** 250 ms and a fiftieth of the lease. */
const MARGIN_MS = 330;

describe('[FO3] a lease at a register', () => {
  let register: MemoryRegister;
  let now: number;
  let untils: number[];
  let told: string[];
  beforeEach(() => {
    register = new MemoryRegister();
    now = 10_000;
    untils = [];
    told = [];
  });

  const lease = (more: { epoch?: number; holder?: string; known?: boolean } = {}) =>
    new SourceLease({
      register,
      epoch: 1,
      holder: 'alpha',
      leaseMs: LEASE_MS,
      clock: () => now,
      known: false,
      ...more,
      until: (untilMs) => untils.push(untilMs),
      confirmed: () => told.push('confirmed'),
      superseded: ({ epoch }: EpochRecord) => told.push(`superseded by ${epoch}`),
      trouble: (why: WitnessError | null) => told.push(why === null ? 'answers' : why.code),
      fault: (error) => told.push(String(error)),
    });
  const turn = async (one: SourceLease, times = 1) => {
    for (let i = 0; i < times; i += 1) await one.turn();
    await one.end(false);
  };
  const take = (epoch: number, automatic = false) =>
    takeEpoch({
      register,
      epoch,
      holder: 'beta',
      leaseMs: LEASE_MS,
      automatic,
      clock: () => now,
      signal: new AbortController().signal,
    });

  it('counts from the sending of what was confirmed, however late the answer comes', async () => {
    const one = lease();
    await one.turn();
    const { swap } = register;
    register.swap = async (...asked) => {
      const answer = await swap.apply(register, asked);
      now += 3000;
      return answer;
    };
    await turn(one);
    expect(untils).toEqual([10_000 + LEASE_MS]);
    expect(told).toEqual(['confirmed']);
  });

  it('an answer that is lost is no confirmation, and is told once; then it goes on', async () => {
    const one = lease();
    await one.turn();
    await one.turn();
    register.fate = 'lost';
    now += 1000;
    await one.turn();
    await one.turn();
    expect(untils).toEqual([10_000 + LEASE_MS]);
    register.fate = 'answer';
    now += 1000;
    await one.turn();
    await turn(one);
    expect(untils).toEqual([10_000 + LEASE_MS, 12_000 + LEASE_MS]);
    expect(told).toEqual(['confirmed', 'unreachable', 'answers']);
  });

  it('ends for good where another server has begun a higher epoch', async () => {
    const one = lease();
    await one.turn();
    await one.turn();
    expect(await take(2)).toMatchObject({ kind: 'begun' });
    await turn(one, 3);
    expect(told).toEqual(['confirmed', 'superseded by 2']);
    expect(register.kept?.record).toMatchObject({ epoch: 2, holder: 'beta' });
  });

  it('is waited for by who takes it, from when it was last seen; one that was let go of is not', async () => {
    const one = lease();
    await one.turn();
    await one.turn();
    now += 500;
    expect(await take(2)).toEqual({ kind: 'begun', safeAtMs: now + LEASE_MS + MARGIN_MS });
    // Nobody knows any more when that was.
    now += 1000;
    expect(await take(2)).toEqual({ kind: 'begun', safeAtMs: now + LEASE_MS + MARGIN_MS });
    const other = lease({ epoch: 2, holder: 'beta', known: true });
    await other.turn();
    await other.turn();
    await other.end(true);
    now += 100;
    const back = lease({ epoch: 3 });
    await turn(back, 2);
    expect(untils.at(-1)).toBe(now + LEASE_MS);
  });

  it('is not taken by itself from a source that renews it', async () => {
    const one = lease();
    await one.turn();
    await one.turn();
    const { read } = register;
    register.read = async () => {
      const kept = await read.call(register);
      await one.turn();
      now += 100;
      return kept;
    };
    expect(await take(2, true)).toMatchObject({ kind: 'renewed', record: { epoch: 1 } });
    await one.end(false);
    expect(told).toEqual(['confirmed']);
  });

  it('of another holder is waited for by a server that was given the next epoch by a person', async () => {
    const former = lease();
    await former.turn();
    await former.turn();
    await former.end(false);
    const one = lease({ epoch: 2, holder: 'beta' });
    await one.turn();
    await one.turn();
    expect(untils).toEqual([10_000 + LEASE_MS]);
    now += LEASE_MS + MARGIN_MS;
    await turn(one);
    expect(untils.at(-1)).toBe(now + LEASE_MS);
  });

  it('is not confirmed by a witness that has forgotten what it had confirmed', async () => {
    const one = lease({ known: true });
    await turn(one, 2);
    expect(told).toEqual(['damaged']);
    expect(untils).toEqual([]);
    expect(register.kept).toBeNull();
  });
});
