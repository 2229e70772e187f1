/** Bytes of files: positioned reads and writes, size, holes, and what makes them durable. */
import { kernelResult, libc } from './libc.ts';

const preadCall: (fd: number, into: Uint8Array, size: number, offset: number) => number = libc.func(
  'intptr_t pread(int, void *, size_t, int64_t)',
);
const pwriteCall: (fd: number, from: Uint8Array, size: number, offset: number) => number = libc.func(
  'intptr_t pwrite(int, const void *, size_t, int64_t)',
);
const ftruncateCall: (fd: number, size: number) => number = libc.func('int ftruncate(int, int64_t)');
const fallocateCall: (fd: number, mode: number, offset: number, length: number) => number = libc.func(
  'int fallocate(int, int, int64_t, int64_t)',
);
const lseekCall: (fd: number, offset: number, whence: number) => number = libc.func('int64_t lseek(int, int64_t, int)');
const fadviseCall: (fd: number, offset: number, length: number, advice: number) => number = libc.func(
  'int posix_fadvise(int, int64_t, int64_t, int)',
);
const syncfsCall: (fd: number) => number = libc.func('int syncfs(int)');

export const readAt = (fd: number, into: Uint8Array, size: number, offset: number): number =>
  kernelResult(preadCall(fd, into, size, offset));
export const writeAt = (fd: number, from: Uint8Array, size: number, offset: number): number =>
  kernelResult(pwriteCall(fd, from, size, offset));
export const truncate = (fd: number, size: number): number => kernelResult(ftruncateCall(fd, size));
export const allocate = (fd: number, mode: number, offset: number, length: number): number =>
  kernelResult(fallocateCall(fd, mode, offset, length));
export const FALLOCATE_PUNCH = 2 | 1;

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
export const seekData = (fd: number, offset: number): number => kernelResult(lseekCall(fd, offset, SEEK_DATA));
export const seekHole = (fd: number, offset: number): number => kernelResult(lseekCall(fd, offset, SEEK_HOLE));

const POSIX_FADV_WILLNEED = 3;
/** A hint; its failure means nothing. */
export function readAhead(fd: number, offset: number, length: number): void {
  fadviseCall(fd, offset, length, POSIX_FADV_WILLNEED);
}

export const syncFileSystem = (fd: number): number => kernelResult(syncfsCall(fd));
