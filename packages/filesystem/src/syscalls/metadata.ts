/** Owner, mode and times of what a descriptor is open on; an O_PATH descriptor will do, a symbolic link is not followed. */
import { brand, type RawName } from '@understudy/base';
import { At, address, EMPTY_NAME, putPath, view } from './arena.ts';
import { kernelResult, libc } from './libc.ts';
import { AT_EMPTY_PATH } from './open.ts';

const fchownatCall: (dir: number, name: number, uid: number, gid: number, flags: number) => number = libc.func(
  'int fchownat(int, uintptr_t, uint, uint, int)',
);
const fchmodCall: (fd: number, mode: number) => number = libc.func('int fchmod(int, uint)');
const chmodCall: (path: number, mode: number) => number = libc.func('int chmod(uintptr_t, uint)');
const utimensatCall: (dir: number, name: number, times: number, flags: number) => number = libc.func(
  'int utimensat(int, uintptr_t, uintptr_t, int)',
);

/**
 * The kernel's own link to what a descriptor is open on. It leads to the inode itself, also where that is a symbolic link,
 * so calls that know only paths can be used on O_PATH descriptors.
 */
export const descriptorPath = (fd: number): RawName => brand<RawName>(`/proc/self/fd/${fd}`);

export const changeOwner = (fd: number, uid: number, gid: number): number =>
  kernelResult(fchownatCall(fd, EMPTY_NAME, uid, gid, AT_EMPTY_PATH));

export const changeMode = (fd: number, mode: number): number => kernelResult(fchmodCall(fd, mode));
export const changeModeOfPath = (fd: number, mode: number): number =>
  kernelResult(chmodCall(putPath(descriptorPath(fd), 'chmod'), mode));

const TIMES = address(At.times);
const UTIME_OMIT = 0x3ffffffe;
const TWO32 = 4294967296;

function putTime(at: number, sec: number, nsec: number): void {
  view.setUint32(at, ((sec % TWO32) + TWO32) % TWO32, true);
  view.setInt32(at + 4, Math.floor(sec / TWO32), true);
  view.setUint32(at + 8, nsec, true);
  view.setUint32(at + 12, 0, true);
}

export function changeTimes(
  fd: number,
  atimeSec: number,
  atimeNsec: number,
  mtimeSec: number,
  mtimeNsec: number,
): number {
  putTime(At.times, atimeSec, atimeNsec);
  putTime(At.times + 16, mtimeSec, mtimeNsec);
  return kernelResult(utimensatCall(fd, EMPTY_NAME, TIMES, AT_EMPTY_PATH));
}

export const changeMtime = (fd: number, sec: number, nsec: number): number => changeTimes(fd, 0, UTIME_OMIT, sec, nsec);
