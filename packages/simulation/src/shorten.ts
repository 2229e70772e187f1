/**
 * Makes the run of a seed that fails as short as it may be found to be. In: a seed and what was planted. Out: the fewest steps without
 * which it fails no longer, and what they are. Each step draws for itself, so what is left does the same as before on what it finds.
 */
import { ALL_STEPS, type Mutation, runSeed, type SeedOutcome } from './run-seed.ts';

/** Runs that are tried for it at most, and for how long: one that never comes to rest takes a minute, and the other seeds wait. */
const MOST_RUNS = 600;
const MOST_MS = 120_000;

export interface Shortened {
  readonly kept: readonly number[];
  readonly outcome: SeedOutcome;
  readonly runs: number;
}

/** What kind of failure it is: its first words, without the numbers that differ from run to run. */
export const kindOf = (failures: readonly string[]): string => (failures[0] ?? '').split(/[\d;:{]/)[0]?.trim() ?? '';

export async function shorten(seed: number, failed: SeedOutcome, mutation: Mutation = {}): Promise<Shortened> {
  const kind = kindOf(failed.failures);
  let kept = Array.from({ length: ALL_STEPS }, (_, i) => i).filter((i) => mutation.keeps?.(i) !== false);
  let outcome = failed;
  let runs = 0;
  const began = performance.now();
  const goesOn = (): boolean => runs < MOST_RUNS && performance.now() - began < MOST_MS;
  const stillFails = async (steps: readonly number[]): Promise<boolean> => {
    runs += 1;
    const some = new Set(steps);
    const tried = await runSeed(seed, { ...mutation, keeps: (step) => some.has(step) });
    if (kindOf(tried.failures) !== kind) return false;
    outcome = tried;
    return true;
  };
  for (let chunk = kept.length >> 1; chunk > 0 && goesOn(); ) {
    let less = false;
    for (let at = kept.length - chunk; at > -chunk && goesOn(); at -= chunk) {
      const without = [...kept.slice(0, Math.max(0, at)), ...kept.slice(at + chunk)];
      if (!(await stillFails(without))) continue;
      kept = without;
      less = true;
    }
    // A smaller step only where this one finds nothing more to take.
    if (!less || chunk > kept.length) chunk = Math.min(chunk, kept.length) >> 1;
  }
  return { kept, outcome, runs };
}

/** For a person: the seed, its world, what failed, and how to see it again. */
export function describe({ kept, outcome, runs }: Shortened): string {
  const { seed, world, failures, steps, events } = outcome;
  const lines = [
    `seed ${seed} (${world}): ${failures.join('; ')}`,
    `  shortened to ${kept.length} of ${ALL_STEPS} steps in ${runs} runs; again: npm run simulate -- --from ${seed} --seeds 1 --only ${kept.join(',')}`,
    ...steps.map((step) => `    ${step}`),
    ...events.map((event) => `  ${event}`),
  ];
  return lines.join('\n');
}
