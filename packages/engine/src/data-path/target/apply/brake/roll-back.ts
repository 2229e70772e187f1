/**
 * One stretch of one root, done backwards: afterwards the replica is what it was when the stretch began. In: its log. Out: the replica
 * changed. Promise: killed on the way and begun again it comes to the same end; what is not in its place is left.
 */
import { bytesEqual, type RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { FileError, type Handle, type ReplicaFiles } from '../../../../ports.ts';
import { PASSING_KINDS, placeOn } from '../keep-aside.ts';
import { isDirectory, isRegular, isSymlink, OWN_PREFIX, type Place } from '../replica-root.ts';
import { formerPath } from '../waiting.ts';
import type { Generation, Generations } from './generations.ts';
import { type UndoEntry, UndoKind, type UndoLog } from './undo-log.ts';

export interface UndoParts {
  readonly files: ReplicaFiles;
  readonly generations: Generations;
  /** A node that had left the table. */
  readonly rebind: (node: NodeId, handle: Handle, pending: boolean) => void;
  /** Files come there of which the replica's file system will not have an attribute: they are not as they were. */
  readonly refused: Set<Handle>;
}

/** What a stretch does not take back. */
export interface LostPast {
  /** Empty: it is not known which file. */
  readonly handle: Handle | '';
  /** Where it is now, or was when that was noted. Empty: it is not known where. */
  readonly path: RawName;
  /** One name that is uncertain, wherever its directory went; null: it is the file's that is lost, or the directory was not known. */
  readonly place: Place | null;
  /** Names and attributes may be missing too; otherwise content is. */
  readonly uncertain: boolean;
  /** A directory: of all that was in it neither. */
  readonly within: boolean;
}

/** Of which a power cut leaves nobody certain. */
export interface Doubt {
  readonly handle: Handle | null;
  readonly path: RawName;
  readonly place?: Place | null;
  readonly within?: boolean;
}

/** First number of `lost`. */
const UNCERTAIN = 1;
const WITHIN = 2;
export const howLost = ({ uncertain, within }: LostPast): number => (uncertain ? UNCERTAIN : 0) | (within ? WITHIN : 0);

export function lostOf(files: ReplicaFiles, { log }: Generation): LostPast[] {
  const lost: LostPast[] = [];
  for (const { kind, texts, numbers } of log.outlines()) {
    if (kind !== UndoKind.lost) continue;
    const how = numbers[0] ?? 0;
    const [handle = '', path = '', parent = '', name = ''] = texts;
    const place = parent === '' ? null : { parent: parent as Handle, name: name as RawName };
    const file = { handle: handle as Handle, place };
    const now = pathNow(files, file) ?? (path as RawName);
    lost.push({ ...file, path: now, uncertain: (how & UNCERTAIN) !== 0, within: (how & WITHIN) !== 0 });
  }
  return lost;
}

/** What was noted as one directory's may be beneath another by now. Null: it is not there, or nobody knows. */
function pathNow(files: ReplicaFiles, { handle, place }: Pick<LostPast, 'handle' | 'place'>): RawName | null {
  try {
    if (place === null) return handle === '' ? null : ofReplica(files.pathOf(handle));
    const folder = ofReplica(files.pathOf(place.parent));
    if (folder === null) return null;
    return folder === '' ? place.name : (`${folder}/${place.name}` as RawName);
  } catch (error) {
    // A path for people must not fail what it only describes.
    if (error instanceof FileError) return null;
    throw error;
  }
}

/** Null: it is kept aside. */
const ofReplica = (path: RawName | null): RawName | null => (path?.startsWith(OWN_PREFIX) === true ? null : path);

/** Whether all of it can be read. */
export function isWhole({ log }: Generation): boolean {
  try {
    for (const { at } of log.outlines()) if (at < log.length) log.read(at);
    return true;
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}

/** By the names that they have now. */
export function refusedOf(files: ReplicaFiles, refused: Iterable<Handle>): LostPast[] {
  return [...refused].map((handle) => {
    const file = { handle, place: null };
    return { ...file, path: pathNow(files, file) ?? ('' as RawName), uncertain: true, within: false };
  });
}

/** The same may be done to a stretch that is undone in part. Throws FileError. */
export function undo(generation: Generation, { files, generations, rebind, refused }: UndoParts): void {
  const { log } = generation;
  const offsets = log.offsets();
  const { undoneFrom, mark } = generations.progressOf(generation);
  putBackAgain(files, generation, offsets, undoneFrom);
  let known = '';
  let kept: ReadonlyMap<Handle, Place> | null = null;
  const keptAt = (handle: Handle): Place | undefined => {
    kept ??= keptPlaces(files);
    return kept.get(handle);
  };
  const undoing = { files, folder: generation.folder, keptAt };
  for (const at of offsets.toReversed()) {
    if (at >= undoneFrom) continue;
    const entry = log.read(at);
    if (!(entry.kind === UndoKind.made && placeOf(entry) === known)) undoChange(undoing, entry);
    known = entry.kind === UndoKind.born ? placeOf(entry) : '';
    if (entry.kind === UndoKind.moved) generations.kept.delete(entry.texts[0] as Handle);
    // What says what was made is half of one with what says that it would be.
    if (entry.kind !== UndoKind.born) mark(at);
  }
  // Attributes behind all else: the changes above have moved times. Of a file's entries the first says how it was: a process that went on
  // with the stretch did not know of it.
  const seen = new Set<string>();
  const first = (kind: number, handle: string): boolean => seen.size < seen.add(`${kind}${handle}`).size;
  for (const { kind, texts, numbers } of entriesAt(log, offsets))
    if (kind === UndoKind.touched && first(kind, texts[0] ?? ''))
      restoreAttributes(files, texts[0] as Handle, numbers, refused);
  for (const { kind, texts, numbers } of entriesAt(log, offsets)) {
    const [one = '', two = ''] = texts;
    // A change of owner takes some of them away.
    if (kind === UndoKind.xattrs && first(kind, one)) makeExact(files, one as Handle, texts.slice(1), refused);
    else if (kind === UndoKind.unbound && first(kind, one))
      rebind(BigInt(one) as NodeId, two as Handle, numbers[0] === 1);
  }
}

/** There are file systems that lack a call, and files that nobody may change. */
const REFUSALS: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);
const TRIES = 3;

/** An attribute that cannot be put back must not keep the rest from being what it was. What may pass is thrown on, and done again later. */
function tried(refused: Set<Handle>, handle: Handle, work: () => void): void {
  for (let left = TRIES; left > 0; left -= 1)
    try {
      work();
      return;
    } catch (error) {
      if (!(error instanceof FileError && REFUSALS.has(error.code))) throw error;
    }
  refused.add(handle);
}

/** Content that was put back before a power cut may be on the disk or not; names and how far it went are, in their order. */
function putBackAgain(files: ReplicaFiles, { log }: Generation, offsets: readonly number[], undoneFrom: number): void {
  for (const at of offsets.toReversed()) {
    if (at < undoneFrom) return;
    const { kind, texts, numbers, data } = log.read(at);
    if (kind === UndoKind.content) putBack(files, texts[0] as Handle, numbers[0] ?? 0, data);
  }
}

/** Of `made` and `born` alike. */
const placeOf = ({ kind, texts }: UndoEntry): string => JSON.stringify(kind === UndoKind.born ? texts.slice(1) : texts);

function* entriesAt(log: UndoLog, offsets: readonly number[]): Generator<UndoEntry> {
  for (const at of offsets) yield log.read(at);
}

/** `folder`: of the stretch, where what is in the way lies from now on. `keptAt`: of what is kept aside until its time is over. */
interface Undoing {
  readonly files: ReplicaFiles;
  readonly folder: RawName;
  readonly keptAt: (handle: Handle) => Place | undefined;
}

/** All at once: what the end of a mirror moved may be many. */
function keptPlaces(files: ReplicaFiles): ReadonlyMap<Handle, Place> {
  const places = new Map<Handle, Place>();
  const folders = PASSING_KINDS.flatMap((kind) => files.entry(files.limbo, kind as string as RawName)?.handle ?? []);
  // It grows while it is gone through.
  for (const folder of folders)
    for (const { name, handle, attributes } of files.list(folder) ?? []) {
      places.set(handle, { parent: folder, name });
      if (isDirectory(attributes)) folders.push(handle);
    }
  return places;
}

function undoChange(undoing: Undoing, { kind, texts, numbers, data }: UndoEntry): void {
  if (kind === UndoKind.made) unmake(undoing, texts);
  else if (kind === UndoKind.born) unmake(undoing, texts.slice(1), texts[0]);
  else if (kind === UndoKind.moved) moveBack(undoing, texts);
  else if (kind === UndoKind.unlinked) linkAgain(undoing, texts);
  else if (kind === UndoKind.exchanged) exchangeBack(undoing, texts);
  else if (kind === UndoKind.content) putBack(undoing.files, texts[0] as Handle, numbers[0] ?? 0, data);
}

/** `made`: nothing else is to go; undefined: it is not known what was made. */
function unmake(undoing: Undoing, [parent = '', name = '']: readonly string[], made?: string): void {
  const { files } = undoing;
  const there = files.entry(parent as Handle, name as RawName);
  if (there === null || (made !== undefined && there.handle !== made)) return;
  if (!isDirectory(there.attributes)) files.unlink(parent as Handle, there.name);
  else remove(undoing, parent as Handle, there.name);
}

/** What somebody else has put into a directory meanwhile is not lost with it. */
function remove(undoing: Undoing, parent: Handle, name: RawName): void {
  const { files } = undoing;
  try {
    files.removeDirectory(parent, name);
  } catch (error) {
    if (!(error instanceof FileError && error.code === 'ENOTEMPTY')) throw error;
    // A folder of what is kept aside is no part of the replica, and something of before may lie in it by now.
    if (ofReplica(files.pathOf(parent)) !== null) outOfTheWay(undoing, parent, name);
  }
}

/** Never the source's: nobody takes it away. */
function outOfTheWay({ files, folder }: Undoing, parent: Handle, name: RawName): void {
  const to = placeOn({ files }, { kind: 'orphans', folder, path: formerPath(files, { parent, name }) });
  files.rename(parent, name, to.parent, to.name, 'no-replace');
}

function moveBack(undoing: Undoing, [handle, from = '', fromName = '', to = '', toName = '']: readonly string[]): void {
  const { files, keptAt } = undoing;
  const [origin, name] = [from as Handle, fromName as RawName];
  const isAt = ({ parent, name: as }: Place): boolean => files.entry(parent, as)?.handle === handle;
  const before = files.entry(origin, name);
  let place: Place = { parent: to as Handle, name: toName as RawName };
  // What waited in limbo may have gone on from there: a power cut keeps that, and not the word of it.
  if (to === files.limbo && before?.handle !== handle && !isAt(place)) place = keptAt(handle as Handle) ?? place;
  if (!isAt(place)) return;
  // It was killed between the two halves of putting a second name aside.
  if (before?.handle === handle) files.unlink(place.parent, place.name);
  else {
    if (before !== null) outOfTheWay(undoing, origin, name);
    files.rename(place.parent, place.name, origin, name, 'no-replace');
  }
}

function linkAgain(undoing: Undoing, [handle = '', parent = '', name = '']: readonly string[]): void {
  const { files } = undoing;
  if (files.attributes(handle as Handle) === null) return;
  const there = files.entry(parent as Handle, name as RawName);
  if (there?.handle === handle) return;
  if (there !== null) outOfTheWay(undoing, parent as Handle, there.name);
  files.link(handle as Handle, parent as Handle, name as RawName);
}

/** One of the two may have been younger than the stretch, and be gone for good: then the other goes back alone. */
function exchangeBack(undoing: Undoing, texts: readonly string[]): void {
  const { files } = undoing;
  const [handle = '', one = '', oneName = '', two = '', twoName = '', other = ''] = texts;
  const here = files.entry(one as Handle, oneName as RawName)?.handle === other;
  const there = files.entry(two as Handle, twoName as RawName)?.handle === handle;
  if (here && there) files.rename(one as Handle, oneName as RawName, two as Handle, twoName as RawName, 'exchange');
  else if (there) moveBack(undoing, [handle, one, oneName, two, twoName]);
  else if (here) moveBack(undoing, [other, two, twoName, one, oneName]);
}

function putBack(files: ReplicaFiles, handle: Handle, offset: number, data: Uint8Array): void {
  if (files.attributes(handle) === null) return;
  if (data.some((byte) => byte !== 0)) files.write(handle, offset, data);
  else files.punch(handle, offset, data.length);
}

function restoreAttributes(
  files: ReplicaFiles,
  handle: Handle,
  numbers: readonly number[],
  refused: Set<Handle>,
): void {
  const now = files.attributes(handle);
  if (now === null) return;
  const [size = 0, mode = 0, uid = 0, gid = 0, atimeSec = 0, atimeNsec = 0, mtimeSec = 0, mtimeNsec = 0] = numbers;
  if (isRegular(now) && now.size !== size) files.truncate(handle, size);
  const isOthers = now.uid !== uid || now.gid !== gid;
  if (isOthers) tried(refused, handle, () => files.setOwner(handle, uid, gid));
  // Another owner takes bits of the mode away. A mode that is right is left: there are file systems that have no such call.
  const owned = isOthers ? (files.attributes(handle) ?? now) : now;
  if (!isSymlink(now) && owned.mode !== mode) tried(refused, handle, () => files.setMode(handle, mode & 0o7777));
  tried(refused, handle, () => files.setTimes(handle, { atimeSec, atimeNsec, mtimeSec, mtimeNsec }));
}

function makeExact(files: ReplicaFiles, handle: Handle, pairs: readonly string[], refused: Set<Handle>): void {
  const present = files.xattrs(handle);
  if (present === null) return;
  const wanted = new Map<string, Uint8Array>();
  for (let at = 0; at + 1 < pairs.length; at += 2)
    wanted.set(
      pairs[at] ?? '',
      Uint8Array.from(pairs[at + 1] ?? '', (char) => char.charCodeAt(0)),
    );
  for (const [name] of present) if (!wanted.has(name)) tried(refused, handle, () => files.removeXattr(handle, name));
  const values = new Map<string, Uint8Array>(present);
  for (const [name, value] of wanted) {
    const there = values.get(name);
    if (there === undefined || !bytesEqual(there, value))
      tried(refused, handle, () => files.setXattr(handle, name as RawName, value));
  }
}
