/**
 * Which processes could change what lies in a directory though a read-only mount lies over it: they opened something before. In: the
 * directory. Out: processes with what they hold. Promise: no file is touched for it, only /proc is read, so that nothing can be waited for.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { brand, type RawName } from '@understudy/base';
import { below, insideOf, type Mount, mountAt, parseMountTable } from '@understudy/filesystem';

export interface Holder {
  readonly pid: number;
  readonly command: string;
  /** As the process has it. */
  readonly path: RawName;
}

export interface Holders {
  /** Files open, or mapped, for writing. */
  readonly writers: readonly Holder[];
  /** Directories that a process stands in or has open: by them it goes past a mount laid over the top. */
  readonly standing: readonly Holder[];
}

interface Wanted {
  readonly device: string;
  /** Of the directory on its file system. */
  readonly inside: RawName;
  /** … and as this process calls it. */
  readonly path: RawName;
}

/** What is kept of a job within its root, where there is no beside: no part of a replica, so that whoever writes there changes none. */
const KEPT_WITHIN = /^\/\.understudy-[0-9a-f-]{36}(?:\/|$)/i;

const isWithin = (path: RawName, top: RawName): boolean => {
  const rest = below(path, top);
  return rest !== null && !KEPT_WITHIN.test(rest);
};

const O_PATH = 0o10000000;
const O_DIRECTORY = 0o200000;
const ACCESS = 3;
const DELETED = ' (deleted)';

/** Throws FileError where the directory is missing. */
export function holdersBelow(directory: RawName): Holders {
  const { path, inside, mount } = mountAt(directory);
  const wanted: Wanted = { device: mount.device, inside, path };
  const writers: Holder[] = [];
  const standing: Holder[] = [];
  const tables = new Map<string, ReadonlyMap<number, Mount>>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const mounts = mountsOf(pid, tables);
    const holder = (held: RawName): Holder => ({ pid, command: commandOf(pid), path: held });
    const files = descriptorsOf(pid).filter((each) => liesBelow(each, mounts, wanted));
    const written = files.find(({ flags }) => (flags & ACCESS) !== 0);
    const mapped = written?.path ?? mappedForWriting(pid, wanted);
    if (mapped !== null) writers.push(holder(mapped));
    const directories = files.filter(({ flags }) => (flags & O_DIRECTORY) !== 0);
    const stands = directories[0]?.path ?? standsBelow(pid, wanted);
    if (stands !== null) standing.push(holder(stands));
  }
  return { writers, standing };
}

interface Descriptor {
  readonly path: RawName;
  readonly flags: number;
  readonly mountId: number;
}

function descriptorsOf(pid: number): Descriptor[] {
  const found: Descriptor[] = [];
  for (const fd of entriesOf(`/proc/${pid}/fd`)) {
    const path = linkOf(`/proc/${pid}/fd/${fd}`);
    if (path === null || !path.startsWith('/') || path.endsWith(DELETED)) continue;
    const info = textOf(`/proc/${pid}/fdinfo/${fd}`);
    const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(info)?.[1] ?? '0', 8);
    if ((flags & O_PATH) !== 0 || (flags & (ACCESS | O_DIRECTORY)) === 0) continue;
    found.push({ path, flags, mountId: Number(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1] ?? -1) });
  }
  return found;
}

/** Through whichever mount, in whichever namespace, it was opened. */
function liesBelow({ path, mountId }: Descriptor, mounts: ReadonlyMap<number, Mount>, wanted: Wanted): boolean {
  const mount = mounts.get(mountId);
  if (mount === undefined || mount.device !== wanted.device) return false;
  const inside = insideOf(mount, path);
  // With another root directory the path is ours and the mount's place theirs.
  return inside === null ? isWithin(path, wanted.path) : isWithin(inside, wanted.inside);
}

/** One line a mapping: `start-end rw-s offset major:minor inode   path`. */
function mappedForWriting(pid: number, wanted: Wanted): RawName | null {
  const [major, minor] = wanted.device.split(':').map(Number);
  for (const line of textOf(`/proc/${pid}/maps`).split('\n')) {
    const mapping = /^\S+ .w.s \S+ ([0-9a-f]+):([0-9a-f]+) \d+\s+(\/.*)$/.exec(line);
    if (mapping === null) continue;
    const [, high = '', low = '', path = ''] = mapping;
    if (Number.parseInt(high, 16) !== major || Number.parseInt(low, 16) !== minor || path.endsWith(DELETED)) continue;
    if (isWithin(brand<RawName>(path), wanted.path)) return brand<RawName>(path);
  }
  return null;
}

function standsBelow(pid: number, wanted: Wanted): RawName | null {
  const at = linkOf(`/proc/${pid}/cwd`);
  return at !== null && isWithin(at, wanted.path) ? at : null;
}

/** By the mounts' ids; processes of one namespace share a table. */
function mountsOf(pid: number, tables: Map<string, ReadonlyMap<number, Mount>>): ReadonlyMap<number, Mount> {
  const space = `${linkOf(`/proc/${pid}/ns/mnt`)} ${linkOf(`/proc/${pid}/root`)}`;
  const known = tables.get(space);
  if (known !== undefined) return known;
  const mounts = parseMountTable(brand<RawName>(textOf(`/proc/${pid}/mountinfo`)));
  const table = new Map(mounts.map((mount) => [mount.id, mount]));
  if (table.size > 0) tables.set(space, table);
  return table;
}

function commandOf(pid: number): string {
  const line = textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
  return (line === '' ? textOf(`/proc/${pid}/comm`).trim() : line).slice(0, 120);
}

/** What ends while it is looked at, or is not for us to see, holds nothing. */
function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function linkOf(path: string): RawName | null {
  try {
    return brand<RawName>(readlinkSync(path, 'buffer').toString('latin1'));
  } catch {
    return null;
  }
}
