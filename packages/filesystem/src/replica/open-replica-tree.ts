/** Opening (and making) a replica root and the limbo beside it. */
import { brand, printable, type RawName } from '@understudy/base';
import { FileError, type Handle, type ReplicaFiles } from '@understudy/engine';
import { putPath } from '../syscalls/arena.ts';
import { descriptorToHandle, takeHandle } from '../syscalls/handle.ts';
import { check, EEXIST, ENODATA, EOPNOTSUPP, failure } from '../syscalls/libc.ts';
import { changeMode, changeOwner } from '../syscalls/metadata.ts';
import { makeDirectoryAt } from '../syscalls/names.ts';
import { AT_FDCWD, close, O, openAt } from '../syscalls/open.ts';
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
    const result = makeDirectoryAt(AT_FDCWD, putPath(brand<RawName>(way), 'mkdirat'), last ? mode : ORDINARY);
    if (result < 0 && result !== -EEXIST) throw failure(result, 'mkdirat', `"${printable(brand<RawName>(way))}"`);
  }
}

function requireAbsolute(path: RawName, what: string): void {
  if (!path.startsWith('/'))
    throw new FileError('EINVAL', 'openat', `the ${what} "${printable(path)}" must be an absolute path`);
}

/** Its handle, once it is proved to be a directory of ours on the root's own file system. */
function openLimbo(path: RawName, root: TreeRoot): Handle {
  makeDirectories(path, PRIVATE);
  const where = `the limbo directory "${printable(path)}"`;
  const fd = check(openAt(AT_FDCWD, putPath(path, 'openat'), O.readOnly | O.directory), 'openat', where);
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
    check(descriptorToHandle(fd), 'name_to_handle_at', where);
    return takeHandle();
  } finally {
    close(fd);
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
