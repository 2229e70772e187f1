/** Extended attributes of what a descriptor is open on, an O_PATH descriptor of a symbolic link included. */
import { type RawName, rawToBytes } from '@understudy/base';
import type { Xattr } from '@understudy/wire';
import { At, address, bytes, MAX_XATTR, putPath, putText, rawAt } from './arena.ts';
import { ENODATA, EOPNOTSUPP, failure, kernelResult, libc } from './libc.ts';
import { descriptorPath } from './metadata.ts';

const listCall: (path: number, into: number, size: number) => number = libc.func(
  'intptr_t listxattr(uintptr_t, uintptr_t, size_t)',
);
const getCall: (path: number, name: number, into: number, size: number) => number = libc.func(
  'intptr_t getxattr(uintptr_t, uintptr_t, uintptr_t, size_t)',
);
const setCall: (path: number, name: number, value: Uint8Array, size: number, flags: number) => number = libc.func(
  'int setxattr(uintptr_t, uintptr_t, const void *, size_t, int)',
);
const removeCall: (path: number, name: number) => number = libc.func('int removexattr(uintptr_t, uintptr_t)');

const LIST = address(At.list);
const VALUE = address(At.value);
const NOTHING = new Uint8Array(1);

/** XFS lists its ACLs twice, as `system.posix_acl_*` and under the names it stores them by. */
const SHADOWS: readonly string[] = ['trusted.SGI_ACL_FILE', 'trusted.SGI_ACL_DEFAULT'];

const pathOf = (fd: number, call: string): number => putPath(descriptorPath(fd), call);
const nameOf = (name: RawName, call: string): number => putText(rawToBytes(name), call, At.otherName);

/** All of them, sorted by name so that two sides compare equal. Attributes that vanish meanwhile are left out. */
export function readXattrs(fd: number): Xattr[] {
  const path = pathOf(fd, 'listxattr');
  const length = kernelResult(listCall(path, LIST, MAX_XATTR));
  if (length === -EOPNOTSUPP || length === 0) return [];
  if (length < 0) throw failure(length, 'listxattr');
  const names: number[] = [];
  for (let at = At.list; at < At.list + length; at = bytes.indexOf(0, at) + 1) names.push(at);
  const found: Xattr[] = [];
  for (const at of names) {
    const size = kernelResult(getCall(path, address(at), VALUE, MAX_XATTR));
    if (size === -ENODATA) continue;
    if (size < 0) throw failure(size, 'getxattr');
    const name = rawAt(at, bytes.indexOf(0, at) - at);
    if (!SHADOWS.includes(name)) found.push([name, new Uint8Array(bytes.subarray(At.value, At.value + size))]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function writeXattr(fd: number, name: RawName, value: Uint8Array): number {
  const at = nameOf(name, 'setxattr');
  return kernelResult(setCall(pathOf(fd, 'setxattr'), at, value.length === 0 ? NOTHING : value, value.length, 0));
}

export function dropXattr(fd: number, name: RawName): number {
  return kernelResult(removeCall(pathOf(fd, 'removexattr'), nameOf(name, 'removexattr')));
}
