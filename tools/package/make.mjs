/** The packages one after another. In: kinds. Out: what `package.mjs` promises. This file only puts the others in order. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildConsole } from '../build.mjs';
import { runtimeHere } from '../electron.mjs';
import { hasCommand, Refusal, say, top } from '../ensure.mjs';
import { runBuilder } from './builder.mjs';
import { makeDeb } from './deb.mjs';
import { architecturesOf, debName, packageVersion, rpmName, tarName, versionOf } from './identity.mjs';
import { faultsOf } from './inspect.mjs';
import { librariesOf, librariesText, libraryFaults } from './libraries.mjs';
import { makeRpm } from './rpm.mjs';
import { readManifest, readSettings } from './settings.mjs';
import { makeTar } from './tar.mjs';
import { complaintOf, isUnreached, planOf } from './targets.mjs';
import { WARNING } from './texts.mjs';
import { layTree } from './tree.mjs';

const OUTPUT = join(top, 'build', 'packages');
/** What is made on the way; nothing of it is for anybody. */
const WORK = join(top, 'build', 'packaging');
const BUILT = join(top, 'apps', 'console', 'build');

/** @param {readonly string[]} kinds none means all */
export async function makePackages(kinds) {
  const began = Date.now();
  const { dist, ...runtime } = runtimeHere();
  const { platform, arch } = process;
  const machine = { platform, arch, has: hasCommand, ownElectron: !runtime.forTests };
  const plan = planned(kinds, machine);
  if (architecturesOf(arch) === null) throw new Refusal(`there are no packages for ${arch}`);
  for (const folder of [OUTPUT, WORK]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  if (runtime.forTests) say(`Electron ${runtime.version} for tests is packaged. ${WARNING}`);
  const broken = await buildConsole();
  if (broken !== null) throw new Refusal(broken);
  writeLibraries();
  const settings = readSettings();
  const job = { settings, arch, dist, runtime, version: versionOf(readManifest().version, runtime) };
  const folder = platform === 'linux' ? await makeFolder(job) : null;
  const results = [];
  for (const { target, why } of plan)
    results.push(why === null ? await tried({ ...job, folder, target }) : { kind: target.name, why });
  await writeLists({ ...job, folder, results });
  tell(results, began);
  return results.some(({ broken }) => broken) ? 1 : 0;
}

function planned(kinds, machine) {
  try {
    return planOf(kinds, machine);
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal(error.message);
    throw error;
  }
}

/** Their licenses ask to be handed on with them. */
function writeLibraries() {
  const lists = ['main', 'preload', 'renderer'].map((part) =>
    JSON.parse(readFileSync(join(BUILT, part, 'licenses.json'), 'utf8')),
  );
  const libraries = librariesOf(lists);
  const faults = libraryFaults(libraries);
  if (faults.length > 0) throw new Refusal(faults.join('\n'));
  writeFileSync(join(WORK, 'LICENSES.libraries.md'), librariesText(libraries));
}

const overrides = ({ version, dist }) => ({ electronDist: dist, 'extraMetadata.version': version });

/** The application's folder, of which all kinds for Linux are made; one that is not as it should be ends everything. */
async function makeFolder({ settings, arch, ...job }) {
  const { code, output } = await runBuilder({ system: 'linux', target: 'dir', arch, settings: overrides(job) });
  if (code !== 0) throw new Refusal(`electron-builder failed:\n${output.trimEnd()}`);
  const folder = join(OUTPUT, arch === 'x64' ? 'linux-unpacked' : `linux-${arch}-unpacked`);
  rmSync(join(OUTPUT, 'builder-debug.yml'), { force: true });
  const faults = await faultsOf(folder, settings.name);
  if (faults.length > 0) throw new Refusal(`the packaged console is not as it has to be:\n${faults.join('\n')}`);
  return folder;
}

/** One kind: its files, or why there are none; `broken` where that is a fault of ours and not of the machine. */
async function tried(job) {
  const { name } = job.target;
  try {
    return job.target.ours ? await madeByUs(job) : await madeByBuilder(job);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: name, why: error.message, broken: true };
  }
}

const MAKERS = {
  'tar.gz': { nameOf: tarName, make: makeTar },
  deb: { nameOf: debName, make: makeDeb },
  rpm: { nameOf: rpmName, make: makeRpm },
};

async function madeByUs({ target, folder, settings, arch, runtime, version }) {
  const { nameOf, make } = MAKERS[target.name];
  const file = join(OUTPUT, nameOf(settings.name, version, arch));
  const tree = join(WORK, 'tree');
  if (target.name !== 'tar.gz' && !existsSync(tree))
    layTree({ from: folder, to: tree, settings, copyright: copyrightHere() });
  const architecture = architecturesOf(arch)[target.name];
  const made = { settings, version: packageVersion(version), architecture, forTests: runtime.forTests };
  await make({ ...made, folder, tree, file, work: join(WORK, target.name) });
  return { kind: target.name, files: [file] };
}

const copyrightHere = () => /^Copyright (.+)$/m.exec(readFileSync(join(top, 'NOTICE'), 'utf8'))[1];

async function madeByBuilder({ target, folder, arch, runtime, ...job }) {
  const wanted = { system: target.system, target: target.name, arch };
  const more = target.system === 'linux' ? { prepackaged: folder } : {};
  // What is for another system needs the Electron of that: electron-builder fetches it.
  const { electronDist, ...settings } = overrides(job);
  const own = target.system === systemOf(process.platform) ? { electronDist } : {};
  const { code, output } = await runBuilder({ ...wanted, ...more, settings: { ...settings, ...own } });
  const files = [...output.matchAll(/\bfile=(\S+)/g)]
    .map(([, file]) => join(top, file))
    .filter((file) => existsSync(file));
  if (code === 0 && files.length > 0) return { kind: target.name, files };
  const why = complaintOf(output);
  return { kind: target.name, why, broken: !isUnreached(why) };
}

const systemOf = (platform) => ({ linux: 'linux', darwin: 'mac', win32: 'windows' })[platform];

async function sha256(file) {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part);
  return hash.digest('hex');
}

/** `SHA256SUMS` for people, `packages.json` for programs. */
async function writeLists({ results, folder, version, runtime, settings }) {
  const packages = [];
  for (const { kind, files = [] } of results)
    for (const file of files)
      packages.push({ kind, file: basename(file), bytes: statSync(file).size, sha256: await sha256(file) });
  const sums = packages.map(({ file, sha256 }) => `${sha256}  ${file}\n`);
  writeFileSync(join(OUTPUT, 'SHA256SUMS'), sums.join(''));
  const notMade = results.filter(({ why }) => why !== undefined).map(({ kind, why }) => ({ kind, why }));
  const list = {
    version,
    electron: runtime,
    folder: folder && basename(folder),
    program: settings.name,
    packages,
    notMade,
  };
  writeFileSync(join(OUTPUT, 'packages.json'), `${JSON.stringify(list, null, 2)}\n`);
}

function tell(results, began) {
  say(`packages in ${OUTPUT}, made in ${((Date.now() - began) / 1000).toFixed(0)} s:`);
  for (const { kind, files = [], why, broken } of results) {
    for (const file of files)
      console.log(
        `  ${kind.padEnd(9)} ${(statSync(file).size / 1024 ** 2).toFixed(1).padStart(6)} MiB  ${basename(file)}`,
      );
    if (why !== undefined) console.log(`  ${kind.padEnd(9)} ${broken ? 'FAILED' : 'not made'}: ${why}`);
  }
}
