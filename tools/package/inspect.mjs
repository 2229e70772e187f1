/**
 * Looks at what was packaged, as a stranger would. In: the application's folder. Out: sentences about what should not be so; none is good.
 * As a program, `inspect.mjs FOLDER PROGRAM`: an installed console can be looked at, too; exit code 1 where something should not be so.
 * What is demanded stands here once more and apart from electron-builder.yml, so that a slip there is noticed.
 */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asCommand } from '../ensure.mjs';

/** By the names of @electron/fuses: what a packaged console must not be talked into, and what it insists on. */
export const FUSES = {
  RunAsNode: false,
  EnableCookieEncryption: true,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  GrantFileProtocolExtraPrivileges: false,
};

/** A fuse is a digit in the program; one that Electron has given up is a letter. */
const STATES = { ['0'.charCodeAt(0)]: false, ['1'.charCodeAt(0)]: true };
/** The most that our own part may be; three megabytes today. */
const MOST_BYTES = 8 * 1024 * 1024;
const TERMS = [
  ...['LICENSE.understudy.txt', 'NOTICE.understudy.txt', 'LICENSES.libraries.md'],
  ...['LICENSE.electron.txt', 'LICENSES.chromium.html'],
];
const LANGUAGES = new Set(['en-GB', 'en-US', 'de']);

/** @returns {Promise<Record<string, boolean | null>>} null: the program does not have the fuse */
export async function fusesOf(program) {
  const { FuseV1Options, getCurrentFuseWire } = await import('@electron/fuses');
  const wire = await getCurrentFuseWire(program);
  return Object.fromEntries(Object.keys(FUSES).map((name) => [name, STATES[wire[FuseV1Options[name]]] ?? null]));
}

/** @param {Record<string, boolean | null>} fuses */
export function fuseFaults(fuses) {
  return Object.entries(FUSES)
    .filter(([name, wanted]) => fuses[name] !== wanted)
    .map(([name, wanted]) => `the fuse ${name} is ${fuses[name] ?? 'absent'} and has to be ${wanted}`);
}

/** @returns {Promise<{ path: string, bytes: number }[]>} the files in an archive */
export async function filesIn(archive) {
  const { listPackage, statFile } = await import('@electron/asar');
  return listPackage(archive, { isPack: false })
    .map((path) => ({ path, stat: statFile(archive, path.slice(1)) }))
    .filter(({ stat }) => 'size' in stat)
    .map(({ path, stat }) => ({ path, bytes: stat.size }));
}

const BELONGS = /^\/(package\.json|build\/(main|preload|renderer)\/.+)$/;
const STRANGE = /\.map$|\.tsx?$|\.test\.|\/node_modules\/|\.tsbuildinfo$/;
const PARTS = [
  '/package.json',
  '/build/main/main.js',
  '/build/main/agents.js',
  '/build/preload/preload.cjs',
  '/build/renderer/index.html',
];

/** @param {readonly { path: string, bytes: number }[]} files of the application's archive */
export function contentFaults(files) {
  const faults = files
    .filter(({ path }) => !BELONGS.test(path) || STRANGE.test(path))
    .map(({ path }) => `${path} is in the archive and does not belong there`);
  for (const part of PARTS) if (files.every(({ path }) => path !== part)) faults.push(`${part} is not in the archive`);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > MOST_BYTES) faults.push(`the archive holds ${bytes} bytes; ${MOST_BYTES} are the most`);
  return faults;
}

/** What lies beside the archive: nothing that Electron would run in its stead. */
export function folderFaults(folder) {
  const faults = readdirSync(join(folder, 'resources'))
    .filter((name) => name !== 'app.asar')
    .map((name) => `resources/${name} lies beside the archive`);
  const languages = existsSync(join(folder, 'locales')) ? readdirSync(join(folder, 'locales')) : [];
  for (const name of languages)
    if (!LANGUAGES.has(name.replace(/\.pak(\.info)?$/, '')))
      faults.push(`locales/${name} is a language that the console lacks`);
  for (const name of TERMS) if (!existsSync(join(folder, name))) faults.push(`${name} is missing`);
  return faults;
}

/** @param {string} folder as electron-builder leaves it, absolute @param {string} executable its program */
export async function faultsOf(folder, executable) {
  const archive = join(folder, 'resources', 'app.asar');
  return [
    ...fuseFaults(await fusesOf(join(folder, executable))),
    ...(existsSync(archive) ? contentFaults(await filesIn(archive)) : ['resources/app.asar is missing']),
    ...folderFaults(folder),
  ];
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await asCommand(async () => {
    const [folder, executable] = process.argv.slice(2);
    const faults = await faultsOf(resolve(folder), executable);
    for (const fault of faults) console.log(fault);
    return faults.length === 0 ? 0 : 1;
  });
}
