/**
 * What presets may look at on their server. In: absolute paths, commands. Out: text, names, numbers. Promised: bounded: a file is read up to
 * 4 MiB, a command gets five seconds, and nothing is changed. Bytes of files and names are one character each, as in all paths here.
 */
import { execFile } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { brand, type RawName } from '@understudy/base';
import { type Listener, listenersOf } from './listeners.ts';

const MOST_BYTES = 4 * 1024 * 1024;
const COMMAND_MS = 5000;

export interface ProcessSeen {
  readonly name: string;
  /** Arguments, each ended by NUL. */
  readonly line: string;
}

export interface Account {
  readonly name: string;
  readonly id: number;
}

export interface ServerView {
  /** Null: there is no such file, or it is not to be read. */
  read(path: string): string | null;
  /** Empty: no such directory. */
  names(directory: string): readonly string[];
  /** Null: nothing is there. */
  kind(path: string): 'file' | 'directory' | 'link' | 'other' | null;
  /** With all links resolved; null: it leads nowhere. */
  canonical(path: string): RawName | null;
  /** What a command printed, whatever its exit code; null: there is no such program, or it did not end in time. */
  ask(command: readonly string[]): Promise<string | null>;
  processes(): readonly ProcessSeen[];
  listeners(): readonly Listener[];
  accounts(kind: 'user' | 'group'): readonly Account[];
}

const path = (raw: string): Buffer => Buffer.from(raw, 'latin1');

export const thisServer: ServerView = {
  read: (file) => orNull(() => readBounded(file)),
  names: (directory) =>
    orNull(() => readdirSync(path(directory), 'buffer').map((name) => name.toString('latin1'))) ?? [],
  kind: (at) => orNull(() => kindOf(at)),
  canonical: (at) => orNull(() => brand<RawName>(realpathSync.native(path(at), 'buffer').toString('latin1'))),
  ask,
  processes,
  listeners: listenersOf,
  accounts: (kind) => accountsIn(readFileSync(kind === 'user' ? '/etc/passwd' : '/etc/group', 'latin1')),
};

function orNull<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}

function readBounded(file: string): string {
  // A file may name a pipe, at which a plain open waits for a writer.
  const fd = openSync(path(file), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!fstatSync(fd).isFile()) throw new Error('no file');
    const bytes = Buffer.allocUnsafe(MOST_BYTES);
    let length = 0;
    for (let more = 1; more > 0 && length < MOST_BYTES; length += more)
      more = readSync(fd, bytes, length, MOST_BYTES - length, length);
    return bytes.toString('latin1', 0, length);
  } finally {
    closeSync(fd);
  }
}

function kindOf(at: string): 'file' | 'directory' | 'link' | 'other' {
  const stat = lstatSync(path(at));
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isDirectory()) return 'directory';
  return stat.isFile() ? 'file' : 'other';
}

function ask([program = '', ...args]: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { timeout: COMMAND_MS, killSignal: 'SIGKILL', maxBuffer: 65_536, cwd: '/', env: PLAIN } as const;
    execFile(program, args, options, (error, out, err) => {
      const never = error !== null && (typeof error.code === 'string' || error.killed === true);
      resolve(never ? null : out + err);
    });
  });
}

const PLAIN = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

function processes(): ProcessSeen[] {
  const found: ProcessSeen[] = [];
  for (const pid of readdirSync('/proc'))
    if (/^\d+$/.test(pid)) {
      const name = orNull(() => readFileSync(`/proc/${pid}/comm`, 'latin1').trim());
      const line = orNull(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
      if (name !== null) found.push({ name, line: line ?? '' });
    }
  return found;
}

/** No system takes longer names. */
const MOST_NAME = 256;

/** As passwd and group have it: name, a password, the number. A line that is of no account is passed over. */
export function accountsIn(text: string): Account[] {
  const found: Account[] = [];
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name !== '' && name.length <= MOST_NAME && /^\d{1,10}$/.test(id)) found.push({ name, id: Number(id) });
  }
  return found;
}
