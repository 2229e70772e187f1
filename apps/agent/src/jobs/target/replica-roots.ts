/**
 * The replica directories of one job on this machine. In: where they shall lie and which they were. Out: open trees, and word of one
 * that is not the directory any more that it was. Promises: a replica that vanished is never quietly begun anew under a stream that goes on.
 */
import { lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { brand, printable, type RawName } from '@understudy/base';
import {
  FileError,
  type Forbidden,
  forbiddingFiles,
  type Handle,
  type OpenRoot,
  type ReplicaFiles,
} from '@understudy/engine';
import { openReplicaTree } from '@understudy/filesystem';
import { liesWithin } from '../../rules/index.ts';
import { ForeignFiles } from './foreign-files.ts';
import type { Place } from './replica-place.ts';

/** The replica's root is not what it was: only a person knows whether that was meant. */
export class RootLost extends Error {
  override readonly name = 'RootLost';
}

/** Now the root cannot be opened; time or an administrator mends it, and the source asks again. */
export class RootNotNow extends Error {
  override readonly name = 'RootNotNow';
  readonly code: string;
  constructor(code: string, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

const NOT_NOW = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM', 'EIO', 'EAGAIN', 'ETIMEDOUT']);

export type OpenTree = typeof openReplicaTree;

export interface ReplicaRootsOptions {
  readonly jobId: string;
  readonly places: readonly Place[];
  /** Root handles that the stream has been filling, by index; null: any will do. */
  readonly known: readonly (Handle | null)[];
  readonly openTree?: OpenTree;
  /** What must not be made there; absent: anything may. */
  readonly forbidden?: Forbidden;
  /** Looked at before anything of a root is made or changed: throws where its folder may not be filled. `handle`: what lies there. */
  readonly mayFill?: (index: number, path: RawName, handle: Handle) => void;
  /** What lies there and is none of the job's, by its path; absent: nothing. */
  readonly spared?: (path: RawName, isDirectory: boolean) => boolean;
  /** A root is open; what it throws closes it again. */
  readonly opened?: (path: RawName) => void;
}

interface OpenedRoot {
  readonly path: RawName;
  readonly device: number;
  readonly inode: number;
  readonly handle: Handle;
}

export class ReplicaRoots {
  readonly places: readonly Place[];
  readonly #options: ReplicaRootsOptions;
  readonly #opened = new Map<number, OpenedRoot>();

  constructor(options: ReplicaRootsOptions) {
    this.places = options.places;
    this.#options = options;
  }

  /** Throws FileError, RootLost, RootNotNow. */
  readonly open: OpenRoot = (index, source) => {
    const place = this.places[index];
    if (place?.source !== source) throw new FileError('ENOENT', 'open', `root ${index} was never announced`);
    const path = place.replica;
    const known = this.#options.known[index] ?? null;
    if (known !== null && !exists(path)) throw lost(path, 'is gone');
    const files: ReplicaFiles = this.#tree(index, path);
    if (known !== null && files.root !== known) {
      files.close();
      throw lost(path, 'is another directory than the one that was being filled');
    }
    try {
      this.#options.mayFill?.(index, path, files.root);
      this.#options.opened?.(path);
    } catch (error) {
      files.close();
      if (error instanceof ForeignFiles) removeLimbos(this.#options.jobId, [path]);
      throw error;
    }
    const stat = lstatSync(Buffer.from(path, 'latin1'));
    this.#opened.set(index, { path, device: stat.dev, inode: stat.ino, handle: files.root });
    const { forbidden, spared } = this.#options;
    if (spared !== undefined)
      files.spared = (beneath, isDirectory) => spared(brand<RawName>(`${path}/${beneath}`), isDirectory);
    return forbidden === undefined ? files : forbiddingFiles(files, forbidden);
  };

  /** By index; null: not open. */
  handles(): (Handle | null)[] {
    return this.places.map((_, index) => this.#opened.get(index)?.handle ?? null);
  }

  /** The first root that is not at its place any more; null: all are. */
  lost(): RootLost | null {
    for (const { path, device, inode } of this.#opened.values()) {
      const stat = exists(path);
      if (stat === null) return lost(path, 'was removed or renamed');
      if (stat.dev !== device || stat.ino !== inode) return lost(path, 'was replaced by another directory');
    }
    return null;
  }

  /** Limbo lies beside the root, or within it where the root is a file system of its own; of a root inside another, beside that one. */
  #tree(index: number, replica: RawName): ReplicaFiles {
    const openTree = this.#options.openTree ?? openReplicaTree;
    const replicas = this.places.map((place) => place.replica);
    const limbos = limbosOf(this.#options.jobId, replica, replicas);
    try {
      for (const [choice, limbo] of limbos.entries()) {
        try {
          return openTree({ rootPath: replica, limboPath: limboIn(limbo, index), create: true });
        } catch (error) {
          const another = error instanceof FileError && error.code === 'EXDEV' && choice < limbos.length - 1;
          if (!another) throw error;
          removeLimbo(limbo, index);
        }
      }
      throw new FileError('EXDEV', 'open', 'no place for what has to be kept aside');
    } catch (error) {
      if (!(error instanceof FileError) || !NOT_NOW.has(error.code)) throw error;
      throw new RootNotNow(
        error.code,
        `The replica ${printable(replica)} cannot be opened on the target now (${error.message}); it is tried again.`,
      );
    }
  }
}

/** What the product kept beside the roots goes when the job lets go of them; the replica itself stays. */
export function removeLimbos(jobId: string, replicas: readonly RawName[]): void {
  for (const [index, replica] of replicas.entries())
    for (const place of limbosOf(jobId, replica, replicas)) removeLimbo(place, index);
}

/** By root: where the product keeps what belongs to the job, on that root's own file system; null: nowhere yet. */
export function keptBeside(jobId: string, replicas: readonly RawName[]): (RawName | null)[] {
  return replicas.map((replica, index) => {
    const places = limbosOf(jobId, replica, replicas);
    return places.find((place) => exists(limboIn(place, index)) !== null) ?? null;
  });
}

/** In the order in which they are tried. A root inside another must not have it in the other's way. */
function limbosOf(jobId: string, replica: RawName, all: readonly RawName[]): readonly RawName[] {
  const outermost = all.filter((other) => liesWithin(replica, other)).sort((a, b) => a.length - b.length)[0] ?? replica;
  const parent = outermost.slice(0, Math.max(1, outermost.lastIndexOf('/')));
  const under = (place: string) => brand<RawName>(`${place === '/' ? '' : place}/.understudy-${jobId}`);
  return [...new Set([under(parent), under(outermost), under(replica)])];
}

const limboIn = (place: RawName, index: number): RawName => brand<RawName>(`${place}/limbo-${index}`);

const ORPHANS = 'orphans';

function removeLimbo(place: RawName, index: number): void {
  try {
    const limbo = limboIn(place, index);
    // Orphans were never ours: what was only moved aside outlives the job.
    for (const name of readdirSync(Buffer.from(limbo, 'latin1'), 'buffer'))
      if (name.toString('latin1') !== ORPHANS)
        rmSync(Buffer.from(`${limbo}/${name.toString('latin1')}`, 'latin1'), { recursive: true, force: true });
    rmdirSync(Buffer.from(limbo, 'latin1'));
    rmdirSync(Buffer.from(place, 'latin1'));
  } catch {
    // Not there, or not empty: another root of the job has its limbo there too.
  }
}

function exists(path: RawName): { readonly dev: number; readonly ino: number } | null {
  try {
    const stat = lstatSync(Buffer.from(path, 'latin1'));
    return stat.isSymbolicLink() ? null : stat;
  } catch {
    return null;
  }
}

function lost(path: RawName, what: string): RootLost {
  return new RootLost(
    `The replica's root ${printable(path)} ${what}. If it lies on a disk that is not mounted, mount it; if it was moved, move it back. ` +
      'Then, or if a new replica is wanted there, start the job again with `understudy job start`: a mirror makes it whole.',
  );
}
