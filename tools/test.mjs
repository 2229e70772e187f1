/**
 * `npm test`: installs what is missing, builds, then formatting and lint, types, unit tests and tests with real agents.
 * Arguments go to vitest (`npm test -- packages/engine`). The last line is `N passed, N failed`, with `, N skipped` where there are.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, compile } from './build.mjs';
import { ensureElectron } from './electron.mjs';
import { asCommand, ensureDependencies, ensurePackages, requireNode, run, say, top } from './ensure.mjs';
import { ALONE, apart, joined, laneCount, lanesOf, whyNotApart } from './lanes.mjs';
import { buildSampleWriter } from './sample-writer/build.mjs';

const LIMIT_MS = Number(process.env.UNDERSTUDY_TEST_MINUTES ?? 75) * 60_000;
const started = Date.now();
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => stop.abort());

const script = (...parts) => [process.execPath, [join(top, 'node_modules', ...parts)]];

/** One of the checks that are no vitest tests; it counts as one. */
async function check(name, task) {
  const before = Date.now();
  let why = null;
  try {
    why = await task();
  } catch (error) {
    why = error.message;
  }
  if (why !== null) console.log(why);
  const count = why === null ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  return { suite: [name, { ...count, skipped: 0, ms: Date.now() - before }], why };
}

async function lint() {
  const [node, [biome]] = script('@biomejs', 'biome', 'bin', 'biome');
  const { code, output } = await run(node, [biome, 'check', '.'], { quiet: true });
  return code === 0 ? null : output;
}

async function prepare() {
  requireNode();
  await ensureDependencies();
  const packages = join(top, 'e2e', 'packages.json');
  if (existsSync(packages)) await ensurePackages(JSON.parse(readFileSync(packages, 'utf8')));
  await build({ typescript: false });
  buildSampleWriter();
  // Without it the console's own tests are skipped, with the reason; nothing else needs it.
  const whyNoElectron = await ensureElectron();
  if (whyNoElectron !== null) say(whyNoElectron);
  return null;
}

/** One run of vitest; what it said by itself is in a file of its own, since lanes run beside each other. */
async function oneRun(name, args, { separate = false } = {}) {
  const file = join(top, 'test-output', `summary-${name}.json`);
  rmSync(file, { force: true });
  const [node, [program]] = script('vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${join(top, 'tools', 'summary-reporter.mjs')}`];
  const whole = [program, 'run', ...reporters, ...args];
  const [command, rest] = separate ? apart(node, whole) : [node, whole];
  const { code } = await run(command, rest, {
    env: { UNDERSTUDY_TEST_SUMMARY: file },
    signal: stop.signal,
    // unshare lets SIGTERM pass by while it waits; with its own end everything within the namespaces ends.
    killSignal: separate ? 'SIGKILL' : 'SIGTERM',
  });
  const summary = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { suites: {}, skipped: [], failed: [] };
  if (stop.signal.aborted) return summary;
  const counted = Object.values(summary.suites).reduce((sum, suite) => sum + suite.passed + suite.failed, 0);
  if (counted === 0) return withFailure(summary, `no test ran (${name})`);
  if (code !== 0 && summary.failed.length === 0)
    return withFailure(summary, `vitest ended with exit code ${code} (${name})`);
  return summary;
}

/** The specs, and what wants the machine for itself, in their lanes: each lane is a machine of its own to what runs in it. */
async function inLanes() {
  const specs = readdirSync(join(top, 'e2e', 'specs')).filter((name) => name.endsWith('.spec.ts'));
  const why = whyNotApart();
  if (why !== null) say(`the specs run one after the other: namespaces are not to be had here (${why})`);
  const lanes = lanesOf([...specs.map((name) => `e2e/specs/${name}`), ...ALONE], why === null ? laneCount() : 1);
  const projects = ['--project', 'e2e', '--project', 'alone'];
  const lane = (files, index) => oneRun(`lane-${index + 1}`, [...projects, ...files], { separate: why === null });
  return Promise.all(lanes.map(lane));
}

/** Unit tests beside the compiler, which has use for one processor, then everything that runs what it made. */
async function everything(checks) {
  const [unit, built] = await Promise.all([
    oneRun('unit', ['--project', 'unit']),
    checks.then(() => oneRun('built', ['--project', 'built'])),
  ]);
  return joined([unit, built, ...(await inLanes())]);
}

async function vitest(checks) {
  const left = setTimeout(() => stop.abort(), Math.max(1, LIMIT_MS - 30_000 - (Date.now() - started)));
  const args = process.argv.slice(2);
  // A test that needs no built output still tells something where a package does not compile.
  const summary = args.length > 0 ? await checks.then(() => oneRun('some', args)) : await everything(checks);
  clearTimeout(left);
  if (stop.signal.aborted)
    return withFailure(summary, 'the run was stopped before its end: by hand, or at its time limit');
  return summary;
}

function withFailure(summary, why) {
  return { ...summary, failed: [...summary.failed, { name: 'vitest', why }] };
}

function report(suites, summary) {
  const rows = [...suites, ...Object.entries(summary.suites).sort(([a], [b]) => (a < b ? -1 : 1))];
  const width = Math.max(...rows.map(([name]) => name.length));
  console.log('');
  for (const [name, { passed, failed, skipped, ms }] of rows) {
    const counts = `${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${String(skipped).padStart(4)} skipped`;
    console.log(`${name.padEnd(width)} ${counts} ${(ms / 1000).toFixed(1).padStart(8)} s`);
  }
  for (const { name, why } of summary.skipped) console.log(`skipped: ${name}: ${why}`);
  for (const { name, why } of summary.failed) console.log(`failed: ${name}: ${why.split('\n')[0]}`);
}

/** The sum of everything; errors outside of any test count as failures too, so that nothing fails in silence. */
function lastLine(suites, summary) {
  const counts = [...suites.map(([, suite]) => suite), ...Object.values(summary.suites)];
  const sum = (kind) => counts.reduce((total, suite) => total + suite[kind], 0);
  const inSuites = Object.values(summary.suites).reduce((total, suite) => total + suite.failed, 0);
  const failed = sum('failed') + summary.failed.length - inSuites;
  const skipped = sum('skipped');
  return { failed, line: `${sum('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}` };
}

await asCommand(async () => {
  const suites = [];
  let summary = { suites: {}, skipped: [], failed: [] };
  const prepared = await check('preparation', prepare);
  if (prepared.why === null) {
    const checks = Promise.all([check('format and lint', lint), check('types', () => compile())]);
    summary = await vitest(checks);
    for (const one of await checks) suites.push(one.suite);
  } else suites.push(prepared.suite);
  report(suites, summary);
  say(`${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
  const { failed, line } = lastLine(suites, summary);
  console.log(line);
  return failed === 0 ? 0 : 1;
});
