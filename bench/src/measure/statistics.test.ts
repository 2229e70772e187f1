import { expect, it } from 'vitest';
import { median, quantile } from './statistics.ts';

it('takes the nearest rank and leaves the samples as they are', () => {
  const samples = [5, 1, 4, 2, 3];
  expect(median(samples)).toBe(3);
  expect(quantile(samples, 0.99)).toBe(5);
  expect(quantile(samples, 0)).toBe(1);
  expect(samples).toEqual([5, 1, 4, 2, 3]);
  expect(median([])).toBeNaN();
});
