/**
 * tools: what runs before `npm ci` has run; plain JavaScript without dependencies.
 *
 * In: a fresh clone and nothing but Node. Out: what a task needs is there, or a sentence says what to install.
 * Promised: one line for each thing that is done, none for what was done already; the system's packages are touched only as root
 * on a Debian, and the line names them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const top = dirname(dirname(fileURLToPath(import.meta.url)));

/** A condition that the person at the terminal can change: printed as it stands, without a trace. */
export class Refusal extends Error {
  name = 'Refusal';
}

export function say(line) {
  console.log(`understudy: ${line}`);
}

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Refusal(`Node ${process.versions.node} is too old: 20.19 or newer is needed (https://nodejs.org)`);
}

const running = new Set();

/** Ends what `run` has started and is still waiting for. */
export function endRunning() {
  for (const child of running) child.kill('SIGTERM');
}

/**
 * Runs a command to its end, its output going where ours goes.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, quiet?: boolean, signal?: AbortSignal, killSignal?: NodeJS.Signals }} [options]
 * quiet: output only when it fails; killSignal: how `signal` ends it, SIGTERM when left out
 * @returns {Promise<{ code: number, output: string }>} code 128 + n when signal n ended it
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: top,
      env: { ...process.env, ...options.env },
      stdio: options.quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      ...(options.signal ? { signal: options.signal, killSignal: options.killSignal ?? 'SIGTERM' } : {}),
    });
    running.add(child);
    child.on('close', () => running.delete(child));
    let output = '';
    child.stdout?.on('data', (bytes) => {
      output += bytes;
    });
    child.stderr?.on('data', (bytes) => {
      output += bytes;
    });
    child.on('error', (error) => (error.name === 'AbortError' ? resolve({ code: 143, output }) : reject(error)));
    child.on('close', (code) => resolve({ code: code ?? 143, output }));
  });
}

/** As `run`, but a failure is a Refusal that carries the output. */
export async function must(command, args, options = {}) {
  const { code, output } = await run(command, args, options);
  if (code !== 0)
    throw new Refusal(`"${[command, ...args].join(' ')}" failed with exit code ${code}\n${output}`.trimEnd());
  return output;
}

export const isRoot = () => process.getuid?.() === 0;

const onPath = (name) =>
  (process.env.PATH ?? '').split(':').some((directory) => directory !== '' && existsSync(join(directory, name)));

export const hasCommand = onPath;
export const isDebian = () => existsSync('/etc/debian_version') && onPath('apt-get') && onPath('dpkg-query');

function isInstalled(name) {
  const { stdout } = spawnSync('dpkg-query', ['-s', name], { encoding: 'utf8' });
  return /^Status: install ok installed$/m.test(stdout);
}

/** @param {readonly { package: string, why: string, optional?: boolean }[]} wanted */
export function missingPackages(wanted) {
  return isDebian() ? wanted.filter((one) => !isInstalled(one.package)) : [...wanted];
}

/**
 * Installs system packages where that may be done, and says which; elsewhere says what to install and goes on without.
 * @param {readonly { package: string, why: string, optional?: boolean }[]} wanted
 */
export async function ensurePackages(wanted) {
  if (!isDebian()) return;
  const missing = missingPackages(wanted);
  if (missing.length === 0) return;
  const names = missing.map((one) => one.package);
  if (!isRoot()) {
    for (const one of missing)
      say(`going on without ${one.package} (${one.why}); as root: apt-get install ${one.package}`);
    return;
  }
  say(`installing from Debian: ${names.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = (list) =>
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...list], { env, quiet: true });
  await run('apt-get', ['update', '-q'], { env, quiet: true });
  if ((await install(names)).code === 0) return;
  for (const one of missing) {
    const { code, output } = await install([one.package]);
    if (code !== 0) say(`going on without ${one.package} (${one.why}): ${lastLine(output)}`);
  }
}

const lastLine = (text) => text.trimEnd().split('\n').at(-1) ?? '';

export async function ensureCompiler() {
  if (hasCommand(process.env.CC ?? 'cc')) return;
  await ensurePackages([
    { package: 'gcc', why: 'compiles the interceptor' },
    { package: 'libc6-dev', why: 'headers for the compiler' },
    { package: 'linux-libc-dev', why: 'headers for the compiler' },
  ]);
  if (!hasCommand('cc')) throw new Refusal('no C compiler: install one (Debian: apt-get install gcc libc6-dev)');
}

/**
 * Why the installed packages are not those of the lock file, or null. What npm wrote down of its last installation is compared,
 * not dates: a fresh checkout changes dates and nothing else.
 */
export function whyInstall(directory = top) {
  const lock = readJson(join(directory, 'package-lock.json'));
  const installed = readJson(join(directory, 'node_modules', '.package-lock.json'));
  if (lock === null) throw new Refusal('package-lock.json is missing or broken: restore it from the repository');
  if (installed === null) return 'node_modules is missing';
  for (const [place, wanted] of Object.entries(lock.packages)) {
    if (!place.includes('node_modules/')) continue;
    const found = installed.packages[place];
    if (found === undefined && (wanted.optional || wanted.devOptional)) continue;
    if (found === undefined || !existsSync(join(directory, place))) return `${place} is missing`;
    if (found.version !== wanted.version || found.integrity !== wanted.integrity)
      return `${place} is ${found.version}, the lock file wants ${wanted.version}`;
  }
  return null;
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

export async function ensureDependencies() {
  const why = whyInstall();
  if (why === null) return;
  say(`npm ci (${why})`);
  await must('npm', ['ci', '--no-audit', '--no-fund'], { quiet: true });
}

/** Runs a task; what it throws becomes a sentence and exit code 1, a bug keeps its trace. */
export async function asCommand(task) {
  try {
    process.exitCode = await task();
  } catch (error) {
    console.error(error instanceof Refusal ? `understudy: ${error.message}` : error);
    process.exitCode = 1;
  }
}
