/** What an application does to a protected directory. Paths are raw and relative to it, without a slash at either end. */
import type { RawName } from '@understudy/base';
import type { Timestamp } from '../memory/node.ts';

export interface Actor {
  create(path: RawName, mode?: number): void;
  write(path: RawName, offset: number, data: Uint8Array): void;
  append(path: RawName, data: Uint8Array): void;
  truncate(path: RawName, size: number): void;
  fallocate(path: RawName, mode: number, offset: number, length: number): void;
  /** Stores through a shared mapping and waits until they are written back. */
  mapStore(path: RawName, offset: number, data: Uint8Array): void;
  mkdir(path: RawName, mode?: number): void;
  rmdir(path: RawName): void;
  symlink(path: RawName, target: Uint8Array): void;
  mknod(path: RawName, mode: number, rdev: number): void;
  link(path: RawName, to: RawName): void;
  unlink(path: RawName): void;
  rename(path: RawName, to: RawName): void;
  exchange(path: RawName, to: RawName): void;
  chmod(path: RawName, mode: number): void;
  /** The link itself where the path is one. */
  chown(path: RawName, uid: number, gid: number): void;
  utimens(path: RawName, atime: Timestamp, mtime: Timestamp): void;
  setXattr(path: RawName, name: RawName, value: Uint8Array): void;
  removeXattr(path: RawName, name: RawName): void;
  /** Makes a file without a name, writes to it, and gives it the name. */
  tmpfile(path: RawName, data: Uint8Array): void;
  /** Opens the file, removes its name, writes through the descriptor and closes it. */
  writeUnlinked(path: RawName, data: Uint8Array): void;
  /** Something that differs when the directory is covered by another mount: device and inode. */
  identity(): string;
}
