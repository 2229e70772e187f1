/** What queues and journals ask of a disk and Node does not have: room reserved ahead, and a whole file system synced off the main thread. */
import { allocate } from './content.ts';
import { check, EIO, ENOSYS, EOPNOTSUPP, failure, libc } from './libc.ts';

const syncfsCall = libc.func('int syncfs(int)');

/** Reserves the first `bytes` of the file, which then read as zeros. False: this file system cannot. Throws FileError (ENOSPC …). */
export function preallocate(fd: number, bytes: number): boolean {
  const result = allocate(fd, 0, 0, bytes);
  if (result === -EOPNOTSUPP || result === -ENOSYS) return false;
  check(result, 'fallocate');
  return true;
}

/** syncfs(2) on a thread of its own; the descriptor must stay open until it settles. Rejects with a FileError. */
export function syncFileSystemLater(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    syncfsCall.async(fd, (error: unknown, result: number) => {
      if (error !== null && error !== undefined) reject(error);
      // errno is the other thread's: what exactly was wrong is not known here, and EIO is what syncfs answers.
      else if (result < 0) reject(failure(-EIO, 'syncfs'));
      else resolve();
    });
  });
}
