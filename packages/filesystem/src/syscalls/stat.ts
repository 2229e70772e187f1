/** statx(2): attributes with times in nanoseconds as signed seconds, so that any year survives. */
import type { Attributes } from '@understudy/wire';
import { At, address, EMPTY_NAME, view } from './arena.ts';
import { kernelResult, libc } from './libc.ts';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from './open.ts';

const statxCall: (dir: number, name: number, flags: number, mask: number, into: number) => number = libc.func(
  'int statx(int, uintptr_t, int, uint, uintptr_t)',
);

const BASIC = 0x7ff;
const BORN = 0x800;
const MOUNT_ID = 0x1000;
const AT_NO_AUTOMOUNT = 0x800;
const INTO = address(At.stat);

/** Of a name beneath `dir`, a symbolic link itself; the answer stays in the arena for the readers below. */
export function statName(dir: number, name: number): number {
  return kernelResult(statxCall(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, BASIC, INTO));
}

export function statDescriptor(fd: number): number {
  return kernelResult(statxCall(fd, EMPTY_NAME, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, BASIC | BORN | MOUNT_ID, INTO));
}

const TWO32 = 4294967296;
const u64 = (at: number): number => view.getUint32(at + 4, true) * TWO32 + view.getUint32(at, true);
const s64 = (at: number): number => view.getInt32(at + 4, true) * TWO32 + view.getUint32(at, true);

/** The kernel's dev_t number: minor's low byte, 12 bits of major, the rest of minor. */
function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

const FORMAT = 0o170000;
export const isDirectory = (mode: number): boolean => (mode & FORMAT) === 0o040000;
export const isRegular = (mode: number): boolean => (mode & FORMAT) === 0o100000;
export const isSymlink = (mode: number): boolean => (mode & FORMAT) === 0o120000;

export const statMode = (): number => view.getUint16(At.stat + 28, true);
export const statLinks = (): number => view.getUint32(At.stat + 16, true);
export const statSize = (): number => u64(At.stat + 40);
export const statInodeLow = (): number => view.getUint32(At.stat + 32, true);
export const statDevice = (): string => `${view.getUint32(At.stat + 136, true)}:${view.getUint32(At.stat + 140, true)}`;
export const statMountId = (): number => u64(At.stat + 144);

/** Of the last `statDescriptor`. */
export function takeAges(): { bornMs: number | null; changedMs: number } {
  const at = At.stat;
  const ms = (time: number): number => s64(time) * 1000 + view.getUint32(time + 8, true) / 1e6;
  const tellsBorn = (view.getUint32(at, true) & BORN) !== 0;
  return { bornMs: tellsBorn ? ms(at + 80) : null, changedMs: ms(at + 96) };
}

export function takeAttributes(): Attributes {
  const at = At.stat;
  const mode = statMode();
  const format = mode & FORMAT;
  const device = format === 0o020000 || format === 0o060000;
  return {
    mode,
    uid: view.getUint32(at + 20, true),
    gid: view.getUint32(at + 24, true),
    nlink: view.getUint32(at + 16, true),
    size: u64(at + 40),
    rdev: device ? deviceNumber(view.getUint32(at + 128, true), view.getUint32(at + 132, true)) : 0,
    atimeSec: s64(at + 64),
    atimeNsec: view.getUint32(at + 72, true),
    mtimeSec: s64(at + 112),
    mtimeNsec: view.getUint32(at + 120, true),
  };
}
