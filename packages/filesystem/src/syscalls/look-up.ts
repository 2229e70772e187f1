/** Identity and attributes of names: two system calls a name, none of them by path. */
import type { RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import type { Attributes } from '@understudy/wire';
import type { DirectoryCursor } from './directory.ts';
import { handleMatchesInode, nameToHandle } from './handle.ts';
import { ENOENT, ESTALE, failure } from './libc.ts';
import { statInodeLow, statName, takeAttributes } from './stat.ts';

const ATTEMPTS = 100;

export interface Found<Identity> {
  readonly identity: Identity;
  readonly attributes: Attributes;
}

/**
 * What a name is now; null: no such name. Handle and attributes are of one and the same file. `take` makes the identity
 * from the handle in the arena.
 */
export function lookUp<Identity>(take: () => Identity, directory: number, name: number): Found<Identity> | null {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const handled = nameToHandle(directory, name);
    if (handled === -ENOENT || handled === -ESTALE) return null;
    if (handled < 0) throw failure(handled, 'name_to_handle_at');
    const stated = statName(directory, name);
    if (stated === -ENOENT || stated === -ESTALE) return null;
    if (stated < 0) throw failure(stated, 'statx');
    // Between the two calls the name may have passed to another file.
    if (handleMatchesInode(statInodeLow())) return { identity: take(), attributes: takeAttributes() };
  }
  throw new FileError('EBUSY', 'statx', 'the name passes from file to file without rest');
}

/** The next entry of a listing that still exists; null at the end. */
export function nextEntry<Identity>(
  take: () => Identity,
  cursor: DirectoryCursor,
): (Found<Identity> & { readonly name: RawName }) | null {
  while (cursor.advance()) {
    const found = lookUp(take, cursor.fd, cursor.nameAddress);
    if (found !== null) return { name: cursor.takeName(), identity: found.identity, attributes: found.attributes };
  }
  return null;
}
