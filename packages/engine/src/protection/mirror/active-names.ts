/**
 * What a repair looks at after the source has lost power: directories whose names were being changed, and whatever was changed between
 * the boot and the protection. In: dirty items of these two kinds. Out: directories to be listed, each with the time since when what was
 * made in it may have lost content; nodes that have changed. Nothing is said of what is old.
 */
import { RingBuffer } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { DirtyItem } from '../../data-path/source/queue/dirty-map.ts';
import { ChangedWalk, type Walk } from './changed-walk.ts';
import type { EntrySender } from './entry-sender.ts';
import { forgetMoved } from './forget-moved.ts';
import type { MirrorRoot, MirrorWorld } from './world.ts';

interface DirectoryQueue {
  push(directory: { readonly root: number; readonly node: NodeId }): void;
}

const key = (root: number, node: NodeId): string => `${root}/${node}`;

export class ActiveNames {
  readonly #world: MirrorWorld;
  readonly #entries: () => EntrySender;
  /** What is to be listed. */
  readonly #directories: DirectoryQueue;
  readonly #since = new Map<string, number>();
  /** Directories to be gone through for what has changed since. */
  readonly #walks = new RingBuffer<Walk>();
  #walk: ChangedWalk | null = null;
  /** Roots that have been gone through as far as their directories were known. */
  readonly #walked = new Set<MirrorRoot>();
  readonly #items: readonly DirtyItem[];

  constructor(
    world: MirrorWorld,
    directories: DirectoryQueue,
    items: readonly DirtyItem[],
    entries: () => EntrySender,
  ) {
    this.#world = world;
    this.#directories = directories;
    this.#items = items;
    this.#entries = entries;
  }

  /** null: the directory is listed like any other. */
  sinceOf(root: number, node: NodeId): number | null {
    return this.#since.get(key(root, node)) ?? null;
  }

  /** Beneath one that is active; `list`: it may have changed since. */
  add(root: number, node: NodeId, sinceMs: number, list: boolean): void {
    const known = this.sinceOf(root, node) ?? sinceMs;
    this.#since.set(key(root, node), Math.min(known, sinceMs));
    if (list) this.#directories.push({ root, node });
  }

  /** Its own metadata, and every name in it. */
  names(root: MirrorRoot, node: NodeId, sinceMs: number): void {
    const known = root.scope.knows(node);
    this.#entries().metadata(root, node);
    if (known && root.files.stat(node) !== null) this.add(root.index, node, sinceMs, true);
  }

  /** Everything beneath the root is gone through. */
  changedSince(root: MirrorRoot, sinceMs: number): void {
    this.#walks.push({ root: root.index, node: root.files.rootNode, sinceMs });
    this.#walked.add(root);
  }

  /** Goes on with the walk; about how much work that was, null: none is due. */
  step(): number | null {
    if (this.#walk === null) {
      const next = this.#walks.shift();
      if (next !== undefined) return this.#start(next);
      return this.#walked.size === 0 ? null : this.#forgetMoved();
    }
    const looked = this.#walk.step();
    if (this.#walk.finished) this.#walk = null;
    return looked;
  }

  close(): void {
    this.#walk?.close();
    this.#walk = null;
  }

  /** Behind the walks: by now every file that is there has been met. */
  #forgetMoved(): number {
    for (const root of this.#walked) {
      const active = this.#items.flatMap((item) =>
        item.kind === 'names' && item.root === root.index ? [item.node] : [],
      );
      forgetMoved(root, new Set(active));
    }
    this.#walked.clear();
    return 256;
  }

  #start({ root: index, node, sinceMs }: Walk): number {
    const root = this.#world.roots.get(index);
    if (root === undefined) return 256;
    this.#walk = ChangedWalk.open({
      root,
      node,
      sinceMs,
      directory: (below) => this.#walks.push({ root: index, node: below, sinceMs }),
      // What an application changes while this runs is in the stream by itself; to look at it is not wrong.
      changed: (one, isDirectory) => (isDirectory ? this.names(root, one, sinceMs) : this.#entries().node(root, one)),
      unreadable: (one, what) => this.#world.unreadable(index, one, what),
    });
    return 256;
  }
}
