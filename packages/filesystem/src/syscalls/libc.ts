/**
 * syscalls: the system calls Node lacks, one thin function each. In: descriptors, and names already laid into the arena.
 * Out: the call's result, or minus the errno number, as the kernel itself answers; `check` turns that into a FileError.
 * Promised: nothing here follows a symbolic link in the last component, and nothing keeps memory between calls.
 */
import { constants } from 'node:os';
import { FileError } from '@understudy/engine';
import koffi from 'koffi';

/** Addresses travel as plain numbers (they fit 2^53 on every Linux), because a bigint a call costs more than the call. */
export const libc = koffi.load(null);

/** The result of a call that answers -1 on failure, as the kernel gives it: minus the errno. */
export function kernelResult(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

const NAMES = new Map<number, string>([
  [117, 'EUCLEAN'],
  [121, 'EREMOTEIO'],
  [124, 'EMEDIUMTYPE'],
]);
for (const [name, number] of Object.entries(constants.errno))
  if (name !== 'EWOULDBLOCK' && name !== 'ENOTSUP') NAMES.set(number, name);

export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

export const {
  ENOENT,
  EPERM,
  EIO,
  EACCES,
  EEXIST,
  ENOTDIR,
  EINVAL,
  ETXTBSY,
  EROFS,
  ENAMETOOLONG,
  ENOSYS,
  ENODATA,
  ENXIO,
  ENOMEM,
  EOPNOTSUPP,
  ESTALE,
} = constants.errno;

export function failure(result: number, call: string, detail = ''): FileError {
  return new FileError(errnoName(-result), call, detail);
}

/** The result, or a FileError where it is minus an errno. */
export function check(result: number, call: string, detail = ''): number {
  if (result < 0) throw failure(result, call, detail);
  return result;
}
