/**
 * A replica root whose newest changes can be taken back: ReplicaFiles over ReplicaFiles. In: the calls of operations. Out: the same, each
 * written down before it is made; files whose last name goes are moved out and are gone to everybody else; what befalls old files is told.
 * Promise: the outcome and the errors of each call are those of the files beneath.
 */
import type { RawName } from '@understudy/base';
import type { Attributes, NodeId, Xattr } from '@understudy/wire';
import { FileError, type Handle, type RenameHow, type ReplicaEntry, type ReplicaFiles } from '../../../../ports.ts';
import { isDirectory, isRegular, type Place, type WatchedFiles } from '../replica-root.ts';
import { formerPath } from '../waiting.ts';
import type { Loss } from './detector.ts';
import type { Keeper, Leaving } from './keeper.ts';

/** Whoever counts what happens to files. */
export interface Watch {
  born(handle: Handle): void;
  lost(loss: Loss, handle: Handle, path: () => RawName | null): void;
  /** It was moved out, and has a place again. */
  back(handle: Handle): void;
  /** Bytes of it make room; `by` null: for nothing. True: `old` is wanted. */
  looksAt(handle: Handle): boolean;
  overwritten(handle: Handle, at: { size(): number; offset: number }, old: Uint8Array, by: Uint8Array | null): void;
  /** The root lost an entry, or got one. */
  rootEntries(change: -1 | 1): void;
  /** So many bytes of content came. */
  wrote(bytes: number): void;
}

/** Bytes of a change that are looked at. */
const MOST_LOOKED_AT = 1 << 20;
/** Punching and zeroing empty a range; taking out or putting in shifts all behind it. */
const EMPTIES = 2 | 16;
const SHIFTS = 8 | 32;
type Times = Pick<Attributes, 'atimeSec' | 'atimeNsec' | 'mtimeSec' | 'mtimeNsec'>;

export class KeepingFiles implements WatchedFiles {
  readonly root: Handle;
  readonly limbo: Handle;
  readonly keeper: Keeper;
  readonly #files: ReplicaFiles;
  readonly #kept: ReadonlySet<Handle>;
  readonly #watch: Watch;

  constructor(keeper: Keeper, watch: Watch) {
    this.keeper = keeper;
    this.#files = keeper.files;
    this.#kept = keeper.generations.kept;
    this.#watch = watch;
    this.root = this.#files.root;
    this.limbo = this.#files.limbo;
  }

  attributes(handle: Handle): Attributes | null {
    return this.#kept.has(handle) ? null : this.#files.attributes(handle);
  }

  /** Also of what was moved out. */
  get spared(): ReplicaFiles['spared'] {
    return this.#files.spared;
  }

  bornMs(handle: Handle): number | null {
    return this.#files.bornMs?.(handle) ?? null;
  }

  entry(parent: Handle, name: RawName): ReplicaEntry | null {
    return this.#kept.has(parent) ? null : this.#files.entry(parent, name);
  }

  list(parent: Handle): ReplicaEntry[] | null {
    return this.#kept.has(parent) ? null : this.#files.list(parent);
  }

  *entries(parent: Handle): Generator<ReplicaEntry, undefined> {
    if (!this.#kept.has(parent)) yield* this.#files.entries(parent);
  }

  createFile(parent: Handle, name: RawName, attributes: Attributes): Handle {
    return this.#make({ parent, name }, () => this.#files.createFile(parent, name, attributes));
  }

  makeDirectory(parent: Handle, name: RawName, attributes: Attributes): Handle {
    return this.#make({ parent, name }, () => this.#files.makeDirectory(parent, name, attributes));
  }

  makeSymlink(parent: Handle, name: RawName, target: Uint8Array, attributes: Attributes): Handle {
    return this.#make({ parent, name }, () => this.#files.makeSymlink(parent, name, target, attributes));
  }

  makeNode(parent: Handle, name: RawName, attributes: Attributes): Handle {
    return this.#make({ parent, name }, () => this.#files.makeNode(parent, name, attributes));
  }

  link(handle: Handle, parent: Handle, name: RawName): void {
    this.#refuseKept(handle, 'linkat');
    const place = { parent, name };
    const free = this.#isFree(parent, name);
    if (free) this.keeper.making(place);
    this.#files.link(handle, parent, name);
    if (free) this.keeper.made(handle, place);
    if (parent === this.root) this.#watch.rootEntries(1);
  }

  rename(from: Handle, fromName: RawName, to: Handle, toName: RawName, how: RenameHow): void {
    const plain = () => this.#files.rename(from, fromName, to, toName, how);
    if (!this.keeper.active) {
      plain();
      return;
    }
    const moved = this.#files.entry(from, fromName);
    const victim = this.#files.entry(to, toName);
    const [origin, goal] = [
      { parent: from, name: fromName },
      { parent: to, name: toName },
    ];
    if (moved === null || !this.#canMove(moved, victim, how)) {
      plain();
      return;
    }
    if (how === 'exchange') this.keeper.exchanging(moved.handle, victim?.handle ?? moved.handle, [origin, goal]);
    else {
      if (victim !== null) this.#replaced(goal, victim, moved);
      this.keeper.moving(moved.handle, origin, goal);
    }
    plain();
    if (how !== 'exchange') this.#wasMoved(moved, { origin, goal, replaced: victim !== null });
  }

  /** Counts as moved out, once: what lies in limbo already was counted when it came there. */
  setAside(place: Place, entry: ReplicaEntry, leaving: Leaving): RawName {
    if (this.keeper.active && place.parent !== this.limbo) this.#movedOut(entry.handle, entry.attributes, place);
    const to = this.keeper.setAside(place, entry, leaving);
    if (place.parent === this.root) this.#watch.rootEntries(-1);
    return to;
  }

  get plain(): ReplicaFiles {
    return this.#files;
  }

  nowMs(): number {
    return this.keeper.nowMs();
  }

  unlink(parent: Handle, name: RawName): void {
    const there = this.keeper.active ? this.#files.entry(parent, name) : null;
    if (there === null || isDirectory(there.attributes)) {
      this.#files.unlink(parent, name);
      return;
    }
    const place = { parent, name };
    const last = there.attributes.nlink === 1;
    if (last && parent !== this.limbo) this.#losing('deleted', there, place);
    if (!last) this.keeper.unlinking(there.handle, place);
    const out = last && !this.keeper.isBorn(there.handle) && this.keeper.takeOut(place, there);
    if (!out) this.#files.unlink(parent, name);
    if (parent === this.root) this.#watch.rootEntries(-1);
  }

  removeDirectory(parent: Handle, name: RawName): void {
    const there = this.keeper.active ? this.#files.entry(parent, name) : null;
    const empty = there !== null && isDirectory(there.attributes) && this.#files.list(there.handle)?.length === 0;
    // Also one that is younger than the stretch: what was moved through it needs it on the way back.
    const out = empty && this.keeper.takeOut({ parent, name }, there);
    if (!out) this.#files.removeDirectory(parent, name);
    if (parent === this.root) this.#watch.rootEntries(-1);
  }

  write(handle: Handle, offset: number, data: Uint8Array): void {
    this.#overwriting(handle, offset, offset + data.length, data);
    this.#watch.wrote(data.length);
    this.#files.write(handle, offset, data);
  }

  read(handle: Handle, offset: number, length: number): Uint8Array | null {
    return this.#kept.has(handle) ? null : this.#files.read(handle, offset, length);
  }

  willNeed(handle: Handle, offset: number, length: number): void {
    if (!this.#kept.has(handle)) this.#files.willNeed?.(handle, offset, length);
  }

  truncate(handle: Handle, size: number): void {
    this.#refuseKept(handle, 'ftruncate');
    if (this.#isOld(handle)) {
      const now = this.#files.attributes(handle);
      if (now !== null && isRegular(now) && now.size > 0 && size * 2 <= now.size)
        this.#watch.lost('truncated', handle, () => this.#files.pathOf(handle));
      this.keeper.changing(handle, size, Number.MAX_SAFE_INTEGER);
    }
    this.#files.truncate(handle, size);
  }

  allocate(handle: Handle, mode: number, offset: number, length: number): void {
    if ((mode & EMPTIES) !== 0) this.#overwriting(handle, offset, offset + length, null);
    else if ((mode & SHIFTS) !== 0) this.#overwriting(handle, offset, Number.MAX_SAFE_INTEGER, null);
    // Space within the size alone moves the time of change, too.
    else this.#touching(handle, 'fallocate');
    this.#files.allocate(handle, mode, offset, length);
  }

  punch(handle: Handle, offset: number, length: number): void {
    this.#overwriting(handle, offset, offset + length, null);
    this.#files.punch(handle, offset, length);
  }

  setOwner(handle: Handle, uid: number, gid: number): void {
    this.#touching(handle, 'fchownat');
    this.#files.setOwner(handle, uid, gid);
  }

  setMode(handle: Handle, mode: number): void {
    this.#refuseKept(handle, 'fchmodat');
    this.keeper.xattrsChanging(handle);
    this.#files.setMode(handle, mode);
  }

  setTimes(handle: Handle, times: Times): void {
    this.#touching(handle, 'utimensat');
    this.#files.setTimes(handle, times);
  }

  setMtime(handle: Handle, sec: number, nsec: number): void {
    this.#touching(handle, 'utimensat');
    this.#files.setMtime(handle, sec, nsec);
  }

  setXattr(handle: Handle, name: RawName, value: Uint8Array): void {
    this.#refuseKept(handle, 'setxattr');
    this.keeper.xattrsChanging(handle);
    this.#files.setXattr(handle, name, value);
  }

  removeXattr(handle: Handle, name: RawName): void {
    this.#refuseKept(handle, 'removexattr');
    this.keeper.xattrsChanging(handle);
    this.#files.removeXattr(handle, name);
  }

  xattrs(handle: Handle): Xattr[] | null {
    return this.#kept.has(handle) ? null : this.#files.xattrs(handle);
  }

  readLink(handle: Handle): Uint8Array | null {
    return this.#kept.has(handle) ? null : this.#files.readLink(handle);
  }

  pathOf(handle: Handle): RawName | null {
    return this.#kept.has(handle) ? null : this.#files.pathOf(handle);
  }

  leaving(node: NodeId, handle: Handle, pending: boolean): void {
    this.keeper.unbound(node, handle, pending);
  }

  sync(): void {
    this.#files.sync();
  }

  syncLater(): Promise<void> {
    return this.#files.syncLater();
  }

  close(): void {
    this.keeper.purge.close();
    this.#files.close();
  }

  // ------------------------------------------------------------------------------------------------------ within

  #make(place: Place, make: () => Handle): Handle {
    if (!this.keeper.active) {
      const handle = make();
      if (place.parent === this.root) this.#watch.rootEntries(1);
      return handle;
    }
    // What stands at the name already must not be taken for what is made here.
    const free = this.#isFree(place.parent, place.name);
    if (free) this.keeper.making(place);
    const handle = make();
    if (free) this.keeper.made(handle, place);
    this.keeper.born(handle);
    this.#watch.born(handle);
    if (place.parent === this.root) this.#watch.rootEntries(1);
    return handle;
  }

  #isFree(parent: Handle, name: RawName): boolean {
    return this.keeper.active && this.#files.entry(parent, name) === null;
  }

  /** Whether the file system beneath will do it, and there is something to do. */
  #canMove(moved: ReplicaEntry, victim: ReplicaEntry | null, how: string): boolean {
    if (victim === null) return how !== 'exchange';
    if (how === 'exchange') return true;
    if (how === 'no-replace' || victim.handle === moved.handle) return false;
    if (isDirectory(victim.attributes) !== isDirectory(moved.attributes)) return false;
    return !isDirectory(victim.attributes) || this.#files.list(victim.handle)?.length === 0;
  }

  #replaced(goal: Place, victim: ReplicaEntry, moved: ReplicaEntry): void {
    const { handle, attributes } = victim;
    const last = isDirectory(attributes) || attributes.nlink === 1;
    if (!last) {
      this.keeper.unlinking(handle, goal);
      return;
    }
    if (isRegular(moved.attributes)) this.#losing('replaced', victim, goal);
    if (!isDirectory(attributes) && this.keeper.isBorn(handle)) return;
    // A file stays in its place until the other takes it, so that readers never miss the name.
    if (isRegular(attributes)) this.keeper.keepBeneath(goal, victim);
    else this.keeper.takeOut(goal, victim);
  }

  #wasMoved(
    { handle, attributes }: ReplicaEntry,
    { origin, goal, replaced }: { readonly origin: Place; readonly goal: Place; readonly replaced: boolean },
  ): void {
    const out = goal.parent === this.limbo;
    const was = origin.parent === this.limbo;
    if (was && !out) this.#back(handle);
    if (out && !was) this.#movedOut(handle, attributes, origin);
    if (origin.parent === this.root) this.#watch.rootEntries(-1);
    if (goal.parent === this.root && !replaced) this.#watch.rootEntries(1);
  }

  /** With all that is beneath. */
  #movedOut(handle: Handle, attributes: Attributes, place: Place): void {
    if (isDirectory(attributes))
      for (const { name, ...inner } of this.#files.list(handle) ?? [])
        this.#movedOut(inner.handle, inner.attributes, { parent: handle, name });
    else if (isRegular(attributes)) this.#watch.lost('moved-out', handle, () => formerPath(this.#files, place));
  }

  #back(handle: Handle): void {
    this.#watch.back(handle);
    for (const { handle: inner } of this.#files.list(handle) ?? []) this.#back(inner);
  }

  #losing(loss: Loss, { handle, attributes }: ReplicaEntry, place: Place): void {
    if (isRegular(attributes)) this.#watch.lost(loss, handle, () => formerPath(this.#files, place));
  }

  #overwriting(handle: Handle, from: number, to: number, by: Uint8Array | null): void {
    this.#refuseKept(handle, 'pwrite');
    if (!this.#isOld(handle)) return;
    // Read once, for whoever counts and for whoever keeps: a stream that overwrites waits for it.
    const old = this.#watch.looksAt(handle)
      ? this.#files.read(handle, from, Math.min(to - from, MOST_LOOKED_AT))
      : null;
    const size = () => this.#files.attributes(handle)?.size ?? 0;
    if (old !== null && old.length > 0) this.#watch.overwritten(handle, { size, offset: from }, old, by);
    this.keeper.changing(handle, from, to, { by, old });
  }

  #isOld(handle: Handle): boolean {
    return this.keeper.active && !this.keeper.isBorn(handle);
  }

  #touching(handle: Handle, call: string): void {
    this.#refuseKept(handle, call);
    this.keeper.touching(handle);
  }

  #refuseKept(handle: Handle, call: string): void {
    if (this.#kept.has(handle)) throw new FileError('ESTALE', call, 'the file is gone');
  }
}
