/** `npm run simulate -- --seeds N [--from M]`: runs seeds and prints each that fails with its last steps. */
import { parseArgs } from 'node:util';
import { runSeed } from './run-seed.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } },
});
let failed = 0;
const from = Number(values.from);
for (let seed = from; seed < from + Number(values.seeds); seed += 1) {
  const { failures, steps, events, world } = await runSeed(seed);
  if (failures.length === 0) continue;
  failed += 1;
  process.stdout.write(
    `seed ${seed} (${world}): ${failures.join('; ')}\n  ${steps.length} steps, events: ${events.slice(-3).join(' | ')}\n`,
  );
}
process.stdout.write(`${Number(values.seeds) - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
