/**
 * `npm run simulate -- --seeds N [--from M] [--parallel P] [--steps] [--until-failure]`: runs seeds and prints each that fails, with
 * its steps and events where they are asked for.
 */
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
    'until-failure': { type: 'boolean', default: false },
  },
});
const seeds = wholeNumber('seeds', 1);
const from = wholeNumber('from', 0);
const parallel = wholeNumber('parallel', 1);

interface Total {
  readonly passed: number;
  readonly failed: number;
  readonly compared: number;
}

function wholeNumber(option: 'seeds' | 'from' | 'parallel', least: number): number {
  const value = Number(values[option]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(`--${option} ${values[option]}: a whole number from ${least} on would be right.\n`);
  process.exit(2);
}

async function runAll(): Promise<Total> {
  let failed = 0;
  let passed = 0;
  let compared = 0;
  for (let seed = from; seed < from + seeds && !(values['until-failure'] && failed > 0); seed += 1) {
    const outcome = await runSeed(seed);
    compared += outcome.compared;
    if (outcome.failures.length === 0) {
      passed += 1;
      continue;
    }
    failed += 1;
    const { world, failures, steps, events } = outcome;
    const last = values.steps ? `\n    ${steps.join('\n    ')}\n  ${events.join('\n  ')}` : '';
    process.stdout.write(`seed ${seed} (${world}): ${failures.join('; ')}\n  ${steps.length} steps${last}\n`);
  }
  return { passed, failed, compared };
}

/** Each child takes a stretch of the seeds; its output is this one's. */
async function runChildren(): Promise<Total> {
  const share = Math.ceil(seeds / parallel);
  const ends = Array.from({ length: Math.ceil(seeds / share) }, (_, i) => {
    const count = Math.min(share, seeds - i * share);
    const args = ['--seeds', String(count), '--from', String(from + i * share)];
    if (values.steps) args.push('--steps');
    if (values['until-failure']) args.push('--until-failure');
    return runChild(args);
  });
  const totals = await Promise.all(ends);
  const sum = (of: keyof Total) => totals.reduce((all, total) => all + total[of], 0);
  return { passed: sum('passed'), failed: sum('failed'), compared: sum('compared') };
}

/** A child that dies counts as a failure: it has printed why. */
function runChild(args: readonly string[]): Promise<Total> {
  const child = fork(fileURLToPath(import.meta.url), args, { execArgv: process.execArgv });
  let total: Total = { passed: 0, failed: 1, compared: 0 };
  child.on('message', (message) => {
    total = message as Total;
  });
  return new Promise((resolve) => child.on('exit', () => resolve(total)));
}

const total = parallel > 1 ? await runChildren() : await runAll();
if (process.send === undefined) {
  process.stdout.write(`replicas held against the source's pasts: ${total.compared}\n`);
  process.stdout.write(`seeds: ${total.passed} passed, ${total.failed} failed\n`);
} else process.send(total);
process.exitCode = total.failed === 0 ? 0 : 1;
