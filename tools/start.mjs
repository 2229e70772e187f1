/**
 * `npm start`: a source agent and a target agent on this machine, paired, a folder protected, the status live, and the console where there is
 * a display. Ctrl-C ends it.
 *
 * In: nothing, or `--source DIR --target DIR`. Out: a job to look at. Promised: each thing that is started has its way back noted
 * before it is used, and at the end all of them are walked, the last first, however often Ctrl-C is pressed meanwhile.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { asCommand, endRunning, isRoot, Refusal, run, say } from './ensure.mjs';
import { openConsole } from './quick-start/console.mjs';
import { checkFolders, copyDatabase, makeFolder, makeSample } from './quick-start/folders.mjs';
import { clearAway } from './quick-start/leftovers.mjs';
import {
  command,
  endCommands,
  lastLines,
  start,
  startAgent,
  stopProcess,
  understudy,
  watchStatus,
} from './quick-start/processes.mjs';
import { buildSampleWriter } from './sample-writer/build.mjs';

const USAGE = `npm start                                         a sample folder with a live database in it
npm start -- --source DIR --target DIR            two folders of yours; nothing in them is ever removed
          -- --adopt                              the target may hold files already (from the last time)
          -- --seconds N                          ends by itself (also: UNDERSTUDY_START_SECONDS)`;
const JOB = 'quick-start';
const [SOURCE, TARGET] = ['alpha', 'beta'];

/** Asked to end: not an error. */
class Ended extends Error {}

let end = () => {};
const ended = new Promise((_resolve, reject) => {
  end = (reason) => reject(reason);
});
ended.catch(() => {});

/** Waits for a step, or for being asked to end. */
const step = (promise) => Promise.race([promise, ended]);

/** The ways back, the last one first. */
const ways = [];
const noteWayBack = (what, back) => ways.push({ what, back });

function readArguments() {
  const string = { type: 'string' };
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        source: string,
        target: string,
        seconds: string,
        adopt: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    throw new Refusal(`${error.message}\n${USAGE}`);
  }
  if ((values.source === undefined) !== (values.target === undefined))
    throw new Refusal(`--source and --target belong together\n${USAGE}`);
  const seconds = Number(values.seconds ?? process.env.UNDERSTUDY_START_SECONDS ?? 0);
  if (!Number.isFinite(seconds) || seconds < 0) throw new Refusal(`--seconds ${values.seconds}: a number is expected`);
  return { ...values, seconds };
}

function sayWhatInterceptionIsLeft() {
  if (isRoot() && existsSync('/dev/fuse')) return;
  const lack = isRoot() ? '/dev/fuse is missing (modprobe fuse)' : 'this is not root';
  say(
    `${lack}: changes are noticed and scanned for instead of captured one by one; near-continuous, not write-ordered`,
  );
}

async function startAndPair(place, env) {
  for (const name of [SOURCE, TARGET]) {
    const onStart = (child) => noteWayBack(`the agent ${name}`, () => stopProcess(child, 20_000));
    const { child, address } = await step(
      startAgent({ name, home: place.home(name), env, log: place.log(name), onStart }),
    );
    child.on('exit', (code) =>
      end(new Refusal(`the agent ${name} ended with ${code}:\n${lastLines(place.log(name))}`)),
    );
    const code = await step(command(['agent', 'pairing-code', '--home', place.home(name)], env));
    await step(command(['pair', address, '--code', code.trim(), '--name', name], env));
    say(`agent ${name} listens on ${address}, paired`);
  }
}

async function protect(folders, env) {
  const { source, target, adopt } = folders;
  let created = false;
  noteWayBack('the job', async () => {
    for (const verb of ['stop', 'delete'])
      await command(['job', verb, JOB], env).catch((error) => {
        // Interrupted or refused half way, there may be no job: then the agent's own end is all there is to do.
        if (created) throw error;
      });
  });
  const create = ['job', 'create', JOB, '--source', SOURCE, '--target', TARGET, '--include', source, '--to', target];
  await step(command([...create, '--intercept', 'auto', ...(adopt ? ['--adopt'] : []), '--start'], env));
  created = true;
  say(`protecting ${source}; the replica is ${join(target, source)}`);
  await step(command(['wait', JOB, '--until', 'protected', '--timeout', folders.ours ? '60s' : '24h'], env));
}

/** The database starts when the folder is protected, as a service would: a file opened before would bypass the mount. */
function startWriter(place, program, env) {
  const database = join(place.sample, 'ledger.db');
  const child = start(program, [database, '--rate', '190'], { env, log: place.log('writer') });
  noteWayBack('the comparison', () => compare(place, program, env));
  noteWayBack('the writer', () => stopProcess(child, 5000));
  child.on('exit', (code) => {
    if (code !== 0) end(new Refusal(`the sample database failed:\n${lastLines(place.log('writer'))}`));
  });
  say(`a database in ${database} commits 190 transactions a second`);
}

/** The writer has stopped: after a flush both sides must hold the same transactions. Copies are looked at, never the files. */
async function compare(place, program, env) {
  if (!existsSync(join(place.sample, 'ledger.db'))) return;
  await command(['flush', JOB, '--timeout', '10s'], env);
  const there = await checkCopy(program, join(place.replica, place.sample), place.home('check-replica'));
  const here = await checkCopy(program, place.sample, place.home('check-source'));
  if (!there.ok) throw new Refusal(`the replica's database is not consistent: ${there.why}`);
  if (there.transactions !== here.transactions)
    throw new Refusal(`the replica holds ${there.transactions} of ${here.transactions} transactions`);
  say(`the replica's database is consistent and holds all ${there.transactions} transactions`);
}

async function checkCopy(program, from, to) {
  const { output } = await run(program, ['--check', copyDatabase(from, to)], { quiet: true });
  return JSON.parse(output);
}

async function goBack() {
  let clean = true;
  endRunning();
  endCommands();
  for (const { what, back } of ways.reverse()) {
    try {
      if ((await back()) === false) clean = false;
    } catch (error) {
      clean = false;
      say(`${what}: ${error instanceof Refusal ? error.message : error.stack}`);
    }
  }
  return clean;
}

async function show({ source, target, seconds, adopt }) {
  const real = source === undefined ? null : checkFolders(source, target);
  await step(build({ project: 'apps/cli' }));
  if (!existsSync(understudy)) throw new Refusal(`${understudy} is missing: run "npm run build"`);
  const program = real === null ? buildSampleWriter() : null;
  sayWhatInterceptionIsLeft();
  const place = makeFolder();
  const folders = { source: place.sample, target: place.replica, adopt, ...real, ours: real === null };
  noteWayBack('what was left', () =>
    clearAway({ folder: place.folder, protectedFolder: folders.source, ours: folders.ours }),
  );
  if (real === null) makeSample(place.sample, place.replica);
  const env = { ...process.env, UNDERSTUDY_PROFILE: place.profile, UNDERSTUDY_QUICK_START: place.folder };
  await startAndPair(place, env);
  await protect(folders, env);
  if (program !== null) startWriter(place, program, env);
  const log = place.log('console');
  const window = await step(openConsole({ env, log, folder: join(place.folder, 'config') }));
  if (window !== null) noteWayBack('the console', () => stopProcess(window, 5000));
  const status = watchStatus(JOB, env);
  noteWayBack('the status', () => status.stop());
  say(`Ctrl-C stops everything and ${real === null ? 'leaves nothing behind' : 'keeps both folders as they are'}`);
  if (seconds > 0) setTimeout(() => end(new Ended()), seconds * 1000).unref();
  await ended;
}

await asCommand(async () => {
  const wanted = readArguments();
  if (wanted.help) {
    console.log(USAGE);
    return 0;
  }
  let asked = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(name, () => {
      asked += 1;
      if (asked > 1) say('already stopping; one moment, so that nothing stays mounted');
      end(new Ended());
    });
  // A reader that goes away (`npm start | head`) must not end us before everything is undone.
  process.stdout.on('error', () => end(new Ended()));
  process.on('uncaughtException', end);
  const failure = await show(wanted).catch((error) => error);
  if (!(failure instanceof Ended)) say(failure instanceof Refusal ? failure.message : failure.stack);
  if (ways.length > 0) say('stopping');
  const clean = await goBack();
  return failure instanceof Ended && clean ? 0 : 1;
});
