/**
 * quick-start: the parts of `npm start`.
 *
 * In: commands to run. Out: processes in groups of their own, so that Ctrl-C at the terminal reaches us first and we decide the order
 * in which things end. Promised: every process that was started here is known here, and `stopProcess` returns only when it is gone.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal, top } from '../ensure.mjs';

export const understudy = join(top, 'bin', 'understudy');

const commands = new Set();

/**
 * Runs an understudy command to its end.
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} what it printed; a failure is a Refusal with its sentence
 */
export function command(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(understudy, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    commands.add(child);
    let [printed, complained] = ['', ''];
    child.stdout.on('data', (bytes) => {
      printed += bytes;
    });
    child.stderr.on('data', (bytes) => {
      complained += bytes;
    });
    child.on('error', (error) => reject(new Refusal(`${understudy} cannot be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      commands.delete(child);
      if (code === 0) resolve(printed);
      else
        reject(
          new Refusal(`"understudy ${args.join(' ')}" ended with ${signal ?? code}: ${(complained || printed).trim()}`),
        );
    });
  });
}

/** Ends the commands that are still running. */
export function endCommands() {
  for (const child of commands) signalGroup(child, 'SIGTERM');
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

export const isOver = (child) => child.exitCode !== null || child.signalCode !== null;

/** Asks the process to end, and after `patienceMs` makes it. */
export async function stopProcess(child, patienceMs) {
  if (child.pid === undefined || isOver(child)) return;
  const over = new Promise((resolve) => child.once('exit', resolve));
  signalGroup(child, 'SIGTERM');
  const forced = setTimeout(() => signalGroup(child, 'SIGKILL'), patienceMs);
  await over;
  clearTimeout(forced);
}

/** A process that runs until it is stopped; its complaints go to `log`. */
export function start(program, args, { env, log, stdout = 'ignore' }) {
  const file = openSync(log, 'a');
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', stdout, file] });
  closeSync(file);
  return child;
}

/** Starts an agent and waits until it listens. */
export async function startAgent({ name, home, env, log, onStart }) {
  const port = await freePort();
  const args = ['agent', 'run', '--home', home, '--listen', `127.0.0.1:${port}`, '--name', name];
  const child = start(understudy, args, { env, log, stdout: 'pipe' });
  onStart(child);
  const address = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (bytes) => {
      text = (text + bytes).slice(-4096);
      const match = /^listening (\S+) fingerprint \S+/m.exec(text);
      if (match !== null) resolve(match[1]);
    });
    child.on('error', (error) => reject(new Refusal(`${understudy} cannot be started: ${error.message}`)));
    child.on('exit', (code) => reject(new Refusal(`the agent ${name} ended with ${code}:\n${lastLines(log)}`)));
  });
  return { child, address };
}

export function lastLines(log) {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Shows the live status until `child` of the returned handle is stopped; a watch that ends by itself is started again. */
export function watchStatus(job, env) {
  const handle = { child: null, ended: false };
  const again = () => {
    if (handle.ended) return;
    handle.child = spawn(understudy, ['status', job, '--watch'], {
      env,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    handle.child.on('error', () => {});
    handle.child.on('exit', () => void sleep(1000).then(again));
  };
  again();
  return {
    stop: async () => {
      handle.ended = true;
      await stopProcess(handle.child, 3000);
    },
  };
}
