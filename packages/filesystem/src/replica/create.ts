/**
 * Making files, directories, links and nodes with exactly the mode and owner given, whatever the umask and a directory's setgid bit say.
 * A directory's default ACL is inherited as on the source: applied in order, it is the one that the source's file inherited, and no
 * record tells of that. What cannot be finished is taken away again.
 */
import type { RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import type { Attributes } from '@understudy/wire';
import { At, putName, putText } from '../syscalls/arena.ts';
import { check } from '../syscalls/libc.ts';
import { changeMode, changeModeOfPath, changeOwner } from '../syscalls/metadata.ts';
import { makeDirectoryAt, makeNodeAt, removeDirectoryAt, symlinkAt, unlinkAt } from '../syscalls/names.ts';
import { close, O, openAt } from '../syscalls/open.ts';
import { isDirectory, isSymlink, statDescriptor, statMode, takeAttributes } from '../syscalls/stat.ts';

const PERMISSIONS = 0o7777;
const PLAIN = 0o777;
const FORMAT = 0o170000;
const SPECIAL = new Set([0o010000, 0o020000, 0o060000, 0o140000]);

/** The result is a descriptor for reading and writing. */
export function createFileAt(dir: number, name: RawName, wanted: Attributes): number {
  const flags = O.readWrite | O.create | O.exclusive | O.noAtime;
  const fd = check(openAt(dir, putName(name, 'openat'), flags, wanted.mode & PLAIN), 'openat');
  return finish(dir, name, fd, wanted);
}

/** The result is a descriptor of the directory. */
export function createDirectoryAt(dir: number, name: RawName, wanted: Attributes): number {
  check(makeDirectoryAt(dir, putName(name, 'mkdirat'), wanted.mode & PLAIN), 'mkdirat');
  const fd = check(openAt(dir, putName(name, 'openat'), O.readOnly | O.directory | O.noAtime), 'openat');
  return finish(dir, name, fd, wanted);
}

/** The result is an O_PATH descriptor of the link itself. */
export function createSymlinkAt(dir: number, name: RawName, target: Uint8Array, wanted: Attributes): number {
  const to = putText(target, 'symlinkat', At.otherName);
  check(symlinkAt(to, dir, putName(name, 'symlinkat')), 'symlinkat');
  const fd = check(openAt(dir, putName(name, 'openat'), O.path), 'openat');
  return finish(dir, name, fd, wanted);
}

/** The result is an O_PATH descriptor. */
export function createNodeAt(dir: number, name: RawName, wanted: Attributes): number {
  if (!SPECIAL.has(wanted.mode & FORMAT))
    throw new FileError('EINVAL', 'mknodat', 'the mode names neither a FIFO, nor a socket, nor a device');
  const mode = wanted.mode & (FORMAT | PLAIN);
  check(makeNodeAt(dir, putName(name, 'mknodat'), mode, wanted.rdev), 'mknodat');
  const fd = check(openAt(dir, putName(name, 'openat'), O.path), 'openat');
  return finish(dir, name, fd, wanted);
}

function finish(dir: number, name: RawName, fd: number, wanted: Attributes): number {
  try {
    settle(fd, wanted);
    return fd;
  } catch (error) {
    close(fd);
    const at = putName(name, 'unlinkat');
    if (isDirectory(wanted.mode)) removeDirectoryAt(dir, at);
    else unlinkAt(dir, at);
    throw error;
  }
}

/** Each step only where something differs: a chown or chmod that changes nothing still costs a journal entry. */
function settle(fd: number, wanted: Attributes): void {
  check(statDescriptor(fd), 'statx');
  const made = takeAttributes();
  if ((made.mode & FORMAT) !== (wanted.mode & FORMAT) && (wanted.mode & FORMAT) !== 0)
    throw new FileError('EEXIST', 'statx', 'the name was taken over by another file');
  if (made.uid !== wanted.uid || made.gid !== wanted.gid) check(changeOwner(fd, wanted.uid, wanted.gid), 'fchownat');
  // A change of owner takes setuid and setgid away, so the mode comes last.
  if (!isSymlink(made.mode) && ((made.mode ^ wanted.mode) & PERMISSIONS) !== 0) setModeOf(fd, wanted.mode);
}

const EBADF = 9;

/** Permission bits of what `fd` is open on, O_PATH or not; never of a symbolic link. */
export function setModeOf(fd: number, mode: number): void {
  const direct = changeMode(fd, mode & PERMISSIONS);
  if (direct !== -EBADF) {
    check(direct, 'fchmod');
    return;
  }
  check(statDescriptor(fd), 'statx');
  if (isSymlink(statMode())) throw new FileError('EOPNOTSUPP', 'chmod', 'a symbolic link has no mode of its own');
  check(changeModeOfPath(fd, mode & PERMISSIONS), 'chmod');
}
