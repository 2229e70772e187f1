/**
 * Who uses a directory: writable descriptors, shared writable mappings and working directories of every process, in every mount
 * namespace. In: /proc. Out: a list with process, command and file. It looks at links and lists only, so that no file system
 * is asked anything that could block; a file's own device is asked for only where the path already fits.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { printable, type RawName, rawFromBytes } from '@understudy/base';
import { bufferOf, innerPath, mountHolding, mountsOf, processes, type SharedMount, within } from './mounts.ts';

export interface User {
  readonly pid: number;
  readonly command: string;
  readonly how: 'open-for-writing' | 'mapped-for-writing' | 'working-directory' | 'open';
  readonly path: RawName;
}

export interface Sought {
  /** `major:minor` of the file system. */
  readonly device: string;
  /** Path of the directory within that file system. */
  readonly inner: string;
  /** Readers count too. */
  readonly readers: boolean;
  /** Our own holder and server. */
  readonly except: readonly number[];
}

const ACCESS_MODE = 3;
const O_PATH = 0o10000000;

export function usersOf(sought: Sought): User[] {
  const tables = new Map<string, readonly SharedMount[]>();
  const users: User[] = [];
  for (const pid of processes()) {
    if (sought.except.includes(pid)) continue;
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
      const mounts = tables.get(namespace) ?? mountsOf(pid);
      tables.set(namespace, mounts);
      for (const found of usesOf(pid, mounts, sought)) users.push(found);
    } catch {
      // Ended meanwhile, or a kernel thread.
    }
  }
  return users;
}

export function describeUser(user: User): string {
  return `${user.pid} ${user.command} (${printable(user.path)})`;
}

function usesOf(pid: number, mounts: readonly SharedMount[], sought: Sought): User[] {
  const uses: User[] = [];
  const add = (how: User['how'], path: RawName): void => {
    uses.push({ pid, command: commandOf(pid), how, path });
  };
  const directory = linkOf(`/proc/${pid}/cwd`);
  if (directory !== null && lies(`/proc/${pid}/cwd`, directory, mounts, null, sought))
    add('working-directory', directory);
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const path = linkOf(`/proc/${pid}/fd/${fd}`);
    if (path === null || !path.startsWith('/') || path.endsWith(' (deleted)')) continue;
    const writable = openUse(pid, fd, path, mounts, sought);
    if (writable !== null && (writable || sought.readers)) add(writable ? 'open-for-writing' : 'open', path);
  }
  for (const path of mappings(pid, sought)) if (lies(null, path, mounts, null, sought)) add('mapped-for-writing', path);
  return uses;
}

/** Whether the descriptor lies in the directory: null no, else whether it can write. */
function openUse(
  pid: number,
  fd: string,
  path: RawName,
  mounts: readonly SharedMount[],
  sought: Sought,
): boolean | null {
  let info: string;
  try {
    info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
  } catch {
    return null;
  }
  const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
  const mountId = Number(/^mnt_id:\s*(\d+)/m.exec(info)?.[1] ?? -1);
  const writable = (flags & ACCESS_MODE) !== 0 && (flags & O_PATH) === 0;
  if (!writable && !sought.readers) return null;
  return lies(`/proc/${pid}/fd/${fd}`, path, mounts, mountId, sought) ? writable : null;
}

/** By the mount's number where it is known and listed; else by the path, and the file's own device has the last word. */
function lies(
  link: string | null,
  path: RawName,
  mounts: readonly SharedMount[],
  mountId: number | null,
  sought: Sought,
): boolean {
  const listed = mountId === null ? null : (mounts.find((each) => each.id === mountId) ?? null);
  if (listed !== null) return listed.device === sought.device && within(innerPath(listed, path), sought.inner);
  const holding = mountHolding(mounts, path);
  if (holding === null) return false;
  // Beneath a mount that covers it the path alone would name the wrong file system, so both are tried.
  const fits = mounts.some(
    (each) =>
      each.device === sought.device && within(path, each.mountPoint) && within(innerPath(each, path), sought.inner),
  );
  return fits && (link === null || deviceOf(link) === sought.device);
}

function deviceOf(link: string): string {
  try {
    const dev = statSync(link).dev;
    // glibc's dev_t: major in bits 8–19 and 32–63, minor in bits 0–7 and 20–31.
    const major = (Math.floor(dev / 256) & 0xfff) | (Math.floor(dev / 4294967296) & ~0xfff);
    const minor = (dev & 0xff) | (Math.floor(dev / 4096) & 0xfff00);
    return `${major}:${minor}`;
  } catch {
    return '';
  }
}

/** Files behind shared mappings (writable ones only, unless readers count) whose device is the one sought. */
function mappings(pid: number, sought: Sought): RawName[] {
  const paths = new Set<RawName>();
  for (const line of rawFromBytes(readFileSync(`/proc/${pid}/maps`)).split('\n')) {
    const match = /^\S+ (\S{4}) \S+ ([0-9a-f]+):([0-9a-f]+) [1-9]\d* +(\/.*)$/.exec(line);
    if (match === null) continue;
    const [, how = '', major = '', minor = '', path = ''] = match;
    const device = `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`;
    const counts = (how[1] === 'w' && how[3] === 's') || sought.readers;
    if (counts && device === sought.device && !path.endsWith(' (deleted)')) paths.add(path as RawName);
  }
  return [...paths];
}

function linkOf(path: string): RawName | null {
  try {
    return rawFromBytes(readlinkSync(bufferOf(path), { encoding: 'buffer' }));
  } catch {
    return null;
  }
}

export function commandOf(pid: number): string {
  try {
    return printable(rawFromBytes(readFileSync(`/proc/${pid}/comm`)).trim() as RawName);
  } catch {
    return '?';
  }
}
