import { describe, expect, it } from 'vitest';
import { SourceWatch } from './source-watch.ts';

const options = { intervalMs: 3000, failures: 5, failed: 'all' } as const;

describe('the watch over a source', () => {
  it('is green, yellow after a quarter of the time to fail without an answer, and red when all of it is over', () => {
    const watch = new SourceWatch(options, ['a'], 0);
    expect(watch.timeToFailMs).toBe(15_000);
    expect([0, 3000, 3700, 3750, 14_999, 15_000].map((at) => watch.light(at))).toEqual([
      'green',
      'green',
      'green',
      'yellow',
      'yellow',
      'red',
    ]);
    expect(watch.msLeft(4000)).toBe(11_000);
    watch.answered('a', 14_000);
    expect(watch.light(14_500)).toBe('green');
    expect(watch.msLeft(14_500)).toBe(14_500);
    watch.answered('a', 12_000);
    expect(watch.msLeft(14_500), 'word of an earlier answer takes nothing back').toBe(14_500);
  });

  it('says once that the source has failed, and once that it answers again', () => {
    const watch = new SourceWatch(options, ['a'], 0);
    expect([14_999, 15_000, 16_000].map((at) => watch.turn(at))).toEqual([null, 'failed', null]);
    watch.answered('a', 17_000);
    expect([17_000, 18_000, 32_000].map((at) => watch.turn(at))).toEqual(['answers', null, 'failed']);
  });

  it('counts a source as gone when all of its addresses are silent, or one', () => {
    for (const failed of ['all', 'any'] as const) {
      const watch = new SourceWatch({ ...options, failed }, ['a', 'b'], 0);
      watch.answered('b', 15_000);
      expect(watch.turn(15_000)).toBe(failed === 'any' ? 'failed' : null);
      expect([watch.lightOf('a', 15_000), watch.lightOf('b', 15_000)]).toEqual(['red', 'green']);
    }
  });

  it('does not hold against a source what it was not asked', () => {
    const watch = new SourceWatch(options, ['a'], 0);
    watch.forgive(60_000);
    expect(watch.turn(61_000)).toBeNull();
    expect(watch.msLeft(61_000)).toBe(14_000);
  });

  it('never fails a source of which no address is known', () => {
    expect(new SourceWatch(options, [], 0).turn(1e9)).toBeNull();
  });
});
