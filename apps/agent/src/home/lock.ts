import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { errnoOf, StartError } from './start-error.ts';

/**
 * One agent a home. The lock is an abstract UNIX socket: the kernel binds its name once, and takes it back from a process however
 * that dies, so there is no stale lock to judge. The name holds a secret from the home, so that nobody else can occupy it.
 */
export interface HomeLock {
  release(): Promise<void>;
}

export async function lockHome(home: string): Promise<HomeLock> {
  const server = createServer((socket) => socket.destroy());
  await bind(server, `\0understudy-home-${lockName(home)}`, home);
  server.unref();
  writeFileSync(pidFile(home), `${process.pid}\n`, { mode: 0o600 });
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function bind(server: Server, name: string, home: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const taken = errnoOf(error) === 'EADDRINUSE';
      const sentence = taken
        ? `another agent${holder(home)} runs in ${home}: stop it, or give this one a home of its own with --home`
        : `the lock of ${home} cannot be taken: ${error.message}`;
      reject(new StartError(taken ? 'home-locked' : 'home-unusable', sentence));
    });
    server.listen(name, () => resolve());
  });
}

function pidFile(home: string): string {
  return join(home, 'agent.pid');
}

function holder(home: string): string {
  try {
    return ` (process ${Number.parseInt(readFileSync(pidFile(home), 'utf8'), 10)})`;
  } catch {
    return '';
  }
}

/** The home's secret; of two agents that start in a new home at once, both get the one that came first. */
function lockName(home: string): string {
  const path = join(home, 'lock');
  const known = read(path);
  if (known !== null) return known;
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, randomBytes(16).toString('hex'), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
  const name = read(path);
  if (name !== null) return name;
  throw new StartError('state-damaged', `${path} is damaged: remove it while no agent runs in ${home}`);
}

function read(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (/^[0-9a-f]{32}$/.test(text)) return text;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  throw new StartError('state-damaged', `${path} is damaged: remove it while no agent runs there`);
}
