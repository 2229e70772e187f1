import type { JobHistory } from '@understudy/wire';
import { expect, test } from 'vitest';
import { endOf, LIVE, LOST, serverOf } from '../../testing.ts';
import { jobsOf } from './jobs.ts';
import { askedSpan, historian, joined, keptColumns } from './kept-history.ts';

const KEPT: JobHistory = {
  role: 'source',
  from: '2026-11-22T12:00:00.000Z',
  resolutionMs: 10_000,
  throughput: [1, null, 3],
  queueBytes: [10, null, 30],
  queueDiskBytes: [1, null, 2],
  targetQueueBytes: [null, null, 4],
  recoveryPointAgeMs: [7, 8, null],
};
const BEGIN = Date.parse(KEPT.from) / 1000;

test('what was kept is drawn in this machine’s time, and what was not measured is a gap', () => {
  expect(keptColumns(KEPT, 'wire', 0)).toEqual([
    [BEGIN + 5, BEGIN + 15, BEGIN + 25],
    [1, null, 3],
  ]);
  expect(keptColumns(KEPT, 'queue', 60_000)).toEqual([
    [BEGIN - 55, BEGIN - 45, BEGIN - 35],
    [10, null, 34],
  ]);
  expect(keptColumns(KEPT, 'age', 0)[1]).toEqual([7, 8, null]);
});

test('the window’s own figures follow what was kept, and nothing is drawn twice', () => {
  const kept = keptColumns(KEPT, 'wire', 0);
  const live = [
    [BEGIN + 20, BEGIN + 22],
    [9, null],
  ] as const;
  expect(joined(kept, [[...live[0]], [...live[1]]], BEGIN + 6)).toEqual([
    [BEGIN + 15, BEGIN + 20, BEGIN + 22],
    [null, 9, null],
  ]);
  expect(joined(kept, [[], []], 0)[0]).toHaveLength(3);
  expect(joined(null, [[...live[0]], [...live[1]]], BEGIN + 21)).toEqual([[BEGIN + 22], [null]]);
});

test('who captures is asked, and else who answers', () => {
  const ends = {
    'alpha/files': endOf('alpha', { id: 'one' }),
    'beta/files': endOf('beta', { id: 'one', role: 'target' }),
  };
  const servers = { alpha: serverOf('alpha', LIVE), beta: serverOf('beta', LIVE, 500) };
  const [job] = jobsOf(ends, servers);
  if (job === undefined) throw new Error('there is a job');
  expect(historian(job, servers)?.name).toBe('alpha');
  expect(historian(job, { ...servers, alpha: serverOf('alpha', LOST) })?.name).toBe('beta');
  expect(historian(job, { alpha: serverOf('alpha', LOST) })).toBe(null);
  expect(askedSpan('hour', Date.parse(KEPT.from), 500)).toEqual({ from: '2026-11-22T11:00:00.500Z', limit: 370 });
});
