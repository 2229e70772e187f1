/** Opening (and making) a replica root and the limbo beside it. */
import { brand, printable, type RawName } from '@understudy/base';
import { FileError, type Handle, type ReplicaFiles } from '@understudy/engine';
import { putName, putPath } from '../syscalls/arena.ts';
import { check, EEXIST, ENODATA, EOPNOTSUPP, EROFS, failure } from '../syscalls/libc.ts';
import { changeMode, changeOwner } from '../syscalls/metadata.ts';
import { makeDirectoryAt } from '../syscalls/names.ts';
import { AT_FDCWD, close, O, openAt, privateView } from '../syscalls/open.ts';
import { statDescriptor, statDevice } from '../syscalls/stat.ts';
import { holdRoot, openRootDirectory, type TreeRoot } from '../syscalls/tree-root.ts';
import { dropXattr } from '../syscalls/xattr.ts';
import { ReplicaTree } from './replica-tree.ts';

export interface ReplicaTreeOptions {
  /** Absolute path of the replica's root. */
  readonly rootPath: RawName;
  /** Absolute path of a directory on the same file system; made where it is missing, in any case given to us alone (0700). */
  readonly limboPath: RawName;
  /** Makes the root (0700, until it is given its own mode) and its missing parents (0755). */
  readonly create?: boolean;
}

const ACLS = [brand<RawName>('system.posix_acl_default'), brand<RawName>('system.posix_acl_access')];
const PRIVATE = 0o700;
const ORDINARY = 0o755;

/** Every directory on the way that is missing is made; only the last one with `mode`. */
function makeDirectories(path: RawName, mode: number): void {
  const parts = path.split('/').filter((part) => part !== '');
  let way = '';
  for (const [index, part] of parts.entries()) {
    way += `/${part}`;
    const last = index === parts.length - 1;
    const permissions = last ? mode : ORDINARY;
    let result = makeDirectoryAt(AT_FDCWD, putPath(brand<RawName>(way), 'mkdirat'), permissions);
    if (result === -EROFS) result = makeBehind(brand<RawName>(way), permissions);
    if (result < 0 && result !== -EEXIST) throw failure(result, 'mkdirat', `"${printable(brand<RawName>(way))}"`);
  }
}

/** Where a read-only mount of ours lies over what is above it. */
function makeBehind(path: RawName, mode: number): number {
  const slash = path.lastIndexOf('/');
  const parent = openRootDirectory(brand<RawName>(path.slice(0, Math.max(1, slash))));
  try {
    return makeOwn(parent, brand<RawName>(path.slice(slash + 1)), mode);
  } finally {
    close(parent);
  }
}

/** As mkdirat; a read-only mount over the parent does not keep us from it. */
function makeOwn(parent: number, name: RawName, mode: number): number {
  const made = makeDirectoryAt(parent, putName(name, 'mkdirat'), mode);
  const behind = made === -EROFS ? privateView(parent) : null;
  if (behind === null) return made;
  try {
    return makeDirectoryAt(behind, putName(name, 'mkdirat'), mode);
  } finally {
    close(behind);
  }
}

function requireAbsolute(path: RawName, what: string): void {
  if (!path.startsWith('/'))
    throw new FileError('EINVAL', 'openat', `the ${what} "${printable(path)}" must be an absolute path`);
}

/** The last names of the path are ours: a link that somebody has put in the place of one would have us take over what it leads to. */
const OWN_NAMES = 2;

function openOwn(path: RawName, where: string): number {
  const parts = path.split('/').filter((part) => part !== '') as RawName[];
  const own = parts.splice(-OWN_NAMES);
  const base = brand<RawName>(`/${parts.join('/')}`);
  makeDirectories(base, ORDINARY);
  let fd = check(openAt(AT_FDCWD, putPath(base, 'openat'), O.path | O.directory, 0, true), 'openat', where);
  for (const [index, name] of own.entries()) {
    const last = index === own.length - 1;
    const parent = fd;
    try {
      const made = makeOwn(parent, name, last ? PRIVATE : ORDINARY);
      if (made < 0 && made !== -EEXIST) throw failure(made, 'mkdirat', where);
      fd = check(openAt(parent, putName(name, 'openat'), (last ? O.readOnly : O.path) | O.directory), 'openat', where);
    } finally {
      close(parent);
    }
  }
  return fd;
}

/** Its handle, once it is proved to be a directory of ours on the root's own file system. */
function openLimbo(path: RawName, root: TreeRoot): Handle {
  const where = `the limbo directory "${printable(path)}"`;
  const limbo = holdRoot(openOwn(path, where), path, true);
  const { fd } = limbo;
  try {
    check(statDescriptor(root.fd), 'statx');
    const device = statDevice();
    check(statDescriptor(fd), 'statx');
    if (statDevice() !== device)
      throw new FileError('EXDEV', 'statx', `${where} must lie on the same file system as the replica's root`);
    check(changeOwner(fd, process.geteuid?.() ?? 0, process.getegid?.() ?? 0), 'fchownat', where);
    check(changeMode(fd, PRIVATE), 'fchmod', where);
    // Or everything made in it would inherit what no directory on the source had.
    for (const acl of ACLS) {
      const dropped = dropXattr(fd, acl);
      if (dropped !== -ENODATA && dropped !== -EOPNOTSUPP) check(dropped, 'removexattr', where);
    }
    return limbo.handle;
  } finally {
    limbo.close();
  }
}

/**
 * Opens a replica root for changes by file handle. Throws FileError: ENOENT where it is missing, EOPNOTSUPP where its file system has no
 * file handles, EPERM without the privilege to use them, EXDEV where the limbo lies elsewhere.
 */
export function openReplicaTree(options: ReplicaTreeOptions): ReplicaFiles {
  requireAbsolute(options.rootPath, "replica's root");
  requireAbsolute(options.limboPath, 'limbo directory');
  if (options.create === true) makeDirectories(options.rootPath, PRIVATE);
  const root = holdRoot(openRootDirectory(options.rootPath), options.rootPath, true);
  try {
    return new ReplicaTree(root, openLimbo(options.limboPath, root));
  } catch (error) {
    root.close();
    throw error;
  }
}
