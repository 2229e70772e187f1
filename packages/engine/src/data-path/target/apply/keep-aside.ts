/**
 * What is kept aside on the replica's own file system, in order: `KIND/TIME/the path it had`, beneath limbo.
 * In: a name that has to leave the replica, why, and when. Out: where it lies now. Promise: nothing is overwritten and nothing destroyed;
 * doing it again finds the folders made and the name gone.
 */
import { type RawName, rawFromText } from '@understudy/base';
import { type Attributes, NO_ATTRIBUTES } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry } from '../../../ports.ts';
import { isDirectory, type Place, type ReplicaRoot } from './replica-root.ts';

/**
 * `orphans`: never the source's, and nobody takes it away. `kept`: deleted, overwritten, or moved out of the set there. `gone`: a mirror
 * found that the source has it no longer. The last two go when their time is over (brake/purge.ts).
 */
export const KEPT_KINDS = ['orphans', 'kept', 'gone'] as const;
export type KeptKind = (typeof KEPT_KINDS)[number];
/** The kinds whose time ends. */
export const PASSING_KINDS = ['kept', 'gone'] as const;
export type PassingKind = (typeof PASSING_KINDS)[number];

const PRIVATE: Attributes = { ...NO_ATTRIBUTES, mode: 0o040700 };
/** Names of one path that are taken already get a number. */
const MOST_NUMBERS = 10_000;
const LONGEST_NAME = 255;

/** Of the years with four digits; a source may say any number. */
const LATEST_MS = Date.UTC(9999, 11, 31);

const TIME = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)Z$/;

/** The names in limbo that are nobody's to claim: this store, and what undoes the newest operations (brake/generations.ts). */
export const isKeptFolder = (name: RawName): boolean =>
  (KEPT_KINDS as readonly string[]).includes(name) || name.startsWith('undo-');

/** Where something is to lie. */
export interface Shelf {
  readonly kind: KeptKind;
  /** As `folderName` makes it. */
  readonly folder: RawName;
  /** From the replica's root. */
  readonly path: RawName;
}

/** Moves the name, with all beneath it, and returns where it lies beneath limbo. What is beneath must have left the node table. */
export function keepAside(root: ReplicaRoot, place: Place, shelf: Shelf): RawName {
  const { parent, name, told } = placeOn(root, shelf);
  root.files.rename(place.parent, place.name, parent, name, 'no-replace');
  return told;
}

/** A folder on the shelf. `former`: it, or one above it, was the replica's own, and lies there as it left. */
export interface ShelfFolder {
  readonly handle: Handle;
  readonly former: boolean;
}

export interface KnownFolders {
  /** Those that are there already. */
  readonly known?: Map<RawName, ShelfFolder> | undefined;
  /** What was the replica's own. */
  readonly kept: ReadonlySet<Handle>;
}

export interface ShelfPlace extends Place {
  /** Where that is beneath limbo. */
  readonly told: RawName;
  /** Of the folder. */
  readonly former: boolean;
}

/** A free name on the shelf, its folders made. */
export function placeOn(root: Files, { kind, folder, path }: Shelf, folders?: KnownFolders): ShelfPlace {
  const names = namesOf(path);
  const last = names.pop() ?? ('root' as RawName);
  const way = [kind as string as RawName, folder, ...names];
  const key = way.join('/') as RawName;
  const { handle: parent, former } = folders?.known?.get(key) ?? folderAt(root, way, folders);
  folders?.known?.set(key, { handle: parent, former });
  const name = root.files.entry(parent, last) === null ? last : freeName(root, parent, last);
  return { parent, name, former, told: [...way, name].join('/') as RawName };
}

function folderAt(root: Files, way: readonly RawName[], folders?: KnownFolders): ShelfFolder {
  let handle = root.files.limbo;
  let former = false;
  for (const name of way) {
    handle = directoryAt(root, handle, name);
    former ||= folders?.kept.has(handle) === true;
  }
  return { handle, former };
}

/** What could lead elsewhere is no name. */
const namesOf = (path: RawName): RawName[] =>
  path.split('/').filter((name) => name !== '' && name !== '.' && name !== '..') as RawName[];

/** Sorts as it happened, and is a file name everywhere: `2026-11-24T01-02-03Z`. */
export function folderName(timeMs: number): RawName {
  const iso = new Date(Math.min(Math.max(0, timeMs), LATEST_MS)).toISOString();
  return rawFromText(`${iso.slice(0, 19).replaceAll(':', '-')}Z`);
}

/** Of what nobody of us has named so, nothing is known: null. */
export function timeOfFolder(name: RawName): number | null {
  const match = TIME.exec(name);
  return match === null ? null : Date.parse(`${match[1]}:${match[2]}:${match[3]}Z`);
}

/** Of files alone: whose they are does not matter here. */
type Files = Pick<ReplicaRoot, 'files'>;

/** Where a file was kept under this very name earlier, the folder gets another, which is the same the next time. */
function directoryAt(root: Files, parent: Handle, name: RawName): Handle {
  for (let n = 1; n < MOST_NUMBERS; n += 1) {
    const numbered = numberedName(name, n);
    const there = root.files.entry(parent, numbered);
    if (there === null) return root.files.makeDirectory(parent, numbered, PRIVATE);
    if (isDirectory(there.attributes)) return there.handle;
  }
  throw tooOften();
}

function freeName(root: Files, parent: Handle, name: RawName): RawName {
  for (let n = 2; n < MOST_NUMBERS; n += 1) {
    const numbered = numberedName(name, n);
    if (root.files.entry(parent, numbered) === null) return numbered;
  }
  throw tooOften();
}

function numberedName(name: RawName, n: number): RawName {
  const suffix = n === 1 ? '' : `~${n}`;
  return `${name.slice(0, LONGEST_NAME - suffix.length)}${suffix}` as RawName;
}

const tooOften = (): FileError => new FileError('EEXIST', 'renameat2', 'this name was kept aside too often');

/** Seconds of the youngest change within; a folder is as old as the youngest thing in it. */
export function youngestWithin(root: ReplicaRoot, entry: ReplicaEntry): number {
  let youngest = entry.attributes.mtimeSec;
  if (!isDirectory(entry.attributes)) return youngest;
  for (const inner of root.files.list(entry.handle) ?? []) youngest = Math.max(youngest, youngestWithin(root, inner));
  return youngest;
}
