/**
 * Files that wait in limbo until they are claimed or nobody's: the name of each is made of its handle, and beside it lies a symbolic link
 * that nobody follows, whose text is the path that the file had. In: a place that is lost. Out: a place in limbo; later the path.
 * Promise: the path is known after any death; where it could not be noted (a file system without such links, a full disk) the name alone
 * is, and no operation fails for it.
 */
import { type RawName, rawFromBytes, rawToBytes, toHex } from '@understudy/base';
import { NO_ATTRIBUTES } from '@understudy/wire';
import { FileError, type Handle, type ReplicaFiles } from '../../../ports.ts';
import { isSymlink, OWN_PREFIX, type Place, type WatchedFiles } from './replica-root.ts';

/** A handle is at most 128 bytes in the kernel; real ones are 8 to 40, so the names fit in 255. */
export const claimable = (handle: Handle): RawName => toHex(rawToBytes(handle as string as RawName)) as RawName;

const WAS = 'was-';
const noteOf = (handle: Handle): RawName => `${WAS}${claimable(handle)}` as RawName;
/** Of a symbolic link. */
const LONGEST = 4095;
const LINK = { ...NO_ATTRIBUTES, mode: 0o120777, nlink: 1 };

export const isNote = (name: RawName): boolean => name.startsWith(WAS);
/** Of the file that a note speaks of. */
const notedName = (note: RawName): RawName => note.slice(WAS.length) as RawName;

/** Notes are no part of the replica: what takes it back need not know of them. */
const plain = (files: WatchedFiles): ReplicaFiles => files.plain ?? files;

/** Into limbo, from where the node may be claimed. */
export function toLimbo(files: WatchedFiles, place: Place, handle: Handle): void {
  // First, so that a file that waits never lacks its path.
  if (place.parent !== files.limbo) note(files, handle, formerPath(files, place));
  files.rename(place.parent, place.name, files.limbo, claimable(handle), 'no-replace');
}

/** It waits no longer. */
export function dropNote(files: WatchedFiles, handle: Handle): void {
  dropNamed(files, noteOf(handle));
}

/** Notes of files that do not wait any more. `notes`: names in limbo. */
export function dropStale(files: WatchedFiles, notes: readonly RawName[]): void {
  for (const name of notes) if (files.entry(files.limbo, notedName(name)) === null) dropNamed(files, name);
}

function dropNamed(files: WatchedFiles, name: RawName): void {
  quietly(() => {
    if (files.entry(files.limbo, name) !== null) plain(files).unlink(files.limbo, name);
  });
}

/** The path from the root that a name has, or had before it, or the directory that it is in, came to limbo. */
export function formerPath(files: WatchedFiles, { parent, name }: Place): RawName {
  if (parent === files.limbo) return readNote(files, noteNamed(name)) ?? name;
  const folder = folderPath(files, parent) ?? readNote(files, noteOf(parent)) ?? ('' as RawName);
  return folder === '' ? name : (`${folder}/${name}` as RawName);
}

const noteNamed = (name: RawName): RawName => `${WAS}${name}` as RawName;

/** null: it lies in limbo, or nobody knows where. */
function folderPath(files: WatchedFiles, handle: Handle): RawName | null {
  const path = quietly(() => files.pathOf(handle)) ?? null;
  return path?.startsWith(OWN_PREFIX) === true ? null : path;
}

function readNote(files: WatchedFiles, name: RawName): RawName | null {
  const there = name.length > 255 ? null : files.entry(files.limbo, name);
  if (there === null || !isSymlink(there.attributes)) return null;
  const text = quietly(() => files.readLink(there.handle)) ?? null;
  return text === null ? null : rawFromBytes(text);
}

function note(files: WatchedFiles, handle: Handle, path: RawName): void {
  const name = noteOf(handle);
  // Of a longer path the end says more.
  const text = rawToBytes(path).slice(-LONGEST);
  quietly(() => {
    dropNamed(files, name);
    plain(files).makeSymlink(files.limbo, name, text, LINK);
  });
}

/** A path for people must not fail what it only describes. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
