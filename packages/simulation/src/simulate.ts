/** `npm run simulate -- --seeds N [--from M] [--parallel P]`: runs seeds and prints each that fails with its last steps. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runSeed } from './run-seed.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '1' },
    steps: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
const parallel = Number(values.parallel);

async function runAll(): Promise<number> {
  let failed = 0;
  let compared = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const outcome = await runSeed(seed);
    compared += outcome.compared;
    if (outcome.failures.length === 0) continue;
    failed += 1;
    const { world, failures, steps, events } = outcome;
    const last = values.steps ? `\n    ${steps.join('\n    ')}\n  ${events.join('\n  ')}` : '';
    process.stdout.write(`seed ${seed} (${world}): ${failures.join('; ')}\n  ${steps.length} steps${last}\n`);
  }
  process.stdout.write(`replicas held against the source's pasts: ${compared}\n`);
  return failed;
}

/** Each child takes a stretch of the seeds; its output is this one's. */
async function runChildren(): Promise<number> {
  const share = Math.ceil(seeds / parallel);
  const ends = Array.from({ length: parallel }, (_, i) => {
    const count = Math.max(0, Math.min(share, seeds - i * share));
    const args = ['--seeds', String(count), '--from', String(from + i * share)];
    const child = fork(fileURLToPath(import.meta.url), args, { execArgv: process.execArgv });
    return new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  });
  return (await Promise.all(ends)).filter((code) => code !== 0).length;
}

const failed = parallel > 1 ? await runChildren() : await runAll();
const what = parallel > 1 ? 'stretches' : 'seeds';
const total = parallel > 1 ? parallel : seeds;
process.stdout.write(`${what}: ${total - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
