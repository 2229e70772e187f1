import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Space, spaceAt, undoReach, undoSettingsOf } from './undo-reach.ts';

const GIB = 2 ** 30;
const DAY_MS = 86_400_000;

describe('how far back a target is to be able to go', () => {
  let spaces: Record<string, Space>;
  let kept: number;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    spaces = { '/a': { total: 100 * GIB, free: 60 * GIB } };
    kept = 0;
  });
  afterEach(() => vi.useRealTimers());

  const reachOf = (size: number, paths = Object.keys(spaces)) =>
    undoReach(
      { ageMs: DAY_MS, size },
      () => paths,
      () => kept,
      (path) => spaces[path] ?? null,
    );

  it('is a share of the replica’s file system where the size is one', () => {
    expect(reachOf(0.1)()).toEqual({ ageMs: DAY_MS, bytes: 10 * GIB, isShort: false });
    expect(reachOf(1)().bytes).toBe(100 * GIB);
  });

  it('is the size that was given where that is in bytes, however large the disk', () => {
    expect(reachOf(5 * GIB)().bytes).toBe(5 * GIB);
  });

  it('goes by the smallest of several file systems, and leaves out what cannot be looked at', () => {
    spaces['/b'] = { total: 20 * GIB, free: 10 * GIB };
    expect(reachOf(0.1)().bytes).toBe(2 * GIB);
    expect(reachOf(0.1, ['/a', '/gone'])().bytes).toBe(10 * GIB);
  });

  it('gives way before the disk is full: by as much as is missing, and by all that is kept at most', () => {
    kept = 3 * GIB;
    // One GiB is to stay free of a large disk, a twentieth of a small one.
    spaces['/a'] = { total: 100 * GIB, free: GIB / 4 };
    expect(reachOf(0.1)()).toEqual({ ageMs: DAY_MS, bytes: 3 * GIB - 0.75 * GIB, isShort: true });
    spaces['/a'] = { total: 10 * GIB, free: 0.6 * GIB };
    expect(reachOf(0.1)()).toMatchObject({ bytes: GIB, isShort: false });
    kept = GIB / 8;
    spaces['/a'] = { total: 100 * GIB, free: 0 };
    expect(reachOf(0.1)().bytes).toBe(0);
  });

  it('looks at the disks every few seconds, and not at each question', () => {
    const reach = reachOf(0.1);
    expect(reach().bytes).toBe(10 * GIB);
    spaces['/a'] = { total: 50 * GIB, free: 30 * GIB };
    vi.advanceTimersByTime(4900);
    expect(reach().bytes).toBe(10 * GIB);
    vi.advanceTimersByTime(200);
    expect(reach().bytes).toBe(5 * GIB);
  });

  it('knows nothing of a directory that is not there', () => {
    expect(spaceAt(join(tmpdir(), 'nowhere', 'at-all'))).toBeNull();
    expect(spaceAt(tmpdir())?.total).toBeGreaterThan(0);
  });
});

describe('what a job says of its past', () => {
  const settings = { ageMs: DAY_MS, size: 0.1 };
  const hello = (undo: unknown) => ({ handover: { definition: { failover: { undo } } } });

  it('comes before the agent’s settings, each limit by itself', () => {
    expect(undoSettingsOf(hello({ sizeBytes: GIB, ageMs: 1000 }), settings)).toEqual({ ageMs: 1000, size: GIB });
    expect(undoSettingsOf(hello({ ageMs: 0 }), settings)).toEqual({ ageMs: 0, size: 0.1 });
    expect(undoSettingsOf(hello({ sizeBytes: GIB }), settings)).toEqual({ ageMs: DAY_MS, size: GIB });
  });

  it('is left out where it says nothing, or what nobody can read', () => {
    for (const one of [{}, { handover: null }, hello(undefined), hello({ ageMs: 'long' }), hello({ sizeBytes: -1 })])
      expect(undoSettingsOf(one, settings)).toEqual(settings);
  });
});
