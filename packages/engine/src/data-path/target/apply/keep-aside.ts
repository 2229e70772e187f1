/**
 * What is kept aside on the replica's own file system, in order: `KIND/TIME/the original path`, beneath limbo.
 * In: a name that has to leave the replica, why, and when. Out: where it lies now. Promise: nothing is overwritten and nothing destroyed;
 * doing it again finds the folders made and the name gone. `orphans`: never the source's. `kept`: deleted or overwritten there.
 */
import { type RawName, rawFromText } from '@understudy/base';
import { type Attributes, NO_ATTRIBUTES } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry } from '../../../ports.ts';
import { isDirectory, type Place, type ReplicaRoot } from './replica-root.ts';

export const KEPT_KINDS = ['orphans', 'kept'] as const;
export type KeptKind = (typeof KEPT_KINDS)[number];

const PRIVATE: Attributes = { ...NO_ATTRIBUTES, mode: 0o040700 };
/** Names of one path that are taken already get a number. */
const MOST_NUMBERS = 10_000;

/** Of the years with four digits; a source may say any number. */
const LATEST_MS = Date.UTC(9999, 11, 31);

/** The names in limbo that are nobody's to claim: this store, and what undoes the newest operations (brake/generations.ts). */
export const isKeptFolder = (name: RawName): boolean =>
  (KEPT_KINDS as readonly string[]).includes(name) || name.startsWith('undo-');

export interface KeepAside {
  readonly kind: KeptKind;
  /** Names the folder; source time, ms. */
  readonly timeMs: number;
  readonly place: Place;
  /** From the replica's root. */
  readonly path: RawName;
}

/** Moves the name, with all beneath it, and returns where it lies beneath limbo. What is beneath must have left the node table. */
export function keepAside(root: ReplicaRoot, { kind, timeMs, place, path }: KeepAside): RawName {
  const names = path.split('/').filter((name) => name !== '') as RawName[];
  const last = names.pop() ?? ('root' as RawName);
  const way = [kind as string as RawName, folderName(timeMs), ...names];
  let folder = root.files.limbo;
  for (const name of way) folder = directoryAt(root, folder, name);
  const free = move(root, place, folder, last);
  return [...way, free].join('/') as RawName;
}

/** Sorts as it happened, and is a file name everywhere: `2026-11-24T01-02-03Z`. */
export function folderName(timeMs: number): RawName {
  const iso = new Date(Math.min(Math.max(0, timeMs), LATEST_MS)).toISOString();
  return rawFromText(`${iso.slice(0, 19).replaceAll(':', '-')}Z`);
}

/** Of files alone: whose they are does not matter here. */
type Files = Pick<ReplicaRoot, 'files'>;

export function directoryAt(root: Files, parent: Handle, name: RawName): Handle {
  const there = root.files.entry(parent, name);
  if (there !== null && isDirectory(there.attributes)) return there.handle;
  // A file that was kept under this very name earlier: the folder gets another.
  const free = there === null ? name : freeName(root, parent, name);
  return root.files.makeDirectory(parent, free, PRIVATE);
}

export function freeName(root: Files, parent: Handle, name: RawName): RawName {
  for (let n = 2; n < MOST_NUMBERS; n += 1) {
    const numbered = `${name.slice(0, 249)}~${n}` as RawName;
    if (root.files.entry(parent, numbered) === null) return numbered;
  }
  throw new FileError('EEXIST', 'renameat2', 'this name was kept aside too often');
}

function move(root: Files, place: Place, folder: Handle, name: RawName): RawName {
  try {
    root.files.rename(place.parent, place.name, folder, name, 'no-replace');
    return name;
  } catch (error) {
    if (!(error instanceof FileError && error.code === 'EEXIST')) throw error;
  }
  const free = freeName(root, folder, name);
  root.files.rename(place.parent, place.name, folder, free, 'no-replace');
  return free;
}

/** Seconds of the youngest change within; a folder is as old as the youngest thing in it. */
export function youngestWithin(root: ReplicaRoot, entry: ReplicaEntry): number {
  let youngest = entry.attributes.mtimeSec;
  if (!isDirectory(entry.attributes)) return youngest;
  for (const inner of root.files.list(entry.handle) ?? []) youngest = Math.max(youngest, youngestWithin(root, inner));
  return youngest;
}
