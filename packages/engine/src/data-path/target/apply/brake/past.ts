/**
 * One root as it was at a moment, while operations go on: ReplicaFiles for reading. In: handles, names, ranges. Out: what they were then.
 * Promise: exact, whatever is applied meanwhile, as long as it is called between operations and not within one; what was not kept
 * (content beyond the limits, or uncertain since a power cut) is an error and never other bytes.
 */
import type { RawName } from '@understudy/base';
import type { Attributes, Xattr } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry, type ReplicaFiles } from '../../../../ports.ts';
import { isDirectory, isRegular } from '../replica-root.ts';
import type { Generation } from './generations.ts';
import type { EntryListener, Keeper } from './keeper.ts';
import { BLOCK, PastIndex } from './past-index.ts';
import type { UndoOutline } from './undo-log.ts';

const OWN_PREFIX = '.understudy-';

export class Past {
  readonly root: Handle;
  readonly #files: ReplicaFiles;
  readonly #keeper: Keeper;
  readonly #index = new PastIndex();
  readonly #listener: EntryListener;
  readonly #number: number;

  /** `number`: of the moment. Throws FileError where what was kept is damaged. */
  constructor(keeper: Keeper, number: number) {
    this.#keeper = keeper;
    this.#files = keeper.files;
    this.#number = number;
    this.root = keeper.files.root;
    for (const { log } of this.#since()) for (const entry of log.outlines()) this.#index.take(log, entry);
    this.#listener = ({ log }: Generation, entry: UndoOutline) => this.#index.take(log, entry);
    keeper.listeners.add(this.#listener);
  }

  close(): void {
    this.#keeper.listeners.delete(this.#listener);
  }

  /** What happens now is still written down; otherwise the moment is lost from now on. */
  get isKept(): boolean {
    return this.#keeper.active && this.#keeper.generations.all.some(({ number }) => number === this.#number);
  }

  /** Not all of it is known to be what it was then. */
  isUncertain(handle: Handle): boolean {
    return this.#index.lost.has(handle);
  }

  attributes(handle: Handle): Attributes | null {
    const now = this.#files.attributes(handle);
    if (now === null) return null;
    const then = this.#index.touched.get(handle);
    const nlink = this.#links(handle, now);
    if (then === undefined) return { ...now, nlink };
    const [size = 0, mode = 0, uid = 0, gid = 0, atimeSec = 0, atimeNsec = 0, mtimeSec = 0, mtimeNsec = 0] = then;
    return { ...now, nlink, size, mode, uid, gid, atimeSec, atimeNsec, mtimeSec, mtimeNsec };
  }

  entry(parent: Handle, name: RawName): ReplicaEntry | null {
    if (this.#isOwn(parent, name)) return null;
    const names = this.#index.names.get(parent);
    if (names?.has(name) === true) return this.#entryOf(name, names.get(name) ?? null);
    const now = this.#files.entry(parent, name);
    return now === null ? null : this.#entryOf(name, now.handle);
  }

  /** null: no such directory. */
  list(parent: Handle): ReplicaEntry[] | null {
    const now = this.#files.list(parent);
    if (now === null) return null;
    const changed = this.#index.names.get(parent);
    const found: ReplicaEntry[] = [];
    for (const { name, handle } of now) {
      const entry = changed?.has(name) === true || this.#isOwn(parent, name) ? null : this.#entryOf(name, handle);
      if (entry !== null) found.push(entry);
    }
    for (const [name, handle] of changed ?? []) {
      const entry = this.#entryOf(name, handle);
      if (entry !== null) found.push(entry);
    }
    return found;
  }

  readLink(handle: Handle): Uint8Array | null {
    return this.#files.readLink(handle);
  }

  xattrs(handle: Handle): Xattr[] | null {
    const then = this.#index.xattrs.get(handle);
    if (then === undefined) return this.#files.xattrs(handle);
    const found: Xattr[] = [];
    for (let at = 0; at + 1 < then.length; at += 2)
      found.push([then[at] as RawName, Uint8Array.from(then[at + 1] ?? '', (char) => char.charCodeAt(0))]);
    return found;
  }

  /** Bytes at offset, fewer at the end of the file; null: gone. Throws FileError: EIO where they are not kept. */
  read(handle: Handle, offset: number, length: number): Uint8Array | null {
    const attributes = this.attributes(handle);
    if (attributes === null || !isRegular(attributes)) return null;
    const end = Math.min(offset + length, attributes.size);
    if (end <= offset) return new Uint8Array(0);
    if (this.#index.lost.has(handle)) throw new FileError('EIO', 'read', 'what the file held then is not kept');
    const bytes = new Uint8Array(end - offset);
    const now = this.#files.read(handle, offset, bytes.length);
    if (now === null) return null;
    bytes.set(now.subarray(0, bytes.length));
    const blocks = this.#index.blocks.get(handle);
    for (let at = offset; blocks !== undefined && at < end; at = nextBlock(at)) {
      const kept = blocks.get(Math.floor(at / BLOCK));
      if (kept === undefined) continue;
      const data = kept.log.read(kept.at).data.subarray(kept.offset);
      const within = at % BLOCK;
      const until = Math.min(nextBlock(at), end);
      bytes.fill(0, at - offset, until - offset);
      bytes.set(data.subarray(within, within + until - at), at - offset);
    }
    return bytes;
  }

  #since(): readonly Generation[] {
    return this.#keeper.generations.all.filter(({ number }) => number >= this.#number);
  }

  #entryOf(name: RawName, handle: Handle | null): ReplicaEntry | null {
    const attributes = handle === null ? null : this.attributes(handle);
    return attributes === null || handle === null ? null : { name, handle, attributes };
  }

  #isOwn(parent: Handle, name: RawName): boolean {
    return parent === this.root && name.startsWith(OWN_PREFIX);
  }

  /** Of a file: those of now, without the ones that it has got, with the ones that it has lost. */
  #links(handle: Handle, now: Attributes): number {
    if (isDirectory(now)) return now.nlink;
    let links = now.nlink;
    for (const { parent, name } of this.#index.places.get(handle) ?? []) {
      const names = this.#index.names.get(parent);
      if (names?.has(name) !== true) continue;
      const had = names.get(name) === handle;
      const has = this.#files.entry(parent, name)?.handle === handle;
      if (had !== has) links += had ? 1 : -1;
    }
    return links;
  }
}

const nextBlock = (at: number): number => (Math.floor(at / BLOCK) + 1) * BLOCK;
