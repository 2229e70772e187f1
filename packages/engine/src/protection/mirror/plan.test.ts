import { OrphanFate } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS, type MirrorOptions, orphanOrders } from './plan.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5) + 250.5;
const NOW = Math.floor(NOW_MS / 1000);
const DAY_MS = 86_400_000;
const ordersOf = (changes: Partial<MirrorOptions>, nowMs = NOW_MS) =>
  orphanOrders({ ...DEFAULT_OPTIONS, ...changes }, nowMs);

describe('[MIR4] what a mirror orders for orphans', () => {
  it.each(['report', 'move', 'delete'] as const)(
    'is the fate that the job has for them (%s), and the time of now',
    (orphans) => {
      expect(ordersOf({ orphans })).toEqual({ detail: OrphanFate[orphans], extent: 0, offset: Math.floor(NOW_MS) });
    },
  );

  it.each([
    ['of all, whatever their age', 0, 0],
    ['of those that are older than a day', DAY_MS, NOW - 86_400],
    ['of those that are older than a second', 1000, NOW - 1],
    // Targets compare whole seconds: what is just old enough is left, rather than taken away too early.
    ['of an age between two seconds', 1500, NOW - 2],
    ['of an age that began before time did: of none, and not of all', NOW_MS + DAY_MS, 1],
  ])('%s', (_what, orphansOlderThanMs, extent) => {
    expect(ordersOf({ orphans: 'delete', orphansOlderThanMs }).extent).toBe(extent);
  });

  it('is never without a time, which names the folder that they go to', () => {
    expect(ordersOf({ orphans: 'move' }, 0).offset).toBe(1);
  });
});
