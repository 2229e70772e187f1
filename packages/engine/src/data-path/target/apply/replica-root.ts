/**
 * One protected root on the replica: its files, who is who among them, the times that are still due.
 */
import type { RawName } from '@understudy/base';
import type { Attributes, NodeId } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry, type ReplicaFiles } from '../../../ports.ts';
import type { TargetJournal } from '../journal.ts';
import { DeferredTimes } from './deferred-times.ts';
import { type InnerRoot, leadsToInner } from './inner-roots.ts';
import { NodeTable } from './node-table.ts';

/** One name in one directory. */
export interface Place {
  readonly parent: Handle;
  readonly name: RawName;
}

/** Files that keep what is done to them, so that it can be taken back; absent: these do not. */
export interface WatchedFiles extends ReplicaFiles {
  /** Told when a node leaves the table. */
  leaving?(node: NodeId, handle: Handle, pending: boolean): void;
  /** Out of the replica, with all that is beneath, to where it is kept for a while. Returns where, beneath limbo. */
  setAside?(
    place: Place,
    entry: ReplicaEntry,
    why: { readonly kind: 'kept' | 'gone'; readonly path: RawName },
  ): RawName;
  /** The same files, for what is none of the replica's. */
  readonly plain?: ReplicaFiles;
  /** Of this machine's clock. */
  nowMs?(): number;
}

const TYPE_MASK = 0o170000;
export const FileKind = { directory: 0o040000, regular: 0o100000, symlink: 0o120000 } as const;
export const kindOf = (a: Pick<Attributes, 'mode'>): number => a.mode & TYPE_MASK;
export const isDirectory = (a: Pick<Attributes, 'mode'>): boolean => kindOf(a) === FileKind.directory;
export const isRegular = (a: Pick<Attributes, 'mode'>): boolean => kindOf(a) === FileKind.regular;
export const isSymlink = (a: Pick<Attributes, 'mode'>): boolean => kindOf(a) === FileKind.symlink;

/** The names under which the product keeps its own things beneath a root where there is no beside. */
export const OWN_PREFIX = '.understudy-';

export class ReplicaRoot {
  readonly index: number;
  readonly path: RawName;
  readonly files: WatchedFiles;
  readonly nodes: NodeTable;
  readonly times: DeferredTimes;
  /** Directly beneath the root; null: limbo lies beside it. */
  readonly #limboName: string | null;
  /** A file that somebody else has left at a name, and that differs, is put aside rather than written over. */
  sparesOthers = false;
  /** Roots of the same job inside this one. */
  inner: readonly InnerRoot[] = [];

  constructor(index: number, path: RawName, files: WatchedFiles, journal: Pick<TargetJournal, 'note'>) {
    this.index = index;
    this.path = path;
    this.files = files;
    this.nodes = new NodeTable(index, journal, (node, handle, pending) => files.leaving?.(node, handle, pending));
    this.times = new DeferredTimes(files);
    this.#limboName = this.#pathOf(files.limbo)?.split('/')[0] ?? null;
  }

  /** Not a name for the source to confirm: our own things, and what belongs to a root inside this one. */
  isOwn(place: Place): boolean {
    if (place.parent === this.files.root && place.name.startsWith(OWN_PREFIX)) return true;
    return leadsToInner(this, place) !== null;
  }

  /** What limbo lies in, where it lies within the root. */
  isLimbo({ parent, name }: Place): boolean {
    return parent === this.files.root && name === this.#limboName;
  }

  /** The handle of a node whose file exists, null for any other. */
  alive(node: NodeId): { readonly handle: Handle; readonly attributes: Attributes } | null {
    const handle = this.nodes.handleOf(node);
    const attributes = handle === undefined ? null : this.files.attributes(handle);
    return handle === undefined || attributes === null ? null : { handle, attributes };
  }

  at(place: Place): ReplicaEntry | null {
    return this.files.entry(place.parent, place.name);
  }

  /** Where a file hangs, if that can be found out. Kernels know it of directories; of other files only sometimes. */
  locate(handle: Handle): Place | null {
    const path = this.files.pathOf(handle);
    const names = path?.split('/').filter((name) => name !== '') ?? [];
    // Our own things have no place.
    if (names[0] === this.#limboName) return null;
    let parent = this.files.root;
    for (const [i, name] of names.entries()) {
      const entry = this.files.entry(parent, name as RawName);
      if (entry === null) return null;
      if (i === names.length - 1) return entry.handle === handle ? { parent, name: entry.name } : null;
      parent = entry.handle;
    }
    return null;
  }

  /** For people: the node's path, or its parent's and the name. Empty where nothing is known. */
  pathFor(node: NodeId, parent: NodeId, name: RawName): RawName {
    const parentHandle = this.nodes.handleOf(parent);
    const parentPath = parentHandle === undefined ? null : this.#pathOf(parentHandle);
    if (name !== '' && parentPath !== null) return (parentPath === '' ? name : `${parentPath}/${name}`) as RawName;
    const handle = this.nodes.handleOf(node);
    return (handle === undefined ? null : this.#pathOf(handle)) ?? name;
  }

  #pathOf(handle: Handle): RawName | null {
    try {
      return this.files.pathOf(handle);
    } catch (error) {
      // A path for people must not fail what it only describes.
      if (error instanceof FileError) return null;
      throw error;
    }
  }
}
