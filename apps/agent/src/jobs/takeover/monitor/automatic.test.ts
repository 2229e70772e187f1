import { type Light, moveTakeover, newTakeover, type Takeover, type TakeoverEvent } from '@understudy/engine';
import { failoverSchema, ManagementError } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EpochWatch } from '../ports.ts';
import type { ReplicaJob } from '../replica-job.ts';
import type { TakeoverRecord } from '../takeover-store.ts';
import { AutomaticFailovers, isMonitors } from './automatic.ts';

const failover = failoverSchema.parse({
  automatic: true,
  monitor: {},
  witness: { kind: 'etcd', endpoints: ['http://127.0.0.1:1'] },
});
const job = { id: 'j', name: 'files', source: 'alpha', epoch: 1, failover } as unknown as ReplicaJob;

const STEPS = ['check', 'epoch', 'data', 'intercept'] as const;
const moved = (takeover: Takeover, event: TakeoverEvent): Takeover => {
  const after = moveTakeover(takeover, event);
  if (typeof after === 'string') throw new Error(after);
  return after;
};
const begun = () => newTakeover(STEPS.map((step) => ({ step, sentence: step })));

/** Taken as far as that many steps, and failed in the next. */
function haltedAfter(steps: number): Takeover {
  let takeover = begun();
  for (let done = 0; done < steps; done += 1)
    takeover = moved(moved(takeover, { kind: 'begun' }), { kind: 'ended', outcome: 'done' });
  takeover = moved(takeover, { kind: 'begun' });
  takeover = moved(takeover, { kind: 'failed', reason: { code: 'source-alive', sentence: 'It lives.' } });
  while (takeover.phase === 'taking-back') takeover = moved(takeover, { kind: 'ended', outcome: '' });
  return takeover;
}

describe('a failover that follows by itself', () => {
  let now: number;
  let orders: number[];
  let said: string[];
  let asked: string[];
  let record: TakeoverRecord | null;
  let refuse: string | null;
  let automatic: AutomaticFailovers;

  const watch: EpochWatch = {
    look: ({ id }) => asked.push(`look ${id}`),
    whyNot: () => null,
    forget: (id) => asked.push(`forget ${id}`),
  };
  const recordOf = (takeover: Takeover, more: object = {}) =>
    ({ jobId: 'j', automatic: true, epoch: 2, takeover, ...more }) as unknown as TakeoverRecord;

  beforeEach(() => {
    [now, orders, said, asked, record, refuse] = [0, [], [], [], null, null];
    automatic = new AutomaticFailovers({
      record: () => record,
      order: () => {
        if (refuse !== null) throw new ManagementError('refused', refuse);
        orders.push(now);
        record = recordOf(begun());
      },
      drop: () => {
        record = null;
      },
      watch,
      event: ({ code, sentence }) => said.push(`${code}: ${sentence}`),
      nowMs: () => now,
    });
  });

  /** As the monitor looks, every 100 ms. */
  const look = (light: Light, ms: number) => {
    for (const until = now + ms; now < until; now += 100) automatic.looked(job, light);
  };

  it('looks at the lease while the source is silent, and orders at once when the time to fail is over', () => {
    look('green', 300);
    expect(asked).not.toContain('look j');
    look('yellow', 300);
    expect(asked).toContain('look j');
    expect(orders).toEqual([]);
    look('red', 1000);
    expect(orders).toEqual([600]);
    expect(automatic.looked({ ...job, failover: { ...failover, automatic: false } }, 'red')).toBeUndefined();
  });

  it('what was refused is asked again while the light is red, and each reason is told once', () => {
    refuse = 'The witness cannot be reached.';
    look('red', 2000);
    refuse = 'The source goes on renewing.';
    look('red', 2000);
    expect(said.map((one) => one.split(': ').at(-1))).toEqual([
      'The witness cannot be reached.',
      'The source goes on renewing.',
    ]);
    refuse = null;
    look('red', 600);
    expect(orders).toHaveLength(1);
  });

  it('what came to nothing before its epoch began is tried again, ever more seldom; behind that it is a person’s', () => {
    for (let second = 0; second < 10; second += 1) {
      look('red', 1000);
      if (record !== null) record = recordOf(haltedAfter(1));
    }
    expect(orders).toEqual([0, 1000, 3000, 7000]);
    expect(isMonitors(recordOf(haltedAfter(1)), job)).toBe(true);
    expect(isMonitors(recordOf(haltedAfter(2)), { ...job, epoch: 2 })).toBe(false);
    expect(isMonitors(recordOf(haltedAfter(3)), { ...job, epoch: 1 })).toBe(false);
    expect(isMonitors(recordOf(haltedAfter(1), { automatic: false }), job)).toBe(false);
  });

  it('is dropped where the source answers before anything has begun, and never while it is under way', () => {
    look('red', 100);
    look('green', 100);
    expect(record).not.toBeNull();
    record = recordOf(haltedAfter(1));
    look('green', 100);
    expect(record).toBeNull();
    expect(said.at(-1)).toMatch(/^failover-dropped: alpha answers again/);
    expect(asked.at(-1)).toBe('forget j');
  });

  it('what a person has called off is not begun again by itself until the source has answered', () => {
    look('red', 100);
    record = recordOf(moved(begun(), { kind: 'take-back' }));
    expect(record.takeover.phase).toBe('taken-back');
    look('red', 5000);
    expect(orders).toHaveLength(1);
    look('green', 100);
    look('red', 100);
    expect(orders).toHaveLength(2);
  });
});
