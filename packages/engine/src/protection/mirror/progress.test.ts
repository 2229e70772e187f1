import { describe, expect, it } from 'vitest';
import { type MirrorProgress, noProgress, ProgressRate, percentOf } from './progress.ts';

const progressOf = (changes: Partial<MirrorProgress>): MirrorProgress => ({ ...noProgress(), ...changes });

describe('[MIR5] how far a mirror is', () => {
  it.each<[string, Partial<MirrorProgress>, number]>([
    ['nothing is known yet', {}, 0],
    ['nothing is done', { bytesTotal: 1000, filesTotal: 1 }, 0],
    ['some is sent', { bytesTotal: 1000, bytesSent: 400 }, 40],
    ['some is sent and some found equal', { bytesTotal: 1000, bytesSent: 400, bytesSkipped: 200 }, 60],
    ['there are files without content', { filesTotal: 8, filesDone: 3 }, 37],
    ['a byte is left of very many', { bytesTotal: 1e12, bytesSent: 1e12 - 1 }, 99],
    ['all is sent, and the target has not said that it has it', { bytesTotal: 10, bytesSent: 10, filesTotal: 1 }, 90],
    ['all is handled', { bytesTotal: 10, bytesSent: 10, filesTotal: 1, filesDone: 1 }, 99],
    ['more was handled than was found at first', { bytesTotal: 10, bytesSent: 30, filesTotal: 1, filesDone: 2 }, 99],
  ])('where %s', (_what, changes, percent) => {
    expect(percentOf(progressOf(changes), false)).toBe(percent);
    expect(percentOf(progressOf(changes), true)).toBe(100);
  });
});

describe('how fast a mirror is', () => {
  const seen = (...samples: readonly (readonly [atMs: number, bytes: number])[]): ProgressRate => {
    const rate = new ProgressRate();
    for (const [atMs, bytes] of samples)
      rate.observe(progressOf({ bytesSent: Math.ceil(bytes / 2), bytesSkipped: Math.floor(bytes / 2) }), atMs);
    return rate;
  };
  const left = progressOf({ bytesTotal: 10_000, bytesSent: 3000, bytesSkipped: 1000 });

  it('is what was sent or found equal in a second, and what is left takes so long', () => {
    const rate = seen([1000, 0], [2000, 500], [5000, 8000]);
    expect([rate.bytesPerSecond, rate.secondsLeft(left)]).toEqual([2000, 3]);
  });

  it('nobody can say who has seen one moment only, or nothing that moves', () => {
    for (const rate of [new ProgressRate(), seen([1000, 0]), seen([1000, 0], [1499, 9999])])
      expect([rate.bytesPerSecond, rate.secondsLeft(left)]).toEqual([null, null]);
    const stands = seen([1000, 7], [2000, 7]);
    expect([stands.bytesPerSecond, stands.secondsLeft(left)]).toEqual([0, null]);
  });

  it('is of the last ten seconds', () => {
    const minute = Array.from({ length: 60 }, (_, i) => [i * 1000, i < 50 ? 0 : (i - 49) * 100] as const);
    expect(seen(...minute).bytesPerSecond).toBe(100);
  });

  it('begins anew with another mirror, whose counters begin anew', () => {
    expect(seen([0, 0], [1000, 50_000], [2000, 10]).bytesPerSecond).toBeNull();
    expect(seen([0, 0], [1000, 50_000], [2000, 10], [3000, 30]).bytesPerSecond).toBe(20);
  });

  it('leaves no time below nothing where more came than was found at first', () => {
    expect(seen([0, 0], [1000, 1000]).secondsLeft(progressOf({ bytesTotal: 10, bytesSent: 11 }))).toBe(0);
  });
});
