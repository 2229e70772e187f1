/**
 * home: the one directory that is an agent's memory. In: its path. Out: the directory, made if it was missing, locked, and the
 * places in it. Promised: nobody but its owner may look inside, no two agents share it, and every state file is replaced as a
 * whole or not at all.
 */
import { chmodSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type HomeLock, lockHome } from './lock.ts';
import { makeFolder } from './make-folder.ts';
import { messageOf, StartError } from './start-error.ts';

export interface Home {
  /** Absolute, without symbolic links. */
  readonly path: string;
  readonly identity: string;
  readonly config: string;
  readonly trust: string;
  readonly logs: string;
  /** Job definitions and their state; the job runtime's. */
  readonly jobs: string;
  readonly socket: string;
  release(): Promise<void>;
}

export async function openHome(path: string): Promise<Home> {
  const real = makePrivate(path);
  const lock: HomeLock = await lockHome(real);
  for (const folder of ['logs', 'jobs']) mkdirSync(join(real, folder), { recursive: true, mode: 0o700 });
  return {
    path: real,
    identity: join(real, 'identity'),
    config: join(real, 'agent.yaml'),
    trust: join(real, 'trust.json'),
    logs: join(real, 'logs'),
    jobs: join(real, 'jobs'),
    socket: join(real, 'agent.sock'),
    release: () => lock.release(),
  };
}

function makePrivate(path: string): string {
  try {
    makeFolder(path);
    const real = realpathSync(path);
    const stat = statSync(real);
    if (process.getuid !== undefined && stat.uid !== process.getuid())
      throw new Error(`it belongs to user ${stat.uid}, and this agent runs as user ${process.getuid()}`);
    if ((stat.mode & 0o077) === 0) return real;
    // Never close a directory that is somebody else's: `--home /tmp` must not lock everyone out of it.
    const names = readdirSync(real);
    if (names.length > 0 && !names.includes('lock'))
      throw new Error('it holds other files and others may read it, so it is not taken for an agent home');
    chmodSync(real, 0o700);
    return real;
  } catch (error) {
    throw new StartError(
      'home-unusable',
      `${path} cannot be the agent's home: ${messageOf(error)}. Give an empty directory or an agent home with --home.`,
    );
  }
}
