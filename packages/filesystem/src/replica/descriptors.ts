/**
 * Open descriptors by file handle. A hot file gets thousands of writes and a hot directory thousands of names, so both stay open a
 * while. What we delete ourselves is closed at once: a held descriptor would keep its space.
 */
import { FileError, type Handle } from '@understudy/engine';
import { putHandle } from '../syscalls/handle.ts';
import { EACCES, ENOENT, EPERM, EROFS, ESTALE, ETXTBSY, failure } from '../syscalls/libc.ts';
import { DescriptorCache } from '../syscalls/lru.ts';
import { close, O, openByHandle } from '../syscalls/open.ts';
import { isRegular, statDescriptor, statLinks, statMode } from '../syscalls/stat.ts';

const FILES_HELD = 256;
const PATHS_HELD = 256;
const READERS_HELD = 32;

const FOR_WRITING = O.readWrite | O.nonBlock | O.noAtime;
const FOR_READING = O.readOnly | O.nonBlock | O.noAtime;
/** Where a file may be read although it cannot be opened for writing: immutable, executing, on a read-only file system. */
const READABLE_STILL = new Set([-EACCES, -EPERM, -EROFS, -ETXTBSY]);

/** The file is gone. Everything else that goes wrong is thrown. */
export const GONE = -1;

export function mustExist(fd: number): number {
  if (fd === GONE) throw new FileError('ESTALE', 'open_by_handle_at', 'the file is gone');
  return fd;
}

export class Descriptors {
  readonly #mount: number;
  readonly #files = new DescriptorCache<Handle>(FILES_HELD);
  readonly #readers = new DescriptorCache<Handle>(READERS_HELD);
  readonly #paths = new DescriptorCache<Handle>(PATHS_HELD);

  constructor(mount: number) {
    this.#mount = mount;
  }

  /** O_PATH, or an open directory: enough for names beneath it and for metadata of it. */
  path(handle: Handle): number {
    const held = this.#paths.get(handle);
    if (held >= 0) return held;
    const fd = openByHandle(this.#mount, putHandle(handle), O.path);
    if (fd === -ESTALE || fd === -ENOENT) return GONE;
    if (fd < 0) throw failure(fd, 'open_by_handle_at');
    // Someone may hold a deleted file open; for us it is gone.
    if (statDescriptor(fd) < 0 || statLinks() === 0) {
      close(fd);
      return GONE;
    }
    this.#paths.put(handle, fd);
    return fd;
  }

  /** A held descriptor outlives a deletion by others: what was written to it would be lost without a word. */
  #alive(fd: number, handle: Handle): number {
    if (statDescriptor(fd) === 0 && statLinks() > 0) return fd;
    this.drop(handle);
    return GONE;
  }

  /** As `path`, or the descriptor that is open for data already; proved to be of a file that still has a name. */
  any(handle: Handle): number {
    const file = this.#files.get(handle);
    const fd = file >= 0 ? file : this.path(handle);
    return fd === GONE ? GONE : this.#alive(fd, handle);
  }

  /** Open for reading and writing. */
  writable(handle: Handle): number {
    const held = this.#files.get(handle);
    if (held >= 0) return this.#alive(held, handle);
    const fd = this.#openRegular(handle, FOR_WRITING);
    if (fd === GONE) return GONE;
    if (fd < 0) throw failure(fd, 'open_by_handle_at', 'it cannot be opened for writing');
    this.#files.put(handle, fd);
    return fd;
  }

  readable(handle: Handle): number {
    const held = this.#files.get(handle);
    if (held >= 0) return this.#alive(held, handle);
    const reader = this.#readers.get(handle);
    if (reader >= 0) return this.#alive(reader, handle);
    return this.#openReadable(handle);
  }

  #openReadable(handle: Handle): number {
    const both = this.#openRegular(handle, FOR_WRITING);
    if (both === GONE) return GONE;
    if (both >= 0) {
      this.#files.put(handle, both);
      return both;
    }
    if (!READABLE_STILL.has(both)) throw failure(both, 'open_by_handle_at');
    const fd = this.#openRegular(handle, FOR_READING);
    if (fd === GONE) return GONE;
    if (fd < 0) throw failure(fd, 'open_by_handle_at', 'it cannot be opened for reading');
    this.#readers.put(handle, fd);
    return fd;
  }

  /** A descriptor, GONE, or below it minus the errno. Looked at before it is opened: merely opening some devices does something. */
  #openRegular(handle: Handle, flags: number): number {
    const path = this.path(handle);
    if (path === GONE || this.#alive(path, handle) === GONE) return GONE;
    if (!isRegular(statMode())) throw new FileError('EINVAL', 'open_by_handle_at', 'this is no regular file');
    const fd = openByHandle(this.#mount, putHandle(handle), flags);
    this.#paths.drop(handle);
    if (fd === -EPERM) return -EACCES;
    return fd === -ESTALE || fd === -ENOENT ? GONE : fd;
  }

  /** Takes over a descriptor that is open for reading and writing. */
  adoptFile(handle: Handle, fd: number): void {
    this.#files.put(handle, fd);
  }

  adoptPath(handle: Handle, fd: number): void {
    this.#paths.put(handle, fd);
  }

  drop(handle: Handle): void {
    this.#files.drop(handle);
    this.#readers.drop(handle);
    this.#paths.drop(handle);
  }

  clear(): void {
    this.#files.clear();
    this.#readers.clear();
    this.#paths.clear();
  }
}
