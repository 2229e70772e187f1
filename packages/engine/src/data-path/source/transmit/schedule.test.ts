import { describe, expect, it } from 'vitest';
import { isOpen, isWithin, nextOpening, rateAt, sayLocalTime } from './schedule.ts';

const at = (day: number, hour: number, minute = 0) => ({ day, minute: hour * 60 + minute });
const NIGHT = { days: [1, 2, 3, 4, 5], from: 22 * 60, to: 6 * 60 };
const OFFICE = { days: [1, 2, 3, 4, 5], from: 8 * 60, to: 18 * 60 };

describe('windows of the week', () => {
  it('[SCM4] a window holds from its first minute to the one before its end', () => {
    expect([at(1, 7, 59), at(1, 8), at(1, 17, 59), at(1, 18), at(6, 12)].map((now) => isWithin(OFFICE, now))).toEqual([
      ...[false, true, true, false, false],
    ]);
  });

  it('[SCM4] an overnight window belongs to the day on which it begins', () => {
    const times = [at(1, 5), at(1, 22), at(2, 5, 59), at(2, 6), at(5, 23), at(6, 5), at(6, 23), at(0, 3)];
    expect(times.map((now) => isWithin(NIGHT, now))).toEqual([false, true, true, false, true, true, false, false]);
  });

  it('[SCM4] a whole day, and the end of the week', () => {
    const saturday = { days: [6], from: 0, to: 1440 };
    expect([at(6, 0), at(6, 23, 59), at(0, 0)].map((now) => isWithin(saturday, now))).toEqual([true, true, false]);
    expect(isWithin({ days: [6], from: 1380, to: 60 }, at(0, 0, 30))).toBe(true);
  });

  it('[SCM4] without windows it is always open, and the first window that holds sets the rate', () => {
    expect(isOpen([], at(3, 3))).toBe(true);
    const rates = [
      { ...OFFICE, rate: 1000 },
      { days: [1], from: 0, to: 1440, rate: null },
    ];
    expect([at(1, 9), at(1, 20), at(2, 20)].map((now) => rateAt(500, rates, now))).toEqual([1000, null, 500]);
  });

  it('[SCM4] the next opening is named, a week ahead where it has just begun', () => {
    const next = (now: { day: number; minute: number }) => sayLocalTime(nextOpening([NIGHT], now) ?? at(0, 0));
    expect(next(at(1, 12))).toBe('Monday 22:00');
    expect(next(at(5, 22))).toBe('Monday 22:00');
    expect(next(at(0, 12))).toBe('Monday 22:00');
    expect(nextOpening([], at(0, 0))).toBeNull();
  });
});
