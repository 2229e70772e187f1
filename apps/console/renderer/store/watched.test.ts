import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watched } from './watched.ts';

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
