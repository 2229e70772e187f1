/**
 * The source's disk where it cannot be read. In: reads of the source's files as a mirror, a repair or a verification makes them, by node.
 * Out: a FileError in the stead of some. Promise: applications notice nothing of it, and once mended everything can be read.
 */
import type { RawName } from '@understudy/base';
import {
  FileError,
  type SourceDirectory,
  type SourceEntry,
  type SourceFile,
  type SourceFiles,
} from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import type { SeededRandom } from './random.ts';

export type SourceDiskKind = 'good' | 'now-and-then' | 'bad-spots';

/** What of a node cannot be read: its inode, its names, its content from an offset on, what else it has. */
type Spot = 'stat' | 'open' | 'listing' | 'content' | 'xattrs' | 'link';
const SPOTS: readonly Spot[] = ['stat', 'open', 'listing', 'content', 'content', 'xattrs', 'link'];
const CHANCE = 0.01;
const MOST_OFFSET = 20_000;

export class BadSource {
  readonly kind: SourceDiskKind;
  readonly #random: SeededRandom;
  readonly #spots = new Map<NodeId, { readonly spot: Spot; readonly from: number }>();
  /** Everything can be read from now on. */
  mended = false;
  /** How many reads failed. */
  failures = 0;

  constructor(kind: SourceDiskKind, random: SeededRandom) {
    this.kind = kind;
    this.#random = random;
  }

  /** One more place of the disk goes bad; of one of these. */
  spoil(nodes: readonly NodeId[]): void {
    const node = this.#random.pick(nodes);
    const spot = this.#random.pick(SPOTS) ?? 'content';
    if (node !== undefined) this.#spots.set(node, { spot, from: this.#random.below(MOST_OFFSET) });
  }

  wrap(files: SourceFiles): SourceFiles {
    if (this.kind === 'good') return files;
    const { rootNode } = files;
    return {
      rootNode,
      // That a protected directory itself cannot be looked at halts a job: that is not what is tried here.
      stat: (node) => this.#reading(node === rootNode ? null : node, 'stat', 'statx', () => files.stat(node)),
      entry: (parent, name) => this.#entry(files, parent, name),
      ages: (node) => files.ages(node),
      openDirectory: (node) => {
        const directory = this.#reading(node, 'open', 'open_by_handle_at', () => files.openDirectory(node));
        return directory === null ? null : this.#directory(node, directory);
      },
      readLink: (node) => this.#reading(node, 'link', 'readlinkat', () => files.readLink(node)),
      xattrs: (node) => this.#reading(node, 'xattrs', 'flistxattr', () => files.xattrs(node)),
      pathOf: (node) => files.pathOf(node),
      close: () => files.close(),
      open: (node) => {
        const file = this.#reading(node, 'open', 'open_by_handle_at', () => files.open(node));
        return file === null ? null : this.#file(node, file);
      },
    };
  }

  #entry(files: SourceFiles, parent: NodeId, name: RawName) {
    const entry = files.entry(parent, name);
    return entry === null ? null : this.#reading(entry.node, 'stat', 'statx', () => entry);
  }

  #directory(node: NodeId, directory: SourceDirectory): SourceDirectory {
    let unreadable: { readonly name: RawName; readonly error: FileError }[] = [];
    const next = (max: number): SourceEntry[] => {
      const entries = this.#reading(node, 'listing', 'getdents64', () => directory.next(max));
      const readable = entries.filter((entry) => {
        const error = this.#failure(entry.node, 'stat', 'statx');
        if (error !== null) unreadable.push({ name: entry.name, error });
        return error === null;
      });
      // An empty list would be the end.
      return readable.length > 0 || entries.length === 0 ? readable : next(max);
    };
    const takeUnreadable = () => {
      const taken = unreadable;
      unreadable = [];
      return taken;
    };
    return { next, takeUnreadable, close: () => directory.close() };
  }

  #file(node: NodeId, file: SourceFile): SourceFile {
    return {
      read: (offset, into) =>
        this.#reading(node, 'content', 'pread', () => file.read(offset, into), offset + into.length),
      dataAfter: (offset) => this.#reading(node, 'content', 'lseek', () => file.dataAfter(offset), offset),
      size: () => file.size(),
      willNeed: () => {},
      close: () => file.close(),
    };
  }

  /** Throws FileError where it cannot be read. */
  #reading<T>(node: NodeId | null, spot: Spot, call: string, read: () => T, upTo = Number.POSITIVE_INFINITY): T {
    const error = node === null ? null : this.#failure(node, spot, call, upTo);
    if (error !== null) throw error;
    return read();
  }

  #failure(node: NodeId, spot: Spot, call: string, upTo = Number.POSITIVE_INFINITY): FileError | null {
    if (this.mended) return null;
    const known = this.#spots.get(node);
    const isBad =
      this.kind === 'now-and-then'
        ? this.#random.chance(CHANCE)
        : known !== undefined && known.spot === spot && upTo > known.from;
    if (!isBad) return null;
    this.failures += 1;
    return new FileError('EIO', call);
  }
}
