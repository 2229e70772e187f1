import { position } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { PositionReserve, RESERVE_BLOCK } from './position-reserve.ts';

describe('the reserve of positions', () => {
  let stored: number;
  let writes: number;
  const file = {
    read: () => stored,
    write: (to: number) => {
      stored = to;
      writes += 1;
    },
  };
  beforeEach(() => {
    stored = 0;
    writes = 0;
  });

  it('begins at 1, and behind everything that an earlier run may have used', () => {
    const first = new PositionReserve(file);
    expect(first.next).toBe(1);
    first.used(position(10));
    expect(new PositionReserve(file).next).toBeGreaterThan(10);
  });

  it('what is used is always reserved on disk before, and seldom written', () => {
    const reserve = new PositionReserve(file);
    for (let to = 1000; to <= 3 * RESERVE_BLOCK; to += 1000) {
      reserve.used(position(to));
      expect(stored).toBeGreaterThanOrEqual(to);
    }
    expect(writes).toBeLessThan(6);
    expect(new PositionReserve(file).next).toBeGreaterThan(3 * RESERVE_BLOCK);
  });

  it('one large packet does not leave the reserve behind', () => {
    const reserve = new PositionReserve(file);
    reserve.used(position(10 * RESERVE_BLOCK));
    expect(stored).toBeGreaterThan(10 * RESERVE_BLOCK);
  });
});
