/**
 * replica: one replica root on the target, changed by file handle. In: the root's path and that of a limbo directory on the same file
 * system. Out: the engine's ReplicaFiles. Promised: every operation goes to exactly the inode its handle names, or beneath exactly that
 * directory; no symbolic link is followed, whatever was planted in the replica; mode, owner and times come out as given.
 *
 * As on any Linux: a write or truncate takes security.capability away, and a change of owner takes setuid, setgid and
 * security.capability away; who applies operations sets them again afterwards.
 */
import { type RawName, rawToBytes } from '@understudy/base';
import { FileError, type Handle, type ReplicaEntry, type ReplicaFiles } from '@understudy/engine';
import type { Attributes, Xattr } from '@understudy/wire';
import { At, putName, putPath } from '../syscalls/arena.ts';
import { allocate, readAhead, syncFileSystem, truncate } from '../syscalls/content.ts';
import { DirectoryCursor } from '../syscalls/directory.ts';
import { syncFileSystemLater } from '../syscalls/disk.ts';
import { descriptorToHandle, nameToHandle, takeHandle } from '../syscalls/handle.ts';
import { check, ENODATA, ENOENT, ENOTDIR, ESTALE, failure } from '../syscalls/libc.ts';
import { lookUp, nextEntry } from '../syscalls/look-up.ts';
import { changeMtime, changeOwner, changeTimes } from '../syscalls/metadata.ts';
import { NameHints } from '../syscalls/name-hints.ts';
import {
  linkDescriptor,
  readLinkDescriptor,
  removeDirectoryAt,
  renameAt,
  takeLink,
  unlinkAt,
} from '../syscalls/names.ts';
import { close, O, openAt } from '../syscalls/open.ts';
import { isDirectory, isSymlink, statDescriptor, statMode, takeAges, takeAttributes } from '../syscalls/stat.ts';
import { HERE, type TreeRoot } from '../syscalls/tree-root.ts';
import { dropXattr, readXattrs, writeXattr } from '../syscalls/xattr.ts';
import { punchHole, readFully, writeFully } from './content.ts';
import { createDirectoryAt, createFileAt, createNodeAt, createSymlinkAt, setModeOf } from './create.ts';
import { Descriptors, GONE, mustExist } from './descriptors.ts';

const RENAME_FLAGS = { replace: 0, 'no-replace': 1, exchange: 2 } as const;

type Times = Pick<Attributes, 'atimeSec' | 'atimeNsec' | 'mtimeSec' | 'mtimeNsec'>;

export class ReplicaTree implements ReplicaFiles {
  readonly root: Handle;
  readonly limbo: Handle;
  readonly #held: TreeRoot;
  readonly #open: Descriptors;
  readonly #hints = new NameHints<Handle>();
  #readBuffer = new Uint8Array(65536);

  constructor(root: TreeRoot, limbo: Handle) {
    this.#held = root;
    this.root = root.handle;
    this.limbo = limbo;
    this.#open = new Descriptors(root.fd);
  }

  #directory(handle: Handle): number {
    return mustExist(this.#open.path(handle));
  }

  #file(handle: Handle): number {
    return mustExist(this.#open.writable(handle));
  }

  attributes(handle: Handle): Attributes | null {
    const fd = this.#open.any(handle);
    if (fd === GONE) return null;
    check(statDescriptor(fd), 'statx');
    return takeAttributes();
  }

  bornMs(handle: Handle): number | null {
    const fd = this.#open.any(handle);
    return fd === GONE || statDescriptor(fd) < 0 ? null : takeAges().bornMs;
  }

  entry(parent: Handle, name: RawName): ReplicaEntry | null {
    const fd = this.#open.path(parent);
    if (fd === GONE) return null;
    const found = lookUp(takeHandle, fd, putName(name, 'statx'));
    if (found === null) return null;
    if (!isDirectory(found.attributes.mode)) this.#hints.remember(found.identity, parent, name);
    return { name, handle: found.identity, attributes: found.attributes };
  }

  list(parent: Handle): ReplicaEntry[] | null {
    const cursor = this.#cursor(parent);
    return cursor === null ? null : [...entriesOf(cursor)];
  }

  *entries(parent: Handle): Generator<ReplicaEntry, undefined> {
    const cursor = this.#cursor(parent);
    if (cursor !== null) yield* entriesOf(cursor);
  }

  /** null: no such directory. */
  #cursor(parent: Handle): DirectoryCursor | null {
    const path = this.#open.path(parent);
    if (path === GONE) return null;
    const fd = openAt(path, putPath(HERE, 'openat'), O.readOnly | O.directory | O.noAtime);
    if (fd === -ENOENT || fd === -ESTALE || fd === -ENOTDIR) return null;
    if (fd < 0) throw failure(fd, 'openat');
    return new DirectoryCursor(fd);
  }

  #handleOfNew(fd: number, parent: Handle, name: RawName): Handle {
    const result = descriptorToHandle(fd);
    if (result < 0) {
      close(fd);
      throw failure(result, 'name_to_handle_at');
    }
    const handle = takeHandle();
    this.#hints.remember(handle, parent, name);
    return handle;
  }

  createFile(parent: Handle, name: RawName, attributes: Attributes): Handle {
    const fd = createFileAt(this.#directory(parent), name, attributes);
    const handle = this.#handleOfNew(fd, parent, name);
    this.#open.adoptFile(handle, fd);
    return handle;
  }

  makeDirectory(parent: Handle, name: RawName, attributes: Attributes): Handle {
    const fd = createDirectoryAt(this.#directory(parent), name, attributes);
    const handle = this.#handleOfNew(fd, parent, name);
    this.#open.adoptPath(handle, fd);
    return handle;
  }

  makeSymlink(parent: Handle, name: RawName, target: Uint8Array, attributes: Attributes): Handle {
    const fd = createSymlinkAt(this.#directory(parent), name, target, attributes);
    const handle = this.#handleOfNew(fd, parent, name);
    this.#open.adoptPath(handle, fd);
    return handle;
  }

  makeNode(parent: Handle, name: RawName, attributes: Attributes): Handle {
    const fd = createNodeAt(this.#directory(parent), name, attributes);
    const handle = this.#handleOfNew(fd, parent, name);
    this.#open.adoptPath(handle, fd);
    return handle;
  }

  link(handle: Handle, parent: Handle, name: RawName): void {
    const directory = this.#directory(parent);
    const fd = mustExist(this.#open.any(handle));
    check(linkDescriptor(fd, directory, putName(name, 'linkat')), 'linkat');
    this.#hints.remember(handle, parent, name);
  }

  /** What a name holds now, so that its descriptors can be closed once it is gone. */
  #heldBy(directory: number, name: RawName): Handle | null {
    return nameToHandle(directory, putName(name, 'name_to_handle_at')) < 0 ? null : takeHandle();
  }

  rename(
    from: Handle,
    fromName: RawName,
    to: Handle,
    toName: RawName,
    how: 'replace' | 'no-replace' | 'exchange',
  ): void {
    const source = this.#directory(from);
    const target = this.#directory(to);
    const victim = how === 'replace' ? this.#heldBy(target, toName) : null;
    const oldName = putName(fromName, 'renameat2');
    const newName = putName(toName, 'renameat2', At.otherName);
    check(renameAt(source, oldName, target, newName, RENAME_FLAGS[how]), 'renameat2');
    if (victim !== null) this.#open.drop(victim);
  }

  unlink(parent: Handle, name: RawName): void {
    const directory = this.#directory(parent);
    const victim = this.#heldBy(directory, name);
    check(unlinkAt(directory, putName(name, 'unlinkat')), 'unlinkat');
    if (victim !== null) this.#open.drop(victim);
  }

  removeDirectory(parent: Handle, name: RawName): void {
    const directory = this.#directory(parent);
    const victim = this.#heldBy(directory, name);
    check(removeDirectoryAt(directory, putName(name, 'unlinkat')), 'unlinkat');
    if (victim !== null) this.#open.drop(victim);
  }

  write(handle: Handle, offset: number, data: Uint8Array): void {
    writeFully(this.#file(handle), offset, data);
  }

  read(handle: Handle, offset: number, length: number): Uint8Array | null {
    const fd = this.#open.readable(handle);
    if (fd === GONE) return null;
    if (this.#readBuffer.length < length) this.#readBuffer = new Uint8Array(length);
    return this.#readBuffer.subarray(0, readFully(fd, offset, this.#readBuffer.subarray(0, length)));
  }

  willNeed(handle: Handle, offset: number, length: number): void {
    try {
      const fd = this.#open.readable(handle);
      if (fd !== GONE) readAhead(fd, offset, length);
    } catch (error) {
      // The reading itself says what is wrong.
      if (!(error instanceof FileError)) throw error;
    }
  }

  truncate(handle: Handle, size: number): void {
    check(truncate(this.#file(handle), size), 'ftruncate');
  }

  allocate(handle: Handle, mode: number, offset: number, length: number): void {
    check(allocate(this.#file(handle), mode, offset, length), 'fallocate');
  }

  punch(handle: Handle, offset: number, length: number): void {
    punchHole(this.#file(handle), offset, length);
  }

  setOwner(handle: Handle, uid: number, gid: number): void {
    check(changeOwner(mustExist(this.#open.any(handle)), uid, gid), 'fchownat');
  }

  setMode(handle: Handle, mode: number): void {
    setModeOf(mustExist(this.#open.any(handle)), mode);
  }

  setTimes(handle: Handle, times: Times): void {
    const fd = mustExist(this.#open.any(handle));
    check(changeTimes(fd, times.atimeSec, times.atimeNsec, times.mtimeSec, times.mtimeNsec), 'utimensat');
  }

  setMtime(handle: Handle, sec: number, nsec: number): void {
    check(changeMtime(mustExist(this.#open.any(handle)), sec, nsec), 'utimensat');
  }

  setXattr(handle: Handle, name: RawName, value: Uint8Array): void {
    check(writeXattr(mustExist(this.#open.any(handle)), name, value), 'setxattr');
  }

  removeXattr(handle: Handle, name: RawName): void {
    const result = dropXattr(mustExist(this.#open.any(handle)), name);
    if (result !== -ENODATA) check(result, 'removexattr');
  }

  xattrs(handle: Handle): Xattr[] | null {
    const fd = this.#open.any(handle);
    return fd === GONE ? null : readXattrs(fd);
  }

  readLink(handle: Handle): Uint8Array | null {
    const fd = this.#open.path(handle);
    if (fd === GONE) return null;
    check(statDescriptor(fd), 'statx');
    if (!isSymlink(statMode())) throw new FileError('EINVAL', 'readlinkat', 'this is no symbolic link');
    return rawToBytes(takeLink(check(readLinkDescriptor(fd), 'readlinkat')));
  }

  pathOf(handle: Handle): RawName | null {
    const fd = this.#open.any(handle);
    return fd === GONE ? null : this.#hints.path(this.#held.fd, handle, fd, (parent) => this.#open.path(parent));
  }

  sync(): void {
    check(syncFileSystem(this.#held.fd), 'syncfs');
  }

  syncLater(): Promise<void> {
    return syncFileSystemLater(this.#held.fd);
  }

  close(): void {
    this.#open.clear();
    this.#held.close();
  }
}

/** Whoever stops before the end closes the cursor by it. */
function* entriesOf(cursor: DirectoryCursor): Generator<ReplicaEntry, undefined> {
  try {
    for (let found = nextEntry(takeHandle, cursor); found !== null; found = nextEntry(takeHandle, cursor))
      yield { name: found.name, handle: found.identity, attributes: found.attributes };
  } finally {
    cursor.close();
  }
}
