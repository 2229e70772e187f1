import type { Point } from '@understudy/wire';
import { expect, test } from 'vitest';
import type { ServerEvent } from '../../shared/view.ts';
import { around, givenUp, indexOf, nearest, shareAt, timelineOf } from './timeline.ts';

const NOON = Date.parse('2026-11-22T12:00:00.000Z');
const iso = (seconds: number): string => new Date(NOON + seconds * 1000).toISOString();
const pointAt = (seconds: number, position: string): Point => ({
  time: iso(seconds),
  position,
  bytes: 1,
  reason: null,
  uncertain: 0,
});
const eventAt = (seconds: number, id: number, server = 'beta'): ServerEvent => ({
  server,
  event: { id, time: iso(seconds), severity: 'warning', code: 'x', job: 'files', sentence: '', advice: '' },
});
const clocks = { nowMs: NOON + 100_000, sourceOffsetMs: 0, offsetOf: () => 0 };
const POINTS = [pointAt(0, '10'), pointAt(1, '20'), pointAt(50, '30')];
function line(events: readonly ServerEvent[] = [], more = {}) {
  const made = timelineOf(POINTS, events, { ...clocks, ...more });
  if (made === null) throw new Error('there are points');
  return made;
}

test('without a point there is no line', () => {
  expect(timelineOf([], [eventAt(1, 1)], clocks)).toBe(null);
});

test('it goes by time, and the nearest point is meant; behind the last one it is now', () => {
  const made = line();
  expect(POINTS.map(({ time }) => shareAt(made, Date.parse(time)))).toEqual([0, 0.01, 0.5]);
  expect([0, 0.004, 0.006, 0.2, 0.3, 0.6, 0.74, 0.76, 1].map((share) => nearest(made, share))).toEqual([
    0, 0, 1, 1, 2, 2, 2, 3, 3,
  ]);
});

test('a moment is found by its time, and one that was let go of is not', () => {
  expect([iso(1), null, iso(2)].map((time) => indexOf(line(), time))).toEqual([1, 3, null]);
});

test('events stand where they happened by their own server’s clock, and those before the line are left out', () => {
  const offsetOf = (server: string) => (server === 'alpha' ? 10_000 : 0);
  const made = line([eventAt(60, 3), eventAt(40, 2, 'alpha'), eventAt(-5, 1), eventAt(9, 9, 'alpha')], { offsetOf });
  expect(made.events.map(({ told, atMs }) => [told.event.id, (atMs - NOON) / 1000])).toEqual([
    [2, 30],
    [3, 60],
  ]);
  expect(around(made, NOON + 31_000, 5).map(({ told }) => told.event.id)).toEqual([2, 3]);
  expect(around(made, NOON + 90_000, 1).map(({ told }) => told.event.id)).toEqual([3]);
});

test('the clock of the source counts for points, and what lies ahead of now makes the line longer', () => {
  const made = line([], { sourceOffsetMs: -200_000 });
  expect([made.fromMs, made.toMs]).toEqual([NOON + 200_000, NOON + 250_000]);
});

test('what is given up is said in operations and in time', () => {
  expect(givenUp(pointAt(50, '30'), '45', NOON + 50_000, clocks.nowMs)).toEqual({ ms: 50_000, operations: 15 });
  expect(givenUp(pointAt(50, '30'), '7', NOON + 150_000, clocks.nowMs)).toEqual({ ms: 0, operations: 0 });
});
