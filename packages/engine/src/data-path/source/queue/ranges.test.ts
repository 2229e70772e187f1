import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIRTY_BLOCK, Ranges, TO_THE_END } from './ranges.ts';

const BLOCKS = 64;

describe('dirty ranges', () => {
  it('[SRM3] are exactly the blocks that were touched, sorted, disjoint and never touching', () => {
    const stretch = fc.tuple(fc.nat(BLOCKS * DIRTY_BLOCK), fc.nat(10_000));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 60 }), (stretches) => {
        const ranges = new Ranges();
        const touched = new Set<number>();
        for (const [from, length] of stretches) {
          ranges.add(from, from + length);
          if (length > 0)
            for (let b = Math.floor(from / DIRTY_BLOCK); b * DIRTY_BLOCK < from + length; b += 1) touched.add(b);
        }
        const { edges } = ranges;
        for (let i = 1; i < edges.length; i += 1) expect(edges[i]).toBeGreaterThan(edges[i - 1] ?? 0);
        const covered = new Set<number>();
        for (let i = 0; i < edges.length; i += 2)
          for (let at = edges[i] ?? 0; at < (edges[i + 1] ?? 0); at += DIRTY_BLOCK) covered.add(at / DIRTY_BLOCK);
        expect([...covered].sort((a, b) => a - b)).toEqual([...touched].sort((a, b) => a - b));
        expect(ranges.bytes).toBe(touched.size * DIRTY_BLOCK);
      }),
    );
  });

  it('reach to the end of the file where nobody knows where that is', () => {
    const ranges = new Ranges();
    ranges.add(100_000, TO_THE_END);
    ranges.add(5 * 1024 ** 4, 5 * 1024 ** 4 + 1);
    ranges.add(0, 1);
    expect(ranges.edges).toEqual([0, DIRTY_BLOCK, 98_304, TO_THE_END]);
  });
});
