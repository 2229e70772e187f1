import { describe, expect, it } from 'vitest';
import { runSeed } from './run-seed.ts';
import { FORCED } from './seeds-in-other-worlds.ts';
import { KEPT, SHORTENED } from './seeds-that-hurt.ts';
import { shorten, describe as tell } from './shorten.ts';
import { AS_IT_WAS, NOT_YET } from './world.ts';

const SEEDS = 150;

describe('simulation', () => {
  for (const [seed, found] of KEPT)
    it(`seed ${seed}: ${found}`, async () => {
      expect((await runSeed(seed, { world: AS_IT_WAS })).failures).toEqual([]);
    });

  for (const [seed, steps, found] of SHORTENED)
    it(`seed ${seed}, ${steps.length} steps: ${found}`, async () => {
      const kept = new Set(steps);
      expect((await runSeed(seed, { world: NOT_YET, keeps: (step) => kept.has(step) })).failures).toEqual([]);
    });

  for (const [seed, world, steps, found] of FORCED)
    it(`seed ${seed} in another world, ${steps.length} steps: ${found}`, async () => {
      const kept = new Set(steps);
      expect((await runSeed(seed, { world, keeps: (step) => kept.has(step) })).failures).toEqual([]);
    });

  it(`[promise] [SRM2] [TCM5] [TRM2] [VER1] ${SEEDS} seeds`, { timeout: 600_000 }, async () => {
    let compared = 0;
    let outside = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const outcome = await runSeed(seed);
      if (outcome.failures.length > 0) throw new Error(tell(await shorten(seed, outcome)));
      compared += outcome.compared;
      outside += outcome.outside;
    }
    // The promise was really looked at.
    expect(compared).toBeGreaterThan(SEEDS * 3);
    expect(outside).toBeGreaterThan(SEEDS);
  });
});
