/**
 * The in-memory twin of a replica root: ReplicaFiles with the kernel's rules and no disk, for tests and the simulation.
 *
 * In: calls as ports.ts has them. Out: a tree that `memory-tree.ts` can describe.
 * Promised: the errors of Linux by name; a file whose last name is gone is gone at once (nobody holds it open); a clock of its own,
 * so that a time that nobody set is never a source's time. `beforeChange` sees each change before it happens and may throw in its
 * stead: a FileError is a failing disk, anything else the death of the agent.
 */
import { must, type RawName, rawFromText } from '@understudy/base';
import type { Attributes, Xattr } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry, type ReplicaFiles } from '../ports.ts';
import * as inodes from './memory-inode.ts';
import {
  attributesOf,
  FileType,
  findPath,
  hang,
  isDirectory,
  isRegular,
  isSymlink,
  isWithin,
  type MemoryInode,
} from './memory-inode.ts';
import { afterPowerCut, copyInodes, type Inodes } from './memory-snapshot.ts';

const NO_BYTES = new Uint8Array(0);
const CAPABILITY = rawFromText('security.capability');
/** Local times lie far from those a test gives its source. */
const LOCAL_EPOCH = 4_000_000_000;

export interface MemoryReplicaOptions {
  /** Kernels find the path of a directory by its handle, that of another file only while it is cached. */
  readonly filePaths?: boolean;
}

type Times = Pick<Attributes, 'atimeSec' | 'atimeNsec' | 'mtimeSec' | 'mtimeNsec'>;

export class MemoryReplica implements ReplicaFiles {
  #inodes: Inodes = new Map();
  readonly #filePaths: boolean;
  #rootInode: MemoryInode;
  #limboInode: MemoryInode;
  #synced: Inodes = new Map();
  /** Moments since then that a power cut may leave. */
  #moments: Inodes[] = [];
  #nextId = 1;
  #ticks = 0;
  #unsynced = true;
  #versions = 0;
  beforeChange: (call: string) => void = () => {};

  constructor(options: MemoryReplicaOptions = {}) {
    this.#filePaths = options.filePaths ?? true;
    this.#rootInode = this.#make(FileType.directory | 0o755, 0, 0);
    this.#limboInode = this.#make(FileType.directory | 0o700, 0, 0);
    this.#rootInode.links = 1;
    this.#limboInode.links = 1;
    this.sync();
  }

  get root(): Handle {
    return this.#rootInode.handle;
  }

  get limbo(): Handle {
    return this.#limboInode.handle;
  }

  attributes(handle: Handle): Attributes | null {
    const inode = this.#inodes.get(handle);
    return inode === undefined ? null : attributesOf(inode);
  }

  entry(parent: Handle, name: RawName): ReplicaEntry | null {
    const inode = this.#inodes.get(parent)?.children.get(name);
    return inode === undefined ? null : { name, handle: inode.handle, attributes: attributesOf(inode) };
  }

  list(parent: Handle): ReplicaEntry[] | null {
    const directory = this.#inodes.get(parent);
    if (directory === undefined || !isDirectory(directory)) return null;
    return [...directory.children].map(([name, inode]) => ({
      name,
      handle: inode.handle,
      attributes: attributesOf(inode),
    }));
  }

  *entries(parent: Handle): Generator<ReplicaEntry, undefined> {
    // What a name is when it is come to, as a disk says it.
    for (const { name } of this.list(parent) ?? []) {
      const entry = this.entry(parent, name);
      if (entry !== null) yield entry;
    }
  }

  createFile(parent: Handle, name: RawName, attributes: Attributes): Handle {
    return this.#add('openat', parent, name, attributes, FileType.regular);
  }

  makeDirectory(parent: Handle, name: RawName, attributes: Attributes): Handle {
    return this.#add('mkdirat', parent, name, attributes, FileType.directory);
  }

  makeSymlink(parent: Handle, name: RawName, target: Uint8Array, attributes: Attributes): Handle {
    return this.#add('symlinkat', parent, name, { ...attributes, mode: 0o777 }, FileType.symlink, target.slice());
  }

  makeNode(parent: Handle, name: RawName, attributes: Attributes): Handle {
    return this.#add('mknodat', parent, name, attributes, attributes.mode & FileType.mask);
  }

  link(handle: Handle, parent: Handle, name: RawName): void {
    const inode = this.#changing('linkat', handle);
    const directory = this.#directory('linkat', parent);
    if (isDirectory(inode)) throw new FileError('EPERM', 'linkat');
    if (directory.children.has(name)) throw new FileError('EEXIST', 'linkat');
    directory.children.set(name, inode);
    inode.links += 1;
    this.#touch(directory);
  }

  rename(
    from: Handle,
    fromName: RawName,
    to: Handle,
    toName: RawName,
    how: 'replace' | 'no-replace' | 'exchange',
  ): void {
    this.#before('renameat2');
    const source = this.#directory('renameat2', from);
    const destination = this.#directory('renameat2', to);
    const inode = source.children.get(fromName);
    const other = destination.children.get(toName);
    if (inode === undefined) throw new FileError('ENOENT', 'renameat2');
    if (isDirectory(inode) && isWithin(destination, inode)) throw new FileError('EINVAL', 'renameat2');
    if (how === 'exchange') {
      if (other === undefined) throw new FileError('ENOENT', 'renameat2');
      if (isDirectory(other) && isWithin(source, other)) throw new FileError('EINVAL', 'renameat2');
      hang(source, fromName, other);
    } else {
      if (other === inode && how === 'replace') return;
      if (other !== undefined) this.#giveWay(destination, toName, other, inode, how);
      source.children.delete(fromName);
    }
    hang(destination, toName, inode);
    this.#touch(source);
    this.#touch(destination);
  }

  unlink(parent: Handle, name: RawName): void {
    this.#before('unlinkat');
    const directory = this.#directory('unlinkat', parent);
    const inode = directory.children.get(name);
    if (inode === undefined) throw new FileError('ENOENT', 'unlinkat');
    if (isDirectory(inode)) throw new FileError('EISDIR', 'unlinkat');
    this.#drop(directory, name, inode);
  }

  removeDirectory(parent: Handle, name: RawName): void {
    this.#before('unlinkat');
    const directory = this.#directory('unlinkat', parent);
    const inode = directory.children.get(name);
    if (inode === undefined) throw new FileError('ENOENT', 'unlinkat');
    if (!isDirectory(inode)) throw new FileError('ENOTDIR', 'unlinkat');
    if (inode.children.size > 0) throw new FileError('ENOTEMPTY', 'unlinkat');
    this.#drop(directory, name, inode);
  }

  write(handle: Handle, offset: number, data: Uint8Array): void {
    const inode = this.#regular('pwrite', handle);
    if (offset + data.length > inode.data.length) inodes.resize(inode, offset + data.length);
    inodes.own(inode);
    inode.data.set(data, offset);
    this.#contentChanged(inode);
  }

  read(handle: Handle, offset: number, length: number): Uint8Array | null {
    return this.#inodes.get(handle)?.data.subarray(offset, offset + length) ?? null;
  }

  /** Another one whenever the content of the file has changed, for whoever keeps what it made of it. */
  versionOf(handle: Handle): number {
    return this.#inodes.get(handle)?.version ?? 0;
  }

  truncate(handle: Handle, size: number): void {
    const inode = this.#regular('ftruncate', handle);
    inodes.resize(inode, size);
    this.#contentChanged(inode);
  }

  allocate(handle: Handle, mode: number, offset: number, length: number): void {
    const inode = this.#regular('fallocate', handle);
    inodes.allocate(inode, mode, offset, length);
    this.#contentChanged(inode);
  }

  punch(handle: Handle, offset: number, length: number): void {
    const inode = this.#regular('fallocate', handle);
    if (offset + length > inode.data.length) inodes.resize(inode, offset + length);
    inodes.zero(inode, offset, length);
    this.#contentChanged(inode);
  }

  setOwner(handle: Handle, uid: number, gid: number): void {
    const inode = this.#changing('fchownat', handle);
    inode.uid = uid;
    inode.gid = gid;
    if (isRegular(inode)) {
      inode.mode &= ~0o6000;
      inode.xattrs.delete(CAPABILITY);
    }
  }

  setMode(handle: Handle, mode: number): void {
    const inode = this.#changing('fchmodat', handle);
    if (isSymlink(inode)) throw new FileError('EOPNOTSUPP', 'fchmodat');
    inode.mode = (inode.mode & FileType.mask) | (mode & 0o7777);
  }

  setTimes(handle: Handle, times: Times): void {
    const inode = this.#changing('utimensat', handle);
    inode.atime = [times.atimeSec, times.atimeNsec];
    inode.mtime = [times.mtimeSec, times.mtimeNsec];
  }

  setMtime(handle: Handle, sec: number, nsec: number): void {
    this.#changing('utimensat', handle).mtime = [sec, nsec];
  }

  setXattr(handle: Handle, name: RawName, value: Uint8Array): void {
    this.#changing('setxattr', handle).xattrs.set(name, value.slice());
  }

  removeXattr(handle: Handle, name: RawName): void {
    this.#changing('removexattr', handle).xattrs.delete(name);
  }

  xattrs(handle: Handle): Xattr[] | null {
    const inode = this.#inodes.get(handle);
    return inode === undefined ? null : [...inode.xattrs];
  }

  readLink(handle: Handle): Uint8Array | null {
    const inode = this.#inodes.get(handle);
    return inode !== undefined && isSymlink(inode) ? inode.target : null;
  }

  pathOf(handle: Handle): RawName | null {
    const inode = this.#inodes.get(handle);
    if (inode === undefined || (!isDirectory(inode) && !this.#filePaths)) return null;
    return findPath(this.#rootInode, inode);
  }

  sync(): void {
    if (this.#unsynced) this.#synced = copyInodes(this.#inodes);
    this.#unsynced = false;
    this.#moments = [];
  }

  /** This moment may be what a power cut leaves. */
  remember(): void {
    this.#moments.push(copyInodes(this.#inodes));
  }

  /** A moment between the last sync and now comes back, with old and new content side by side. `below(n)` draws from 0 to n - 1. */
  powerCut(below: (n: number) => number): void {
    const moments = [this.#synced, ...this.#moments, this.#inodes];
    this.#inodes = afterPowerCut(this.#synced, moments[below(moments.length)] ?? this.#synced, below);
    this.#rootInode = must(this.#inodes.get(this.root), 'the root stays');
    this.#limboInode = must(this.#inodes.get(this.limbo), 'limbo stays');
    for (const inode of this.#inodes.values()) inode.version = this.#nextVersion();
    this.#unsynced = true;
    this.sync();
  }

  async syncLater(): Promise<void> {
    this.sync();
  }

  close(): void {}

  #make(mode: number, uid: number, gid: number, rdev = 0, target: Uint8Array = NO_BYTES): MemoryInode {
    const id = this.#nextId++;
    const handle = String.fromCharCode(1, (id >> 16) & 255, (id >> 8) & 255, id & 255) as Handle;
    const version = this.#nextVersion();
    const inode = inodes.newInode({ handle, mode, uid, gid, rdev, target, version, now: this.#now() });
    this.#inodes.set(handle, inode);
    return inode;
  }

  #add(
    call: string,
    parent: Handle,
    name: RawName,
    a: Attributes,
    type: number,
    target: Uint8Array = NO_BYTES,
  ): Handle {
    this.#before(call);
    const directory = this.#directory(call, parent);
    if (directory.children.has(name)) throw new FileError('EEXIST', call);
    const inode = this.#make(type | (a.mode & 0o7777), a.uid, a.gid, a.rdev, target);
    inode.links = 1;
    hang(directory, name, inode);
    this.#touch(directory);
    return inode.handle;
  }

  #giveWay(directory: MemoryInode, name: RawName, other: MemoryInode, by: MemoryInode, how: string): void {
    if (how === 'no-replace') throw new FileError('EEXIST', 'renameat2');
    if (isDirectory(other) && !isDirectory(by)) throw new FileError('EISDIR', 'renameat2');
    if (!isDirectory(other) && isDirectory(by)) throw new FileError('ENOTDIR', 'renameat2');
    if (other.children.size > 0) throw new FileError('ENOTEMPTY', 'renameat2');
    this.#drop(directory, name, other);
  }

  #drop(directory: MemoryInode, name: RawName, inode: MemoryInode): void {
    directory.children.delete(name);
    inode.links -= 1;
    if (inode.links === 0) this.#inodes.delete(inode.handle);
    this.#touch(directory);
  }

  #changing(call: string, handle: Handle): MemoryInode {
    this.#before(call);
    const inode = this.#inodes.get(handle);
    if (inode === undefined) throw new FileError('ESTALE', call);
    return inode;
  }

  #regular(call: string, handle: Handle): MemoryInode {
    const inode = this.#changing(call, handle);
    if (!isRegular(inode)) throw new FileError(isDirectory(inode) ? 'EISDIR' : 'EINVAL', call);
    return inode;
  }

  #directory(call: string, handle: Handle): MemoryInode {
    const inode = this.#inodes.get(handle);
    if (inode === undefined) throw new FileError('ESTALE', call);
    if (!isDirectory(inode)) throw new FileError('ENOTDIR', call);
    return inode;
  }

  #before(call: string): void {
    this.#unsynced = true;
    this.beforeChange(call);
  }

  #nextVersion(): number {
    this.#versions += 1;
    return this.#versions;
  }

  #contentChanged(inode: MemoryInode): void {
    inode.version = this.#nextVersion();
    inode.xattrs.delete(CAPABILITY);
    this.#touch(inode);
  }

  #touch(inode: MemoryInode): void {
    inode.mtime = this.#now();
  }

  #now(): readonly [number, number] {
    this.#ticks += 1;
    return [LOCAL_EPOCH + this.#ticks, this.#ticks % 1000];
  }
}
