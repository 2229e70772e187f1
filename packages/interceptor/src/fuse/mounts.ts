/**
 * Where a directory is to be seen: the mounts of every mount namespace. In: /proc. Out: which mount holds a directory, what is
 * mounted below it, and which other mounts lead to the same files past ours.
 */
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { rawFromBytes } from '@understudy/base';
import { type Mount, parseMountTable } from '@understudy/filesystem';
import { hiddenBy, within } from './mount-tree.ts';

export const FUSE_TYPE = 'fuse.understudy';

export { mountHolding, within } from './mount-tree.ts';

/** The helper's child has a copy of all mounts for as long as it takes to put a new tree together; it opens no file in them. */
const HELPER = 'fsi-mount';

export interface Namespace {
  /** A process that lives in it. */
  readonly pid: number;
  readonly own: boolean;
  readonly mounts: readonly SharedMount[];
}

export interface SharedMount extends Mount {
  /** Peer group among which mounts are passed on; null where it has none. */
  readonly shared: number | null;
  /** Peer group from which it only receives. */
  readonly master: number | null;
}

export function mountsOf(pid: number | 'self'): SharedMount[] {
  const text = rawFromBytes(readFileSync(`/proc/${pid}/mountinfo`));
  const optional = new Map<number, string>();
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    optional.set(Number(fields[0]), fields.slice(6, fields.indexOf('-', 6)).join(' '));
  }
  const group = (id: number, name: string): number | null => {
    const match = new RegExp(`\\b${name}:(\\d+)`).exec(optional.get(id) ?? '');
    return match === null ? null : Number(match[1]);
  };
  return parseMountTable(text).map((mount) => ({
    ...mount,
    shared: group(mount.id, 'shared'),
    master: group(mount.id, 'master'),
  }));
}

export function processes(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** One process of each mount namespace is asked; those that end meanwhile are left out. */
export function namespaces(): Namespace[] {
  const own = readlinkSync('/proc/self/ns/mnt');
  const found = new Map<string, Namespace>([[own, { pid: process.pid, own: true, mounts: mountsOf('self') }]]);
  for (const pid of processes()) {
    try {
      const id = readlinkSync(`/proc/${pid}/ns/mnt`);
      if (!found.has(id) && readFileSync(`/proc/${pid}/comm`, 'latin1').trim() !== HELPER)
        found.set(id, { pid, own: false, mounts: mountsOf(pid) });
    } catch {
      // Ended, or a kernel thread.
    }
  }
  return [...found.values()];
}

/** The path of a file within its file system, whatever it is mounted at. */
export function innerPath(mount: Mount, path: string): string {
  const rest = mount.mountPoint === '/' ? path : path.slice(mount.mountPoint.length);
  const joined = `${mount.root === '/' ? '' : mount.root}${rest === '/' ? '' : rest}`;
  return joined === '' ? '/' : joined;
}

/** A directory that ours is going to cover, and with it what is mounted beneath. */
export interface Cover {
  readonly holding: SharedMount;
  readonly inner: string;
}

/** Mounts other than `holding` through which what is at `inner` can be reached and on which ours would not appear. */
export function otherMounts(
  all: readonly Namespace[],
  holding: SharedMount,
  inner: string,
  cover: Cover | null = null,
): [Namespace, SharedMount][] {
  const found: [Namespace, SharedMount][] = [];
  for (const namespace of all)
    for (const mount of namespace.mounts) {
      if (mount.device !== holding.device || (namespace.own && mount.id === holding.id)) continue;
      if (!within(mount.root, inner) && !within(inner, mount.root)) continue;
      if (hiddenBy(namespace.mounts, mount, FUSE_TYPE)) continue;
      if (cover !== null && !namespace.own && isCovered(namespace.mounts, mount, cover)) continue;
      if (!receives(namespace, mount, holding) || !within(inner, mount.root)) found.push([namespace, mount]);
    }
  return found;
}

/** What is mounted on `holding` in our namespace appears on this one too. */
function receives(namespace: Namespace, mount: SharedMount, holding: SharedMount): boolean {
  return !namespace.own && holding.shared !== null && [mount.shared, mount.master].includes(holding.shared);
}

/** In another namespace: it is mounted, directly or not, within the directory on which ours will appear. */
function isCovered(mounts: readonly SharedMount[], mount: SharedMount, cover: Cover): boolean {
  const group = cover.holding.shared;
  if (group === null) return false;
  for (let at: SharedMount | undefined = mount; at !== undefined; ) {
    const { id, parentId, mountPoint }: SharedMount = at;
    const on: SharedMount | undefined = mounts.find((each) => each.id === parentId && each.id !== id);
    if (on !== undefined && [on.shared, on.master].includes(group) && within(innerPath(on, mountPoint), cover.inner))
      return true;
    at = on;
  }
  return false;
}

export const bufferOf = (path: string): Buffer => Buffer.from(path, 'latin1');
