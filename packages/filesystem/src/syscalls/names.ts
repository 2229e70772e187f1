/** Calls that change names beneath a directory descriptor. Names are addresses; none of these follows a symbolic link. */
import type { RawName } from '@understudy/base';
import { At, address, EMPTY_NAME, MAX_PATH, rawAt } from './arena.ts';
import { kernelResult, libc } from './libc.ts';
import { AT_EMPTY_PATH, AT_REMOVEDIR } from './open.ts';

const mkdiratCall: (dir: number, name: number, mode: number) => number = libc.func('int mkdirat(int, uintptr_t, uint)');
const mknodatCall: (dir: number, name: number, mode: number, device: number) => number = libc.func(
  'int mknodat(int, uintptr_t, uint, uint64_t)',
);
const symlinkatCall: (target: number, dir: number, name: number) => number = libc.func(
  'int symlinkat(uintptr_t, int, uintptr_t)',
);
const linkatCall: (from: number, fromName: number, to: number, toName: number, flags: number) => number = libc.func(
  'int linkat(int, uintptr_t, int, uintptr_t, int)',
);
const unlinkatCall: (dir: number, name: number, flags: number) => number = libc.func(
  'int unlinkat(int, uintptr_t, int)',
);
const renameat2Call: (from: number, fromName: number, to: number, toName: number, flags: number) => number = libc.func(
  'int renameat2(int, uintptr_t, int, uintptr_t, uint)',
);
const readlinkatCall: (dir: number, name: number, into: number, size: number) => number = libc.func(
  'intptr_t readlinkat(int, uintptr_t, uintptr_t, size_t)',
);

export const makeDirectoryAt = (dir: number, name: number, mode: number): number =>
  kernelResult(mkdiratCall(dir, name, mode));
export const makeNodeAt = (dir: number, name: number, mode: number, device: number): number =>
  kernelResult(mknodatCall(dir, name, mode, device));
export const symlinkAt = (target: number, dir: number, name: number): number =>
  kernelResult(symlinkatCall(target, dir, name));
/** A further name for what `fd` is open on (O_PATH will do); needs CAP_DAC_READ_SEARCH. */
export const linkDescriptor = (fd: number, dir: number, name: number): number =>
  kernelResult(linkatCall(fd, EMPTY_NAME, dir, name, AT_EMPTY_PATH));
export const unlinkAt = (dir: number, name: number): number => kernelResult(unlinkatCall(dir, name, 0));
export const removeDirectoryAt = (dir: number, name: number): number =>
  kernelResult(unlinkatCall(dir, name, AT_REMOVEDIR));
export const renameAt = (from: number, fromName: number, to: number, toName: number, flags: number): number =>
  kernelResult(renameat2Call(from, fromName, to, toName, flags));

const LINK = address(At.value);
/** Leaves the target of the link at At.value; the result is its length. Longer than a page is cut by the kernel, never longer. */
export const readLinkAt = (dir: number, name: number): number =>
  kernelResult(readlinkatCall(dir, name, LINK, MAX_PATH));
export const readLinkDescriptor = (fd: number): number => readLinkAt(fd, EMPTY_NAME);
export const takeLink = (length: number): RawName => rawAt(At.value, length);
