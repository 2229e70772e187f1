/**
 * The path of what a descriptor is open on, beneath a root: asked from the kernel, then proved by going there. The proof settles at once
 * what the kernel's text leaves open: a name that ends in " (deleted)", a file it has met by handle only, a place outside the root.
 */
import { brand, type RawName } from '@understudy/base';
import type { Handle } from '@understudy/engine';
import { MAX_PATH, putName, putPath } from './arena.ts';
import { DirectoryCursor } from './directory.ts';
import { descriptorToHandle, nameToHandle, takeHandle } from './handle.ts';
import { ENAMETOOLONG } from './libc.ts';
import { descriptorPath } from './metadata.ts';
import { readLinkAt, takeLink } from './names.ts';
import { AT_FDCWD, close, O, openAt } from './open.ts';
import { isDirectory, statDescriptor, statMode } from './stat.ts';

const NOWHERE = brand<RawName>('');
const PARENT = brand<RawName>('..');
/** Directory levels walked by hand; a path this deep is beyond any reader. */
const MAX_LEVELS = 16384;

/** The kernel's text for a descriptor; null where it is longer than a page. */
function kernelPath(fd: number): RawName | null {
  const length = readLinkAt(AT_FDCWD, putPath(descriptorPath(fd), 'readlinkat'));
  return length === -ENAMETOOLONG || length < 0 || length >= MAX_PATH - 1 ? null : takeLink(length);
}

export function handleOfDescriptor(fd: number): Handle | null {
  return descriptorToHandle(fd) < 0 ? null : takeHandle();
}

export function join(directory: RawName, name: RawName): RawName {
  return brand<RawName>(directory === NOWHERE ? name : `${directory}/${name}`);
}

/** Path beneath `rootFd` (`''` for the root itself), or null where there is none or the kernel cannot tell. */
export function pathBeneath(rootFd: number, fd: number): RawName | null {
  const rootHandle = handleOfDescriptor(rootFd);
  const handle = handleOfDescriptor(fd);
  if (rootHandle === null || handle === null) return null;
  if (handle === rootHandle) return NOWHERE;
  const short = shortPath(rootFd, fd, handle);
  if (short !== null) return short;
  if (statDescriptor(fd) < 0 || !isDirectory(statMode())) return null;
  return walkUp(rootFd, rootHandle, fd);
}

function shortPath(rootFd: number, fd: number, handle: Handle): RawName | null {
  const root = kernelPath(rootFd);
  const path = kernelPath(fd);
  if (root === null || path === null) return null;
  const prefix = root === '/' ? '/' : `${root}/`;
  if (!path.startsWith(prefix) || path.length === prefix.length) return null;
  const relative = brand<RawName>(path.slice(prefix.length));
  return nameToHandle(rootFd, putPath(relative, 'name_to_handle_at')) === 0 && takeHandle() === handle
    ? relative
    : null;
}

/** For paths longer than a page: upwards by `..`, finding each name in its parent, until the rest is short. */
function walkUp(rootFd: number, rootHandle: Handle, from: number): RawName | null {
  const names: RawName[] = [];
  let child = openAt(from, putPath(brand<RawName>('.'), 'openat'), O.path | O.directory);
  try {
    for (let level = 0; child >= 0 && level < MAX_LEVELS; level += 1) {
      const handle = handleOfDescriptor(child);
      if (handle === null) return null;
      if (handle === rootHandle) return brand<RawName>(names.reverse().join('/'));
      const short = shortPath(rootFd, child, handle);
      if (short !== null) return brand<RawName>([short, ...names.reverse()].join('/'));
      const parent = openAt(child, putPath(PARENT, 'openat'), O.path | O.directory);
      const name = parent < 0 ? null : nameIn(parent, handle);
      close(child);
      child = parent;
      if (name === null) return null;
      names.push(name);
    }
    return null;
  } finally {
    if (child >= 0) close(child);
  }
}

function nameIn(parent: number, handle: Handle): RawName | null {
  const fd = openAt(parent, putPath(brand<RawName>('.'), 'openat'), O.readOnly | O.directory | O.noAtime);
  if (fd < 0) return null;
  const cursor = new DirectoryCursor(fd);
  try {
    while (cursor.advance())
      if (nameToHandle(parent, cursor.nameAddress) === 0 && takeHandle() === handle) return cursor.takeName();
    return null;
  } finally {
    cursor.close();
  }
}

/** True where `name` beneath `parent` is the file with this handle. */
export function isNamed(parent: number, name: RawName, handle: Handle): boolean {
  return nameToHandle(parent, putName(name, 'name_to_handle_at')) === 0 && takeHandle() === handle;
}
