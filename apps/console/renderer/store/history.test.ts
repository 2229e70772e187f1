import { expect, test } from 'vitest';
import { endOf, LIVE, LOST, serverOf } from '../../testing.ts';
import { History, SAMPLE_MS, SAMPLES } from './history.ts';
import { type JobView, jobsOf } from './jobs.ts';

const KEY = 'alpha/files';
function jobAt(sentBytes: number, isLost = false): readonly JobView[] {
  const end = endOf('alpha');
  const replication = { ...end.status.replication, sentBytes, queuedBytes: 10, diskQueueBytes: 5 };
  const mirror = { ...end.status.mirror, bytesSent: 0 };
  const told = { ...end, status: { ...end.status, replication, mirror } };
  return jobsOf({ [KEY]: told }, { alpha: serverOf('alpha', isLost ? LOST : LIVE) });
}

test('throughput comes from the counters, and a counter that falls begins anew', () => {
  const history = new History();
  history.sample(jobAt(1000), 0);
  history.sample(jobAt(5000), 2000);
  history.sample(jobAt(100), 4000);
  history.sample(jobAt(300), 6000);
  expect(history.columns(KEY, 'wire')).toEqual([
    [0, 2, 4, 6],
    [null, 2000, null, 100],
  ]);
  expect(history.columns(KEY, 'queue')[1]).toEqual([10, 10, 10, 10]);
  expect(history.wireRate(KEY)).toBe(100);
});

test('a time without an answer is a gap', () => {
  const history = new History();
  history.sample(jobAt(0), 0);
  history.sample(jobAt(10), 2000);
  history.sample(jobAt(10, true), 4000);
  history.sample(jobAt(99), 6000);
  history.sample(jobAt(299), 8000);
  expect(history.columns(KEY, 'wire')[1]).toEqual([null, 5, null, null, 100]);
  expect(history.columns(KEY, 'age')[1].map((value) => value === null)).toEqual([false, false, true, false, false]);
});

test('a job that nobody sees and of which nothing new is told is looked at seldom, and its throughput is no jump', () => {
  const history = new History();
  const steps = [jobAt(0), jobAt(1000), jobAt(2000)];
  const sample = (jobs: readonly JobView[], atMs: number) => history.sample(jobs, atMs, () => false);
  for (let i = 0; i < 10; i += 1) sample(steps[Math.floor(i / 5)] ?? [], i * SAMPLE_MS);
  expect(history.columns(KEY, 'wire')).toEqual([
    [0, 10],
    [null, 100],
  ]);
  for (let i = 10; i < 16; i += 1) sample(steps[2] ?? [], i * SAMPLE_MS);
  expect(history.columns(KEY, 'wire')).toEqual([
    [0, 10, 20, 30],
    [null, 100, 100, 0],
  ]);
});

test('half an hour is kept, the oldest goes first, and a job that is gone takes its own along', () => {
  const history = new History();
  let told = 0;
  const stop = history.subscribe(() => {
    told += 1;
  });
  for (let i = 0; i < SAMPLES + 70; i += 1) history.sample(jobAt(i * 100), i * SAMPLE_MS);
  stop();
  const [times, values] = history.columns(KEY, 'wire');
  expect(times).toHaveLength(SAMPLES);
  expect([times[0], times.at(-1)]).toEqual([(70 * SAMPLE_MS) / 1000, ((SAMPLES + 69) * SAMPLE_MS) / 1000]);
  expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true);
  expect(values.every((value) => value === 50)).toBe(true);
  history.sample([], 1e9);
  expect(history.columns(KEY, 'wire')).toEqual([[], []]);
  expect(told).toBe(SAMPLES + 70);
});
