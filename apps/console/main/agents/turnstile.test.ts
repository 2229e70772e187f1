import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Turnstile } from './turnstile.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('nobody passes before it opens, then so many a beat, in order, and those who come later at once', async () => {
  const turnstile = new Turnstile({ places: 2, everyMs: 25 });
  const passed: number[] = [];
  const come = (n: number): void => void turnstile.pass().then(() => passed.push(n));
  for (const n of [0, 1, 2, 3, 4]) come(n);
  await vi.advanceTimersByTimeAsync(1000);
  expect(passed).toEqual([]);
  turnstile.open();
  await vi.advanceTimersByTimeAsync(0);
  expect(passed).toEqual([0, 1]);
  await vi.advanceTimersByTimeAsync(25);
  expect(passed).toEqual([0, 1, 2, 3]);
  await vi.advanceTimersByTimeAsync(25);
  expect(passed).toEqual([0, 1, 2, 3, 4]);
  await vi.advanceTimersByTimeAsync(1000);
  come(5);
  await vi.advanceTimersByTimeAsync(0);
  expect(passed.at(-1)).toBe(5);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(25);
  expect(vi.getTimerCount()).toBe(0);
});
