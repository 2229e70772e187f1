/**
 * The roots that the driver serves or has not got rid of yet. In: what the holder holds. Out: each root with its files, and which
 * belong together: a directory and the file systems mounted beneath it are mounted in one step and go in one.
 */
import { closeSync, constants, openSync } from 'node:fs';
import type { RawName } from '@understudy/base';
import type { ProtectedRoot } from '@understudy/engine';
import { type CoveredPlace, FilesAroundMounts } from './covered.ts';
import type { HeldRoot } from './holder-client.ts';
import type { FuseParts } from './interceptor.ts';
import { within } from './mount-tree.ts';
import { isMadeUp, strangersBeneath } from './nested.ts';

export interface Root extends ProtectedRoot {
  readonly files: FilesAroundMounts;
  readonly nested: readonly ProtectedRoot[];
  readonly uncovered: readonly RawName[];
  readonly unseen: readonly RawName[];
  readonly rootFd: number;
  /** The root with which it was mounted and goes; null: it stands by itself. */
  readonly parent: number | null;
  /** Silenced, and waiting for its users to go. */
  released: boolean;
  /** Off the tree, though somebody uses it still. */
  detached: boolean;
}

export class Roots {
  readonly #parts: FuseParts;
  readonly #heard: { adopted(root: Root): void; removed(id: number): void };
  readonly #roots = new Map<number, Root>();
  readonly #unseen = new Map<RawName, readonly RawName[]>();

  constructor(parts: FuseParts, heard: { adopted(root: Root): void; removed(id: number): void }) {
    this.#parts = parts;
    this.#heard = heard;
  }

  get size(): number {
    return this.#roots.size;
  }

  all(): Root[] {
    return [...this.#roots.values()];
  }

  active(): Root[] {
    return this.all().filter((root) => !root.released);
  }

  /** Mounted still, for those who use them. */
  leaving(): Root[] {
    return this.all().filter((root) => root.released && !root.detached);
  }

  get(id: number): Root | undefined {
    return this.#roots.get(id);
  }

  nextId(also: readonly number[]): number {
    return this.#parts.rootsFile.nextId([...this.#roots.keys(), ...also]);
  }

  /** The files beneath our mount, through the holder's private view: the public path would lead through ourselves. */
  adopt(held: HeldRoot, holderPid: number, released: boolean): Root {
    const view = `/proc/${holderPid}/fd/${held.treeFd}/.`;
    const rootFd = openSync(view, constants.O_RDONLY | constants.O_DIRECTORY);
    const { id, path } = held;
    const own = this.#parts.filesOf(rootFd, path, this.#parts.index.ofRoot(id));
    const files = new FilesAroundMounts(own, () => this.#coveredIn(path));
    const unseen = () => this.#unseenIn(path);
    const beneath = () => this.beneath(path).filter((each) => !each.released);
    const root: Root = {
      id,
      path,
      files,
      rootFd,
      released,
      parent: this.#parts.rootsFile.parentOf(id),
      detached: false,
      get nested() {
        return beneath();
      },
      get uncovered() {
        return strangersBeneath(path).map(({ mount }) => mount.mountPoint);
      },
      get unseen() {
        return unseen();
      },
    };
    this.#roots.set(id, root);
    this.mountsChanged();
    this.#heard.adopted(root);
    return root;
  }

  /** Roots further down, outermost first. */
  beneath(path: RawName): Root[] {
    return this.all()
      .filter((root) => root.path !== path && !root.detached && within(root.path, path))
      .sort((a, b) => a.path.length - b.path.length);
  }

  /** Those that were mounted in one step, the directory first. */
  family(root: Root): Root[] {
    const head = (root.parent === null ? undefined : this.#roots.get(root.parent)) ?? root;
    return [head, ...this.all().filter((each) => each.parent === head.id && each !== head && !each.detached)];
  }

  remove(root: Root): void {
    if (!this.#roots.delete(root.id)) return;
    this.#parts.rootsFile.remove(root.id);
    this.mountsChanged();
    this.#heard.removed(root.id);
    this.#forget(root);
  }

  forgetAll(): void {
    for (const root of this.#roots.values()) this.#forget(root);
  }

  /** What is hidden beneath a mount may be another from now on. */
  mountsChanged(): void {
    this.#unseen.clear();
    for (const { files } of this.#roots.values()) files.changed();
  }

  /** Asked at every turn of every job: looked up anew only where the mounts have changed. */
  #unseenIn(path: RawName): readonly RawName[] {
    const known = this.#unseen.get(path);
    if (known !== undefined) return known;
    const found = strangersBeneath(path).filter(({ mount }) => !isMadeUp(mount));
    const places = found.map(({ mount }) => mount.mountPoint);
    this.#unseen.set(path, places);
    return places;
  }

  /** Of a root: what is mounted on its own file system, not further in. */
  #coveredIn(path: RawName): CoveredPlace[] {
    const strangers = strangersBeneath(path).map(({ mount }) => mount.mountPoint);
    const all = [...new Set([...this.beneath(path).map((root) => root.path), ...strangers])];
    return all
      .filter((place) => !all.some((other) => other !== place && within(place, other)))
      .map((place) => place.slice(path.length).split('/').filter(Boolean) as RawName[]);
  }

  #forget(root: Root): void {
    root.files.close();
    closeSync(root.rootFd);
  }
}
