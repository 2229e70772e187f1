/**
 * A file of the in-memory file system: what an inode holds, and how its bytes are changed.
 */

import type { RawName } from '@understudy/base';
import type { Attributes } from '@understudy/wire';
import { FileError, type Handle } from '../ports.ts';

export const FileType = {
  mask: 0o170000,
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
} as const;

export interface MemoryInode {
  readonly handle: Handle;
  /** Type and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  /** Names; for a directory 1 while it has its name. */
  links: number;
  readonly rdev: number;
  atime: readonly [sec: number, nsec: number];
  mtime: readonly [sec: number, nsec: number];
  /** Regular files. */
  data: Uint8Array;
  /** A copy of the file has the very same bytes: whoever changes some in place makes them its own first. */
  shared: boolean;
  /** Another one whenever `data` has changed. */
  version: number;
  /** Symbolic links. */
  readonly target: Uint8Array;
  /** Directories. */
  readonly children: Map<RawName, MemoryInode>;
  /** Directories: where they hang. */
  parent: MemoryInode | null;
  readonly xattrs: Map<RawName, Uint8Array>;
}

export const isDirectory = (inode: MemoryInode): boolean => (inode.mode & FileType.mask) === FileType.directory;
export const isRegular = (inode: MemoryInode): boolean => (inode.mode & FileType.mask) === FileType.regular;
export const isSymlink = (inode: MemoryInode): boolean => (inode.mode & FileType.mask) === FileType.symlink;

type Begun = Pick<MemoryInode, 'handle' | 'mode' | 'uid' | 'gid' | 'rdev' | 'target' | 'version'>;

/** Empty, and without a name. */
export function newInode({ now, ...begun }: Begun & { readonly now: MemoryInode['mtime'] }): MemoryInode {
  const empty = {
    links: 0,
    data: new Uint8Array(0),
    shared: false,
    children: new Map(),
    parent: null,
    xattrs: new Map(),
  };
  return { ...begun, ...empty, atime: now, mtime: now };
}

export function own(inode: MemoryInode): void {
  if (inode.shared) inode.data = inode.data.slice();
  inode.shared = false;
}

export function resize(inode: MemoryInode, size: number): void {
  const grown = new Uint8Array(size);
  grown.set(size < inode.data.length ? inode.data.subarray(0, size) : inode.data);
  inode.data = grown;
  inode.shared = false;
}

export function zero(inode: MemoryInode, offset: number, length: number): void {
  own(inode);
  inode.data.fill(0, offset, Math.min(offset + length, inode.data.length));
}

const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;
const COLLAPSE_RANGE = 8;
const ZERO_RANGE = 16;
const INSERT_RANGE = 32;

/** fallocate(2) on the bytes. */
export function allocate(inode: MemoryInode, mode: number, offset: number, length: number): void {
  const { data } = inode;
  const end = offset + length;
  if ((mode & COLLAPSE_RANGE) !== 0) {
    if (end >= data.length) throw new FileError('EINVAL', 'fallocate');
    put(inode, [data.subarray(0, offset), data.subarray(end)]);
  } else if ((mode & INSERT_RANGE) !== 0) {
    if (offset >= data.length) throw new FileError('EINVAL', 'fallocate');
    put(inode, [data.subarray(0, offset), new Uint8Array(length), data.subarray(offset)]);
  } else {
    if ((mode & (PUNCH_HOLE | ZERO_RANGE)) !== 0) zero(inode, offset, length);
    if ((mode & KEEP_SIZE) === 0 && end > data.length) resize(inode, end);
  }
}

function put(inode: MemoryInode, parts: readonly Uint8Array[]): void {
  inode.data = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  inode.shared = false;
  let at = 0;
  for (const part of parts) {
    inode.data.set(part, at);
    at += part.length;
  }
}

export function hang(directory: MemoryInode, name: RawName, inode: MemoryInode): void {
  directory.children.set(name, inode);
  if (isDirectory(inode)) inode.parent = directory;
}

export function isWithin(inode: MemoryInode, ancestor: MemoryInode): boolean {
  for (let at: MemoryInode | null = inode; at !== null; at = at.parent) if (at === ancestor) return true;
  return false;
}

/** Path beneath the directory; null where it has none there. */
export function findPath(directory: MemoryInode, wanted: MemoryInode, path = ''): RawName | null {
  if (directory === wanted) return path as RawName;
  for (const [name, inode] of directory.children) {
    const childPath = path === '' ? name : `${path}/${name}`;
    if (inode === wanted) return childPath as RawName;
    const found = isDirectory(inode) ? findPath(inode, wanted, childPath) : null;
    if (found !== null) return found;
  }
  return null;
}

export function attributesOf(inode: MemoryInode): Attributes {
  const folders = [...inode.children.values()].filter(isDirectory).length;
  return {
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    nlink: isDirectory(inode) ? 2 + folders : inode.links,
    size: isSymlink(inode) ? inode.target.length : inode.data.length,
    rdev: inode.rdev,
    atimeSec: inode.atime[0],
    atimeNsec: inode.atime[1],
    mtimeSec: inode.mtime[0],
    mtimeNsec: inode.mtime[1],
  };
}
