/**
 * A read-only mount of a directory over itself: whoever comes by its path can read and not write. In: paths of directories. Out: the
 * cover, found again by its shape alone, so that another process can tell it and take it away. Promises: it is read-only from its first
 * moment; nothing is laid over a directory that has a cover already; what others have mounted within it meanwhile does not vanish.
 */
import type { RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { putPath } from '../syscalls/arena.ts';
import { check } from '../syscalls/libc.ts';
import {
  attachMount,
  cloneMounts,
  detachMount,
  makePrivate,
  makeReadOnly,
  makeWritable,
  unmount,
} from '../syscalls/mount.ts';
import { close } from '../syscalls/open.ts';
import { openRootDirectory } from '../syscalls/tree-root.ts';
import { insideOf, mountAt } from './mount-at.ts';
import { type Mount, mountTable } from './mount-table.ts';

/** Throws FileError: EPERM without the privilege to mount, ENOSYS on a kernel that is too old. */
export function coverReadOnly(path: RawName): void {
  if (coverAt(path) !== null) return;
  const directory = openRootDirectory(path);
  let clone = -1;
  try {
    clone = check(cloneMounts(directory), 'open_tree');
    check(makeReadOnly(clone), 'mount_setattr');
    // Or it would be a peer of the mount it is a copy of, and covers would lie upon covers.
    check(makePrivate(clone), 'mount_setattr');
    check(attachMount(clone, directory), 'move_mount');
  } finally {
    if (clone >= 0) close(clone);
    close(directory);
  }
}

/** The read-only cover that lies over this directory; null: none. Throws FileError. */
export function coverAt(path: RawName, table: readonly Mount[] = mountTable()): Mount | null {
  const { path: real, mount } = mountAt(path, table);
  if (mount.mountPoint !== real || !mount.options.includes('ro')) return null;
  const under = table.find(({ id }) => id === mount.parentId);
  if (under === undefined || under.device !== mount.device) return null;
  return insideOf(under, real) === mount.root ? mount : null;
}

/**
 * Takes the cover away. The answer: what others have mounted within it, which keeps it where it is, writable; empty: it is gone, or was
 * never there. Who reads within it may go on: both mounts show the same files. Throws FileError.
 */
export function uncover(path: RawName): RawName[] {
  const table = mountTable();
  const cover = coverOrNone(path, table);
  if (cover === null) return [];
  const at = () => putPath(cover.mountPoint, 'umount2');
  if (unmount(at()) === 0) return [];
  // Somebody stands within it: for them it becomes writable, too, and then it leaves the tree.
  check(makeWritable(at()), 'mount_setattr');
  const foreign = mountedSince(cover, table);
  if (foreign.length === 0) check(detachMount(at()), 'umount2');
  return foreign;
}

function coverOrNone(path: RawName, table: readonly Mount[]): Mount | null {
  try {
    return coverAt(path, table);
  } catch (error) {
    if (error instanceof FileError && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null;
    throw error;
  }
}

/** What the mount beneath does not have: it would be gone with the cover. */
function mountedSince(cover: Mount, table: readonly Mount[]): RawName[] {
  const key = ({ device, root, mountPoint }: Mount) => `${device} ${root} ${mountPoint}`;
  const beneath = new Set(table.filter(({ parentId }) => parentId === cover.parentId).map(key));
  return table.filter((one) => one.parentId === cover.id && !beneath.has(key(one))).map(({ mountPoint }) => mountPoint);
}
