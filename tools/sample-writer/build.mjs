/**
 * Compiles the sample writer (its .c files with the SQLite amalgamation that lies in better-sqlite3's package) into build/.
 * In: nothing but a C compiler and node_modules. Out: the path of the program; printed when run as a command.
 * Promised: nothing is compiled that is already there and newer than its source, and two that build at once do no harm.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));

function amalgamation() {
  const places = [join(root, 'e2e', 'node_modules'), join(root, 'node_modules')];
  for (const place of places) {
    const directory = join(place, 'better-sqlite3', 'deps', 'sqlite3');
    if (!existsSync(join(directory, 'sqlite3.c'))) continue;
    const { version } = JSON.parse(readFileSync(join(place, 'better-sqlite3', 'package.json'), 'utf8'));
    return { directory, version };
  }
  throw new Error('the SQLite source is missing: run "npm ci", it comes with the package better-sqlite3');
}

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** Compiles `target` from `args` under a name of its own and puts it in place in one step. */
function compile(target, args) {
  const unfinished = `${target}.${process.pid}`;
  try {
    execFileSync(process.env.CC ?? 'cc', [...args, '-o', unfinished], { stdio: ['ignore', 'ignore', 'pipe'] });
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { force: true });
    if (error.code === 'ENOENT')
      throw new Error('no C compiler: install one (Debian: apt-get install gcc libc6-dev), or name it in CC');
    throw new Error(`${target} could not be compiled:\n${error.stderr ?? error.message}`);
  }
}

/** @returns {string} the path of the program, compiled when needed */
export function buildSampleWriter() {
  const { directory, version } = amalgamation();
  const build = join(here, 'build');
  const object = join(build, `sqlite3-${version}.o`);
  const program = join(build, 'sample-writer');
  const sources = ['writer.c', 'records.c', 'verdict.c'].map((name) => join(here, name));
  mkdirSync(build, { recursive: true });
  // npm gives every file the same old date: the version in the name is what tells one source from the next.
  if (!existsSync(object)) {
    const flags = ['-O1', '-DSQLITE_THREADSAFE=0', '-DSQLITE_OMIT_LOAD_EXTENSION', '-DSQLITE_DQS=0'];
    compile(object, [...flags, '-c', join(directory, 'sqlite3.c')]);
  }
  const headers = ['records.h', 'verdict.h'].map((name) => join(here, name));
  const newest = Math.max(...[...sources, ...headers, object].map(timeOf));
  if (timeOf(program) < newest)
    compile(program, ['-O1', '-Wall', '-Wextra', '-D_GNU_SOURCE', `-I${directory}`, ...sources, object]);
  return program;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    console.log(buildSampleWriter());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
