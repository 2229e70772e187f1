/**
 * The files of a root as an application sees them: what lies under a mount beneath it is hidden there, and here. In: the root's own
 * files and the places that are mounted over. Out: the same files, where each such place is an empty directory. A root of its own
 * tells of what is mounted there, or nobody does; the directory is wanted where the replica is brought up.
 */
import type { RawName } from '@understudy/base';
import type { SourceDirectory, SourceEntry, SourceFiles } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';

/** Names from the root down. */
export type CoveredPlace = readonly RawName[];

export class FilesAroundMounts implements SourceFiles {
  readonly rootNode: NodeId;
  readonly #files: SourceFiles;
  readonly #places: () => readonly CoveredPlace[];
  #nodes: ReadonlySet<NodeId> | null = null;

  constructor(files: SourceFiles, places: () => readonly CoveredPlace[]) {
    this.rootNode = files.rootNode;
    this.#files = files;
    this.#places = places;
  }

  /** Something was mounted or unmounted. */
  changed(): void {
    this.#nodes = null;
  }

  stat(node: NodeId): ReturnType<SourceFiles['stat']> {
    return this.#files.stat(node);
  }

  entry(parent: NodeId, name: RawName): SourceEntry | null {
    return this.#covered().has(parent) ? null : this.#files.entry(parent, name);
  }

  ages(node: NodeId): ReturnType<SourceFiles['ages']> {
    return this.#files.ages(node);
  }

  openDirectory(node: NodeId): SourceDirectory | null {
    return this.#covered().has(node) ? EMPTY : this.#files.openDirectory(node);
  }

  readLink(node: NodeId): ReturnType<SourceFiles['readLink']> {
    return this.#files.readLink(node);
  }

  xattrs(node: NodeId): ReturnType<SourceFiles['xattrs']> {
    return this.#files.xattrs(node);
  }

  open(node: NodeId): ReturnType<SourceFiles['open']> {
    return this.#files.open(node);
  }

  pathOf(node: NodeId): RawName | null {
    return this.#files.pathOf(node);
  }

  close(): void {
    this.#files.close();
  }

  #covered(): ReadonlySet<NodeId> {
    if (this.#nodes !== null) return this.#nodes;
    const nodes = new Set<NodeId>();
    for (const names of this.#places()) {
      let node: NodeId | null = this.rootNode;
      for (const name of names) node = node === null ? null : (this.#files.entry(node, name)?.node ?? null);
      if (node !== null && node !== this.rootNode) nodes.add(node);
    }
    this.#nodes = nodes;
    return nodes;
  }
}

const EMPTY: SourceDirectory = { next: () => [], takeUnreadable: () => [], close: () => {} };
