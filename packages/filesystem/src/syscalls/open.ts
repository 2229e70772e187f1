/** Opening by name and by file handle, and private views of a mount. */

import { At, address, EMPTY_NAME, view } from './arena.ts';
import { check, ENOMEM, kernelResult, libc } from './libc.ts';

export const O = {
  readOnly: 0,
  readWrite: 2,
  create: 0o100,
  exclusive: 0o200,
  nonBlock: 0o4000,
  directory: 0o200000,
  noFollow: 0o400000,
  noAtime: 0o1000000,
  closeOnExec: 0o2000000,
  path: 0o10000000,
} as const;
export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;

const openatCall: (dir: number, name: number, flags: number, mode: number) => number = libc.func(
  'int openat(int, uintptr_t, int, uint)',
);
const openByHandleCall: (mount: number, handle: number, flags: number) => number = libc.func(
  'int open_by_handle_at(int, uintptr_t, int)',
);
const closeCall: (fd: number) => number = libc.func('int close(int)');
const fcntlCall: (fd: number, command: number, argument: number) => number = libc.func('int fcntl(int, int, long)');
const openTreeCall: (dir: number, name: number, flags: number) => number = libc.func(
  'int open_tree(int, uintptr_t, uint)',
);
const mountSetattrCall: (dir: number, name: number, flags: number, attr: number, size: number) => number = libc.func(
  'int mount_setattr(int, uintptr_t, uint, uintptr_t, size_t)',
);

/** O_CLOEXEC is always added; O_NOFOLLOW unless `follow`. `name` is an address. */
export function openAt(dir: number, name: number, flags: number, mode = 0, follow = false): number {
  return kernelResult(openatCall(dir, name, flags | O.closeOnExec | (follow ? 0 : O.noFollow), mode));
}

/** A file is being made under the number of the one that is asked for, which is gone; that takes microseconds. */
const BEING_MADE_TRIES = 200;

/**
 * `handle` is the address of a struct file_handle. O_NONBLOCK where it is opened for data, so that no FIFO can hold us. The kernel says
 * ENOMEM, too, while the number in the handle is being given to a new file (iget_locked finds an inode that is not made yet): looked at
 * again, it is ESTALE.
 */
export function openByHandle(mount: number, handle: number, flags: number): number {
  for (let tries = 0; ; tries += 1) {
    const fd = kernelResult(openByHandleCall(mount, handle, flags | O.closeOnExec | O.noFollow));
    if (fd !== -ENOMEM || tries === BEING_MADE_TRIES) return fd;
  }
}

export function close(fd: number): void {
  closeCall(fd);
}

const F_DUPFD_CLOEXEC = 1030;
export function duplicate(fd: number): number {
  return check(kernelResult(fcntlCall(fd, F_DUPFD_CLOEXEC, 3)), 'fcntl');
}

const OPEN_TREE_CLONE = 1;
const MOUNT_ATTR_RDONLY = 1;
const MOUNT_ATTR_NOATIME = 0x10;
const MOUNT_ATTR_ATIME_MASK = 0x70;
const MS_PRIVATE = 1n << 18n;

/**
 * A private, writable, detached mount of the directory `fd` is open on: mounts others put on top of it or beneath it, and
 * their read-only flags, do not exist there, and reading changes no access times. Null where the kernel or a missing privilege denies it.
 */
export function privateView(fd: number): number | null {
  const tree = kernelResult(openTreeCall(fd, EMPTY_NAME, OPEN_TREE_CLONE | O.closeOnExec | AT_EMPTY_PATH));
  if (tree < 0) return null;
  view.setBigUint64(At.mountAttributes, BigInt(MOUNT_ATTR_NOATIME), true);
  view.setBigUint64(At.mountAttributes + 8, BigInt(MOUNT_ATTR_RDONLY | MOUNT_ATTR_ATIME_MASK), true);
  // Private, or what others mount over the directory could come to lie over the view as well.
  view.setBigUint64(At.mountAttributes + 16, MS_PRIVATE, true);
  view.setBigUint64(At.mountAttributes + 24, 0n, true);
  if (mountSetattrCall(tree, EMPTY_NAME, AT_EMPTY_PATH, address(At.mountAttributes), 32) < 0) {
    close(tree);
    return null;
  }
  return tree;
}
