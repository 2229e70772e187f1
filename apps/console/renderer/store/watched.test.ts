import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TOLD_AFTER_MS, TOLD_AT_LAST_MS, Watched } from './watched.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('what is shown in several places is watched until the last of them is gone, and is told once for all that moved', () => {
  const told: (readonly string[])[] = [];
  const watched = new Watched((ends) => told.push(ends));
  const row = watched.add(['alpha/files', 'beta/files']);
  const sheet = watched.add(['alpha/files']);
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect(told).toEqual([['alpha/files', 'beta/files']]);
  row();
  vi.runAllTimers();
  expect(told.at(-1)).toEqual(['alpha/files']);
  expect([watched.has('alpha/files'), watched.has('beta/files')]).toEqual([true, false]);
  sheet();
  watched.add(['alpha/mail']);
  vi.runAllTimers();
  expect(told.slice(2)).toEqual([['alpha/mail']]);
});

test('rows that a hand passes are told when it has stopped, and once in a while where it does not', () => {
  const told: (readonly string[])[] = [];
  const watched = new Watched((ends) => told.push(ends));
  const pass = (row: number): void => {
    watched.add([`alpha/job${row}`])();
    vi.advanceTimersByTime(TOLD_AFTER_MS - 1);
  };
  for (let row = 0; row < 3; row += 1) pass(row);
  expect(told).toEqual([]);
  watched.add(['alpha/last']);
  vi.advanceTimersByTime(TOLD_AFTER_MS);
  expect(told).toEqual([['alpha/last']]);
  for (let passed = 0; passed <= 2 * TOLD_AT_LAST_MS + TOLD_AFTER_MS; passed += TOLD_AFTER_MS - 1) pass(passed);
  expect(told).toHaveLength(3);
});
