/**
 * Writes down, for one root, how each change of the stretch under way is undone, before it is made. In: what is about to be changed. Out:
 * entries of the log, removed files in `kept`. Promise: it never fails an operation: what cannot be kept is told, and the stretch is
 * given up.
 */
import { bytesEqual, type RawName, rawFromBytes } from '@understudy/base';
import type { Attributes, NodeId } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry, type ReplicaFiles } from '../../../../ports.ts';
import { folderName, type PassingKind, placeOn, type Shelf, type ShelfFolder, type ShelfPlace } from '../keep-aside.ts';
import { isDirectory, isRegular, type Place } from '../replica-root.ts';
import { formerPath } from '../waiting.ts';
import { BLOCK, type Blocks, bytesIn, missingBlocks } from './blocks.ts';
import type { Generation, Generations, Touch } from './generations.ts';
import { KeptPurge } from './purge.ts';
import { type Doubt, howLost, type LostPast } from './roll-back.ts';
import { encodeUndo, MOST_ENTRY_BYTES, UndoKind, type UndoOutline } from './undo-log.ts';

export interface KeeperHooks {
  readonly wallMs: () => number;
  /** Bytes of content that may still be copied, where so many are wanted. */
  readonly room: (bytes: number) => number;
  /** Nothing can be kept for this reason. */
  readonly failed: (error: FileError) => void;
  /** Content of this file could not be kept. */
  readonly lost: (path: RawName) => void;
}

/** Whoever shows a moment that is past learns of each entry. */
export type EntryListener = (generation: Generation, entry: UndoOutline) => void;

/** Kind, texts, numbers, data. */
type Log = (...entry: Parameters<typeof encodeUndo>) => void;

const PIECE = 1 << 20;
/** More than this is not copied for one operation: the stream would stand still for it. */
const MOST_AT_ONCE = 1 << 30;
const MOST_FOLDERS = 4096;

export class Keeper {
  readonly files: ReplicaFiles;
  readonly generations: Generations;
  readonly purge: KeptPurge;
  readonly #hooks: KeeperHooks;
  /** Changes of now can be taken back. */
  active = false;
  /** Bytes of entries, since the process began. */
  written = 0;
  readonly listeners = new Set<EntryListener>();
  readonly #folders = new Map<RawName, ShelfFolder>();
  readonly #uncertain = new Set<string>();

  constructor(files: ReplicaFiles, generations: Generations, hooks: KeeperHooks) {
    this.files = files;
    this.generations = generations;
    this.purge = new KeptPurge(files, (handle) => generations.kept.delete(handle));
    this.#hooks = hooks;
  }

  get #now(): Generation | null {
    return this.active ? this.generations.current : null;
  }

  /** A new stretch has begun. */
  begun(): void {
    this.active = true;
    this.#folders.clear();
  }

  isBorn(handle: Handle): boolean {
    return this.#now?.born.has(handle) === true;
  }

  born(handle: Handle): void {
    this.#now?.born.add(handle);
  }

  /** A name comes to be at a free place. */
  making({ parent, name }: Place): void {
    this.#do((log) => {
      this.#touch(log, parent);
      log(UndoKind.made, [parent, name]);
    });
  }

  /** It is there now: taken back, it is not taken for another that came to lie there. */
  made(handle: Handle, { parent, name }: Place): void {
    const now = this.#now;
    if (now === null) return;
    const texts = [handle, parent, name];
    now.log.appendLater(encodeUndo(UndoKind.born, texts));
    this.#tell(now, {
      at: now.log.length,
      length: 0,
      kind: UndoKind.born,
      texts,
      numbers: [],
      dataAt: 0,
      dataLength: 0,
    });
  }

  /** What this was before is not known; `within`: nor what was in it. */
  uncertain({ handle, path, place = null, within = false }: Doubt): void {
    const { size } = this.#uncertain;
    if (this.#uncertain.add(`${handle ?? ''}/${path}${within ? '/' : ''}`).size === size) return;
    this.#do((log) => this.#lose(log, { handle: handle ?? '', path, place, uncertain: true, within }));
  }

  moving(handle: Handle, from: Place, to: Place): void {
    this.#do((log) => {
      this.#touch(log, from.parent);
      this.#touch(log, to.parent);
      log(UndoKind.moved, [handle, from.parent, from.name, to.parent, to.name], [0]);
    });
  }

  exchanging(handle: Handle, other: Handle, [one, two]: readonly [Place, Place]): void {
    this.#do((log) => {
      this.#touch(log, one.parent);
      this.#touch(log, two.parent);
      log(UndoKind.exchanged, [handle, one.parent, one.name, two.parent, two.name, other]);
    });
  }

  /** One of several names goes. */
  unlinking(handle: Handle, { parent, name }: Place): void {
    this.#do((log) => {
      this.#touch(log, parent);
      log(UndoKind.unlinked, [handle, parent, name]);
    });
  }

  /** The name holds another file from the next moment on: it is kept under a second name. False: it is not kept. */
  keepBeneath(place: Place, entry: ReplicaEntry): boolean {
    return this.#keepFile(place, entry, (to) => this.files.link(entry.handle, to.parent, to.name));
  }

  /** The last name of a file, or an empty directory, goes: it is moved out. False: it is still where it was. */
  takeOut(place: Place, entry: ReplicaEntry): boolean {
    return this.#keepFile(place, entry, (to) =>
      this.files.rename(place.parent, place.name, to.parent, to.name, 'no-replace'),
    );
  }

  /** What leaves the set goes out with all that is beneath, and may come back as it went. Returns where it lies, beneath limbo. */
  setAside(place: Place, entry: ReplicaEntry, { kind, path }: Leaving): RawName {
    const to = this.#placeOn({ kind, folder: this.#folder, path });
    const move = () => this.files.rename(place.parent, place.name, to.parent, to.name, 'no-replace');
    const bytes = this.active ? bytesOf(this.files, entry) : 0;
    if (!this.#do((log) => this.#moveOut(log, place, entry, { to, bytes, move }))) move();
    return to.told;
  }

  nowMs(): number {
    return this.#hooks.wallMs();
  }

  /** Attributes, or names in a directory, are about to change. */
  touching(handle: Handle): void {
    this.#do((log) => this.#touch(log, handle));
  }

  /** Bytes from `from` up to `to` are about to change, or to go; `by`: to become these; `old`: as they are now, or the first of them. */
  changing(handle: Handle, from: number, to: number, { by = null, old = null }: Overwriting = {}): void {
    this.#do((log) => {
      const touch = this.#touch(log, handle);
      if (touch === null || from >= touch.size || touch.lost) return;
      this.#save(log, handle, touch, { from, to: Math.min(to, touch.size), by, old });
    });
  }

  /** Also along with the mode, as an access control list does. */
  xattrsChanging(handle: Handle): void {
    this.#do((log) => this.#keepXattrs(log, handle, this.#touch(log, handle)));
  }

  unbound(node: NodeId, handle: Handle, pending: boolean): void {
    if (this.isBorn(handle)) return;
    this.#do((log) => log(UndoKind.unbound, [String(node), handle], [pending ? 1 : 0]));
  }

  /** Whatever the disk says to it, the operation goes on. */
  #do(work: (log: Log) => void): boolean {
    const now = this.#now;
    if (now === null) return false;
    try {
      work((...entry) => this.#append(now, entry));
      return true;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.active = false;
      this.#hooks.failed(error);
      return false;
    }
  }

  #append(now: Generation, [kind, texts, numbers = [], data]: Parameters<typeof encodeUndo>): void {
    const bytes = encodeUndo(kind, texts, numbers, data);
    const before = now.log.length;
    now.log.append(bytes);
    this.written += now.log.length - before;
    const { length } = now.log;
    const dataLength = data?.length ?? 0;
    const where = { at: length - bytes.length, length: bytes.length, dataAt: length - dataLength, dataLength };
    this.#tell(now, { ...where, kind, texts, numbers });
  }

  #tell(now: Generation, entry: UndoOutline): void {
    for (const listener of this.listeners) listener(now, entry);
  }

  #keepFile(place: Place, entry: ReplicaEntry, how: (to: Place) => void): boolean {
    return this.#do((log) => {
      const to = isDirectory(entry.attributes) ? this.#placeOfFolder(entry) : this.#placeOfFile(place);
      this.#moveOut(log, place, entry, { to, bytes: sizeOf(entry.attributes), move: () => how(to) });
    });
  }

  #moveOut(log: Log, place: Place, { handle }: ReplicaEntry, { to, bytes, move }: Out): void {
    this.#touch(log, place.parent);
    // A folder of the replica's own comes back with the time that it had.
    if (to.former) this.#touch(log, to.parent);
    log(UndoKind.moved, [handle, place.parent, place.name, to.parent, to.name], [1, bytes]);
    move();
    this.generations.kept.add(handle);
    (this.#now as Generation).keptBytes += bytes;
  }

  #placeOfFolder({ handle }: ReplicaEntry): Place {
    const now = this.#now as Generation;
    const parent = this.generations.foldersOf(now);
    return { parent, name: `${now.log.length}-${handle.length}` as RawName };
  }

  #placeOfFile(place: Place): Place {
    return this.#placeOn({ kind: 'kept', folder: this.#folder, path: formerPath(this.files, place) });
  }

  /** All of a stretch lies together, so that it goes when nobody can go back there any more. */
  get #folder(): RawName {
    return this.#now?.folder ?? folderName(this.nowMs());
  }

  /** The folders of the stretch are there as long as it is. */
  #placeOn(shelf: Shelf): ShelfPlace {
    if (this.#folders.size >= MOST_FOLDERS) this.#folders.clear();
    const known = this.#now === null ? undefined : this.#folders;
    return placeOn({ files: this.files }, shelf, { known, kept: this.generations.kept });
  }

  /** How the file was when the stretch began; null: it is not older, or not there. */
  #touch(log: Log, handle: Handle): Touch | null {
    const now = this.#now;
    if (now === null || handle === this.files.limbo || now.born.has(handle)) return null;
    const known = now.touched.get(handle);
    if (known !== undefined) return known;
    const a = this.files.attributes(handle);
    if (a === null) return null;
    const times = [a.atimeSec, a.atimeNsec, a.mtimeSec, a.mtimeNsec];
    log(UndoKind.touched, [handle], [a.size, a.mode, a.uid, a.gid, ...times]);
    const touch: Touch = { size: sizeOf(a), saved: null, lost: false, xattrs: false };
    // The kernel takes capabilities away with a change of content or of the owner.
    if (isRegular(a) && (a.mode & 0o111) !== 0) this.#keepXattrs(log, handle, touch);
    now.touched.set(handle, touch);
    return touch;
  }

  #keepXattrs(log: Log, handle: Handle, touch: Touch | null): void {
    if (touch === null || touch.xattrs) return;
    touch.xattrs = true;
    const pairs = (this.files.xattrs(handle) ?? []).flatMap(([name, value]) => [name, rawFromBytes(value)]);
    const bytes = pairs.reduce((sum, text) => sum + 4 + text.length, handle.length);
    if (pairs.length < 250 && bytes < MOST_ENTRY_BYTES - 64) log(UndoKind.xattrs, [handle, ...pairs]);
    else this.#hooks.lost(this.files.pathOf(handle) ?? ('' as RawName));
  }

  #save(log: Log, handle: Handle, touch: Touch, change: Change): void {
    const { from, to } = change;
    touch.saved ??= new Set();
    const missing = missingBlocks(touch.saved, from, to);
    if (missing.length === 0) return;
    const old = this.#oldOf(handle, missing, touch.size, change);
    if (this.#isSame(handle, change, old)) return;
    const bytes = bytesIn(missing, touch.size);
    if (bytes > MOST_AT_ONCE || bytes > this.#hooks.room(bytes)) {
      const path = this.files.pathOf(handle) ?? ('' as RawName);
      touch.lost = true;
      this.#lose(log, { handle, path, place: null, uncertain: false, within: false });
      this.#hooks.lost(path);
      return;
    }
    for (const [first, end] of missing) {
      if (old !== null) log(UndoKind.content, [handle], [old.at], old.bytes);
      else this.#copy(log, handle, first * BLOCK, Math.min(end * BLOCK, touch.size));
      for (let block = first; block < end; block += 1) touch.saved.add(block);
    }
    (this.#now as Generation).copied += bytes;
  }

  #lose(log: Log, lost: LostPast): void {
    const place = lost.place === null ? [] : [lost.place.parent, lost.place.name];
    log(UndoKind.lost, [lost.handle, lost.path, ...place], [howLost(lost)]);
    (this.#now as Generation).lost += 1;
  }

  /** What is missing in one piece: compared and kept, it is read once. Null: it is more, or not there. Good until something else is read. */
  #oldOf(handle: Handle, missing: readonly Blocks[], size: number, { from, old }: Change): Old | null {
    const [first = 0, end = 0] = missing.length === 1 ? (missing[0] ?? []) : [];
    const at = first * BLOCK;
    const length = Math.min(end * BLOCK, size) - at;
    if (length <= 0 || length > PIECE) return null;
    const known = old !== null && at === from && old.length >= length ? old.subarray(0, length) : null;
    const bytes = known ?? this.files.read(handle, at, length);
    return bytes === null || bytes.length === 0 ? null : { at, bytes };
  }

  /** A mirror that sends everything changes little: then there is nothing to keep. */
  #isSame(handle: Handle, { from, to, by }: Change, known: Old | null): boolean {
    if (by === null) return false;
    const within = known !== null && known.at <= from && known.at + known.bytes.length >= to;
    const old = within
      ? known.bytes.subarray(from - known.at, to - known.at)
      : this.files.read(handle, from, to - from);
    return old !== null && old.length === to - from && bytesEqual(old, by.subarray(0, to - from));
  }

  #copy(log: Log, handle: Handle, from: number, to: number): void {
    for (let at = from; at < to; at += PIECE) {
      const old = this.files.read(handle, at, Math.min(PIECE, to - at));
      if (old === null || old.length === 0) return;
      log(UndoKind.content, [handle], [at], old);
    }
  }
}

/** Of a file, from `at` on. */
type Old = { readonly at: number; readonly bytes: Uint8Array };

/** To where, how many bytes that are, and how. */
interface Out {
  readonly to: Place & Partial<Pick<ShelfPlace, 'former'>>;
  readonly bytes: number;
  readonly move: () => void;
}

/** Why it leaves, and the path it has or had. */
export interface Leaving {
  readonly kind: PassingKind;
  readonly path: RawName;
}

interface Overwriting {
  readonly by?: Uint8Array | null;
  readonly old?: Uint8Array | null;
}

interface Change extends Required<Overwriting> {
  readonly from: number;
  readonly to: number;
}

const sizeOf = (a: Attributes): number => (isRegular(a) ? a.size : 0);

/** Of all that lies there; of a file with several names each counts its part. */
function bytesOf(files: ReplicaFiles, { handle, attributes }: ReplicaEntry): number {
  if (!isDirectory(attributes)) return sizeOf(attributes) / Math.max(1, attributes.nlink);
  let sum = 0;
  for (const inner of files.entries(handle)) sum += bytesOf(files, inner);
  return Math.round(sum);
}
