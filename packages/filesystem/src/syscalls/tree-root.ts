/** A directory held as the root of a tree: proved to have file handles that can be opened again. */
import { brand, printable, type RawName } from '@understudy/base';
import { FileError, type Handle } from '@understudy/engine';
import { putPath } from './arena.ts';
import { descriptorToHandle, putHandle, takeHandle } from './handle.ts';
import { check, EINVAL, ENODATA, EOPNOTSUPP, EPERM, errnoName, failure } from './libc.ts';
import { AT_FDCWD, close, duplicate, O, openAt, openByHandle, privateView } from './open.ts';

export const HERE = brand<RawName>('.');

/** The directory at a path given by an administrator: links on the way are followed, here and nowhere else. */
export function openRootDirectory(path: RawName): number {
  return check(
    openAt(AT_FDCWD, putPath(path, 'openat'), O.readOnly | O.directory, 0, true),
    'openat',
    `the directory "${printable(path)}" cannot be opened`,
  );
}

export interface TreeRoot {
  /** Open on the root through the private view where there is one; file handles are opened against it. */
  readonly fd: number;
  readonly handle: Handle;
  close(): void;
}

/** Takes `directory` over. The descriptor given stays open as well, so that the file system cannot be unmounted beneath the tree. */
export function holdRoot(directory: number, path: RawName, cloneMount: boolean): TreeRoot {
  const owned = [directory];
  try {
    const tree = cloneMount ? privateView(directory) : null;
    if (tree !== null) owned.push(tree);
    // A descriptor from open_tree(2) is O_PATH, which open_by_handle_at refuses.
    const fd = check(openAt(tree ?? directory, putPath(HERE, 'openat'), O.readOnly | O.directory), 'openat');
    owned.push(fd);
    const handle = provenHandle(fd, path);
    return { fd, handle, close: () => owned.splice(0).forEach(close) };
  } catch (error) {
    owned.forEach(close);
    throw error;
  }
}

/** Through a view of our own here too: a link cannot be read without changing its access time on a mount that keeps them. */
export const holdDescriptor = (fd: number, path: RawName): TreeRoot => holdRoot(duplicate(fd), path, true);

function provenHandle(fd: number, path: RawName): Handle {
  const where = `"${printable(path)}"`;
  const named = descriptorToHandle(fd);
  if (named === -EOPNOTSUPP || named === -ENODATA) throw noHandles(where);
  if (named < 0) throw failure(named, 'name_to_handle_at', where);
  const handle = takeHandle();
  const again = openByHandle(fd, putHandle(handle), O.path);
  if (again === -EPERM)
    throw new FileError(
      'EPERM',
      'open_by_handle_at',
      `${where} can only be opened by handle with CAP_DAC_READ_SEARCH; run as root`,
    );
  if (again === -EOPNOTSUPP || again === -EINVAL) throw noHandles(where);
  if (again < 0) throw new FileError(errnoName(-again), 'open_by_handle_at', where);
  close(again);
  return handle;
}

const noHandles = (where: string): FileError =>
  new FileError(
    'EOPNOTSUPP',
    'name_to_handle_at',
    `the file system of ${where} has no file handles; use ext4, XFS or btrfs`,
  );
