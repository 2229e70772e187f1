import { describe, expect, it } from 'vitest';
import { Sparing } from './sparing.ts';

describe('what happens very often is told', () => {
  it('one by one at first, then by its number', () => {
    const sparing = new Sparing();
    const told = Array.from({ length: 100_000 }, () => sparing.next()).filter((count) => count !== null);
    expect(told).toEqual([...Array.from({ length: 20 }, (_, i) => i + 1), 100, 1000, 10_000, 100_000]);
    expect(told.filter((count) => Sparing.isMany(count))).toEqual([100, 1000, 10_000, 100_000]);
    sparing.again();
    expect(sparing.next()).toBe(1);
  });
});
