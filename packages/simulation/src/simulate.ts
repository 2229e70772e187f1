/**
 * `npm run simulate -- --seeds N [--from M] [--parallel P] [--until-failure] [--steps] [--as-it-is] [--only STEPS]`: runs seeds and prints
 * each that fails with a shortened list of its steps. `--steps` gives all of them instead, `--as-it-is` none, and `--only` leaves the
 * others out.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Mutation, runSeed, type SeedOutcome } from './run-seed.ts';
import { describe, shorten } from './shorten.ts';

const USAGE =
  'npm run simulate -- [--seeds N] [--from M] [--parallel P] [--until-failure] [--steps] [--as-it-is] [--only STEPS]';

const values = asked();
const seeds = wholeNumber('seeds', 1);
const from = wholeNumber('from', 0);
const parallel = Math.min(wholeNumber('parallel', 1), seeds);
const only = values.only === undefined ? null : new Set(values.only.split(',').map(Number));
const mutation: Mutation = only === null ? {} : { keeps: (step) => only.has(step) };

/** So many seeds are run between two lines that say how far it is. */
const PROGRESS = 1000;

interface Total {
  readonly passed: number;
  readonly failed: number;
  readonly compared: number;
}

function asked() {
  try {
    return parseArgs({
      options: {
        seeds: { type: 'string', default: '1000' },
        from: { type: 'string', default: '1' },
        parallel: { type: 'string', default: String(availableParallelism()) },
        steps: { type: 'boolean', default: false },
        'until-failure': { type: 'boolean', default: false },
        'as-it-is': { type: 'boolean', default: false },
        only: { type: 'string' },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exit(2);
  }
}

function wholeNumber(option: 'seeds' | 'from' | 'parallel', least: number): number {
  const value = Number(values[option]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(`--${option} ${values[option]}: a whole number from ${least} on would be right.\n`);
  process.exit(2);
}

/** Applications are refused a great deal, and each refusal would cost a trace that nobody reads. */
async function run(seed: number): Promise<SeedOutcome> {
  Error.stackTraceLimit = 0;
  const outcome = await runSeed(seed, mutation);
  Error.stackTraceLimit = 20;
  return outcome.failures.length === 0 ? outcome : runSeed(seed, mutation);
}

async function runAll(): Promise<Total> {
  let failed = 0;
  let passed = 0;
  let compared = 0;
  for (let seed = from; seed < from + seeds && !(values['until-failure'] && failed > 0); seed += 1) {
    const outcome = await run(seed);
    compared += outcome.compared;
    if ((seed - from + 1) % PROGRESS === 0) process.stderr.write(`seeds ${from} to ${seed}: ${failed} failed so far\n`);
    if (outcome.failures.length === 0) {
      passed += 1;
      continue;
    }
    failed += 1;
    process.stdout.write(`${await report(outcome)}\n`);
  }
  return { passed, failed, compared };
}

async function report(outcome: SeedOutcome): Promise<string> {
  const { seed, world, failures, steps, events } = outcome;
  if (!values['as-it-is'] && !values.steps) return describe(await shorten(seed, outcome, mutation));
  const last = values.steps ? `\n    ${steps.join('\n    ')}\n  ${events.join('\n  ')}` : '';
  return `seed ${seed} (${world}): ${failures.join('; ')}\n  ${steps.length} steps${last}`;
}

/** Each child takes a stretch of the seeds; its output is this one's. */
async function runChildren(): Promise<Total> {
  const share = Math.ceil(seeds / parallel);
  const ends = Array.from({ length: Math.ceil(seeds / share) }, (_, i) => {
    const count = Math.min(share, seeds - i * share);
    const args = ['--seeds', String(count), '--from', String(from + i * share), '--parallel', '1'];
    for (const option of ['steps', 'until-failure', 'as-it-is'] as const) if (values[option]) args.push(`--${option}`);
    if (values.only !== undefined) args.push('--only', values.only);
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
