/** What file system a path lies on. */

import { Buffer } from 'node:buffer';
import { statfsSync } from 'node:fs';
import { printable, type RawName } from '@understudy/base';
import { putPath } from '../syscalls/arena.ts';
import { descriptorToHandle, putHandle, takeHandle } from '../syscalls/handle.ts';
import { check } from '../syscalls/libc.ts';
import { AT_FDCWD, close, O, openAt, openByHandle } from '../syscalls/open.ts';
import { isDirectory, statDescriptor, statDevice, statMode, statMountId } from '../syscalls/stat.ts';
import { mountTable } from './mount-table.ts';

export interface FileSystemInfo {
  /** As /proc/self/mountinfo names it, `ext4`; `unknown` where the mount is not to be seen. */
  readonly type: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Free for processes without root's reserve. */
  readonly availableBytes: number;
  readonly readOnly: boolean;
  /** Files can be opened by handle there, by this process. */
  readonly supportsHandles: boolean;
  /** Equal for two paths exactly if a file can be renamed from one to the other (apart from bind mounts). */
  readonly device: string;
  readonly mountPoint: RawName | null;
}

/** Symbolic links are followed. Throws FileError ENOENT and the like. */
export function fileSystemOf(path: RawName): FileSystemInfo {
  const detail = `"${printable(path)}"`;
  const fd = check(openAt(AT_FDCWD, putPath(path, 'openat'), O.path, 0, true), 'openat', detail);
  try {
    check(statDescriptor(fd), 'statx', detail);
    const mountId = statMountId();
    const device = statDevice();
    const mount = mountTable().find((each) => each.id === mountId);
    const space = statfsSync(Buffer.from(`/proc/self/fd/${fd}`));
    return {
      type: mount?.type ?? 'unknown',
      totalBytes: space.blocks * space.bsize,
      freeBytes: space.bfree * space.bsize,
      availableBytes: space.bavail * space.bsize,
      readOnly: mount !== undefined && (mount.options.includes('ro') || mount.superOptions.includes('ro')),
      supportsHandles: opensByHandle(fd, path),
      device,
      mountPoint: mount?.mountPoint ?? null,
    };
  } finally {
    close(fd);
  }
}

/** Tried, not asked: some file systems give handles that nobody can open again. */
function opensByHandle(fd: number, path: RawName): boolean {
  if (descriptorToHandle(fd) < 0) return false;
  const handle = takeHandle();
  statDescriptor(fd);
  const mount = openReadable(isDirectory(statMode()) ? path : parentOf(path));
  if (mount < 0) return false;
  const again = openByHandle(mount, putHandle(handle), O.path);
  close(mount);
  if (again >= 0) close(again);
  return again >= 0;
}

/** open_by_handle_at takes no O_PATH descriptor for its mount. */
function openReadable(path: RawName): number {
  return openAt(AT_FDCWD, putPath(path, 'openat'), O.readOnly | O.directory | O.nonBlock, 0, true);
}

function parentOf(path: RawName): RawName {
  const slash = path.lastIndexOf('/');
  return (slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash)) as RawName;
}
