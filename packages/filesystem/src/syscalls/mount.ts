/** Mounts put up and taken away. Names are addresses; none of these follows a symbolic link in the last component. */
import { At, address, EMPTY_NAME, view } from './arena.ts';
import { kernelResult, libc } from './libc.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O } from './open.ts';

const openTreeCall: (dir: number, name: number, flags: number) => number = libc.func(
  'int open_tree(int, uintptr_t, uint)',
);
const moveMountCall: (from: number, fromName: number, to: number, toName: number, flags: number) => number = libc.func(
  'int move_mount(int, uintptr_t, int, uintptr_t, uint)',
);
const mountSetattrCall: (dir: number, name: number, flags: number, attr: number, size: number) => number = libc.func(
  'int mount_setattr(int, uintptr_t, uint, uintptr_t, size_t)',
);
const umountCall: (path: number, flags: number) => number = libc.func('int umount2(uintptr_t, int)');

const OPEN_TREE_CLONE = 1;
const AT_RECURSIVE = 0x8000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x04;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const MOUNT_ATTR_RDONLY = 1;
const MS_PRIVATE = 1 << 18;
const UMOUNT_NOFOLLOW = 8;
const MNT_DETACH = 2;

function setAttributes(dir: number, name: number, flags: number, change: { set: number; clear: number; kind: number }) {
  view.setBigUint64(At.mountAttributes, BigInt(change.set), true);
  view.setBigUint64(At.mountAttributes + 8, BigInt(change.clear), true);
  view.setBigUint64(At.mountAttributes + 16, BigInt(change.kind), true);
  view.setBigUint64(At.mountAttributes + 24, 0n, true);
  return kernelResult(mountSetattrCall(dir, name, flags, address(At.mountAttributes), 32));
}

/** A detached copy of the mount at `fd`'s directory, with what is mounted beneath it. */
export const cloneMounts = (fd: number): number =>
  kernelResult(openTreeCall(fd, EMPTY_NAME, OPEN_TREE_CLONE | O.closeOnExec | AT_EMPTY_PATH | AT_RECURSIVE));

/** Of the mount `fd` stands for alone, not of those beneath it. */
export const makeReadOnly = (fd: number): number =>
  setAttributes(fd, EMPTY_NAME, AT_EMPTY_PATH, { set: MOUNT_ATTR_RDONLY, clear: 0, kind: 0 });

/** What is mounted in other places from now on does not show in these mounts, nor the other way round. */
export const makePrivate = (fd: number): number =>
  setAttributes(fd, EMPTY_NAME, AT_EMPTY_PATH | AT_RECURSIVE, { set: 0, clear: 0, kind: MS_PRIVATE });

/** The mount at this path. */
export const makeWritable = (path: number): number =>
  setAttributes(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, { set: 0, clear: MOUNT_ATTR_RDONLY, kind: 0 });

/** Lays the detached mount over the directory `onto` is open on, whatever its path has become. */
export const attachMount = (mount: number, onto: number): number =>
  kernelResult(moveMountCall(mount, EMPTY_NAME, onto, EMPTY_NAME, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));

export const unmount = (path: number): number => kernelResult(umountCall(path, UMOUNT_NOFOLLOW));

/** It is gone from the tree at once, and altogether when the last one who uses it ends. */
export const detachMount = (path: number): number => kernelResult(umountCall(path, UMOUNT_NOFOLLOW | MNT_DETACH));
