import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calls, type JobStatus } from '@understudy/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventInput } from '../events/event-log.ts';
import { statusOf } from '../listen/testing/fake-jobs.ts';
import { JobHistory } from './job-history.ts';

const ID = '0b9c8a52-7a44-4a2e-9b5c-0d8d6b1f4e21';
const START = 1_700_000_400_000;
const HOUR = 3_600_000;

function jobOf(sentBytes: number, more: Partial<JobStatus> = {}): JobStatus {
  const status = statusOf('files');
  return {
    ...status,
    id: ID,
    replication: { ...status.replication, sentBytes, queuedBytes: 10, diskQueueBytes: 5 },
    recoveryPoint: { time: new Date(START).toISOString(), latencyMs: 7, position: '1' },
    ...more,
  };
}

describe('the history of jobs', () => {
  let home: string;
  let now: number;
  let statuses: JobStatus[];
  let events: EventInput[];
  let faults: unknown[];
  const open = (): JobHistory =>
    new JobHistory({
      home,
      statuses: () => statuses,
      event: (event) => events.push(event),
      fault: (error) => faults.push(error),
      wallMs: () => now,
      steadyMs: () => now,
    });
  const asked = (more: object = {}) => calls['job.history'].params.parse({ name: 'files', ...more });
  /** One look every ten seconds, `bytes` sent between two of them. */
  const pass = (history: JobHistory, looks: number, bytes: number): void => {
    for (let i = 0; i < looks; i += 1) {
      statuses = statuses.map((status) => ({
        ...status,
        replication: { ...status.replication, sentBytes: status.replication.sentBytes + bytes },
      }));
      history.measure();
      now += 10_000;
    }
  };
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'understudy-history-'));
    now = START;
    statuses = [jobOf(0)];
    events = [];
    faults = [];
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('tells throughput, queue and age, and what was not measured is null', () => {
    const history = open();
    pass(history, 3, 5_000);
    now += 20_000;
    pass(history, 1, 30_000);
    const answer = history.answer(asked({ from: new Date(START).toISOString() }), jobOf(0));
    expect(answer).toEqual({
      role: 'source',
      from: new Date(START).toISOString(),
      resolutionMs: 10_000,
      throughput: [null, 500, 500, null, null, 1_000],
      queueBytes: [10, 10, 10, null, null, 10],
      queueDiskBytes: [5, 5, 5, null, null, 5],
      targetQueueBytes: [null, null, null, null, null, null],
      recoveryPointAgeMs: [7, 7, 7, null, null, 7],
    });
    expect(calls['job.history'].result.parse(answer)).toEqual(answer);
  });

  it('goes on after a restart: a counter that began anew is no throughput, and the time between is a gap', () => {
    pass(open(), 2, 1_000);
    now += 10_000;
    statuses = [jobOf(77)];
    const history = open();
    pass(history, 2, 1_000);
    const { throughput, queueDiskBytes } = history.answer(asked({ from: new Date(START).toISOString() }), jobOf(0));
    expect(throughput).toEqual([null, 100, null, null, 100]);
    expect(queueDiskBytes).toEqual([5, 5, null, 5, 5]);
  });

  it('of a target it tells what has arrived, of a job at rest nothing but what is known', () => {
    const history = open();
    statuses = [jobOf(0, { role: 'target', targetQueue: { operations: 1, bytes: 99, oldest: null } })];
    pass(history, 2, 1_000);
    statuses = [jobOf(0, { replication: { ...jobOf(0).replication, state: 'stopped' } })];
    pass(history, 1, 0);
    const answer = history.answer(asked({ from: new Date(START).toISOString() }), jobOf(0, { role: 'target' }));
    expect(answer).toMatchObject({ role: 'target', throughput: [null, null, null], targetQueueBytes: [99, 99, null] });
    expect(answer.queueBytes).toEqual([null, null, null]);
  });

  it('a day is fine, what lies further back is coarse, and never more points come than were asked for', () => {
    const history = open();
    pass(history, 30 * 360, 10_000);
    const fine = history.answer(asked({ limit: 5_000 }), jobOf(0));
    expect(fine.resolutionMs).toBe(20_000);
    expect(fine.throughput).toHaveLength(4_320);
    expect(fine.throughput.every((value) => value === 1_000)).toBe(true);
    const from = new Date(START).toISOString();
    const coarse = history.answer(asked({ from }), jobOf(0));
    expect([coarse.resolutionMs, coarse.throughput.length]).toEqual([600_000, 180]);
    expect(new Set(coarse.throughput)).toEqual(new Set([1_000]));
    const few = history.answer(asked({ from, limit: 7 }), jobOf(0));
    expect(few.throughput.length).toBeLessThanOrEqual(7);
    expect(Date.parse(few.from)).toBeLessThanOrEqual(START);
  });

  it('holds its limits whatever is asked', () => {
    const history = open();
    pass(history, 400, 10_000);
    const asking = fc.record(
      {
        from: fc.integer({ min: START - 40 * 24 * HOUR, max: now }),
        resolutionMs: fc.integer({ min: 10_000, max: 24 * HOUR }),
        limit: fc.integer({ min: 1, max: 5_000 }),
        span: fc.integer({ min: 1, max: 31 * 24 * HOUR }),
      },
      { requiredKeys: ['from', 'span', 'limit'] },
    );
    fc.assert(
      fc.property(asking, ({ from, span, limit, resolutionMs }) => {
        const to = Math.min(from + span, now);
        fc.pre(to > from && to > now - 30 * 24 * HOUR);
        const more = resolutionMs === undefined ? {} : { resolutionMs };
        const times = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
        const answer = history.answer(asked({ ...times, limit, ...more }), jobOf(0));
        const { throughput, resolutionMs: step } = answer;
        expect(throughput.length).toBeLessThanOrEqual(limit);
        expect(step).toBeGreaterThanOrEqual(resolutionMs ?? 10_000);
        expect(Date.parse(answer.from) % step).toBe(0);
        const begins = Math.max(from, now - 30 * 24 * HOUR);
        expect(Date.parse(answer.from)).toBeLessThanOrEqual(begins);
        expect(Date.parse(answer.from) + throughput.length * step).toBeGreaterThanOrEqual(to);
        expect(calls['job.history'].result.safeParse(answer).success).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(() => history.answer(asked({ from: new Date(now + 1).toISOString() }), jobOf(0))).toThrow(
      'before it begins',
    );
    expect(() => history.answer(asked({ to: '2001-01-01T00:00:00.000Z' }), jobOf(0))).toThrow('too far back');
  });

  it('goes with its job: at once when that is deleted, after a minute when nobody knows it any more', () => {
    const files = (): number => readdirSync(join(home, 'history')).length;
    const history = open();
    pass(history, 1, 0);
    expect(files()).toBe(2);
    history.remove(ID);
    expect(files()).toBe(0);
    pass(history, 1, 0);
    statuses = [];
    pass(history, 5, 0);
    expect(files()).toBe(2);
    pass(history, 1, 0);
    expect(files()).toBe(0);
    // What an agent that was killed meanwhile has left.
    statuses = [jobOf(0)];
    pass(open(), 1, 0);
    statuses = [];
    const again = open();
    again.start();
    pass(again, 6, 0);
    again.close();
    expect(files()).toBe(0);
  });

  it('a damaged one is an event of that job, and one that cannot be kept is said once', () => {
    const history = open();
    pass(history, 1, 0);
    writeFileSync(join(home, 'history', `${ID}.fine`), 'spoilt');
    pass(history, 1, 0);
    expect(events).toMatchObject([{ code: 'history-damaged', severity: 'warning', job: 'files' }]);
    rmSync(join(home, 'history'), { recursive: true });
    pass(history, 3, 0);
    expect(events.slice(1)).toMatchObject([{ code: 'history-not-kept' }]);
    expect(faults).toHaveLength(3);
    expect(() => history.answer(asked(), jobOf(0))).toThrow('cannot be read');
  });
});
