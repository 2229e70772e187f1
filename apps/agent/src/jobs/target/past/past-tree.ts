/**
 * A past moment of all roots of a job as one tree: each root at the path it has on the source, as `--to DIR` lays them out. In: the roots
 * as they were. Out: what view shows. A root inside another is in its place there.
 */
import type { RawName } from '@understudy/base';
import { FileError, type Handle, type OpenPast, type Past } from '@understudy/engine';
import type { ViewKey, ViewTree } from '@understudy/filesystem';
import { type Attributes, NO_ATTRIBUTES, type Xattr } from '@understudy/wire';

interface PastRoot {
  readonly index: number;
  /** On the source. */
  readonly path: RawName;
  readonly past: Past;
}

/** `D` and a path: made up. A number, a colon and a handle: a file of that root. */
const MADE_UP: Attributes = { ...NO_ATTRIBUTES, mode: 0o040755, nlink: 2 };

type Found =
  | { readonly kind: 'made-up'; readonly path: string }
  | { readonly kind: 'file'; readonly root: PastRoot; readonly handle: Handle };

export class PastTree implements ViewTree {
  readonly root: ViewKey;
  readonly #roots: ReadonlyMap<number, PastRoot>;
  readonly #isKept: () => boolean;

  /** `paths`: of the roots on the source, by index. */
  constructor(past: Pick<OpenPast, 'roots' | 'isKept'>, paths: readonly RawName[]) {
    const roots = new Map<number, PastRoot>();
    for (const [index, one] of past.roots)
      roots.set(index, { index, path: paths[index] ?? ('/' as RawName), past: one });
    this.#roots = roots;
    this.#isKept = () => past.isKept;
    this.root = this.#keyOfPath('') ?? 'D';
  }

  attributes(key: ViewKey): Attributes | null {
    const found = this.#find(key);
    return found.kind === 'made-up' ? MADE_UP : found.root.past.attributes(found.handle);
  }

  entry(parent: ViewKey, name: RawName): ViewKey | null {
    const found = this.#find(parent);
    if (found.kind === 'made-up') return this.#keyOfPath(`${found.path}/${name}`);
    const entry = found.root.past.entry(found.handle, name);
    return entry === null ? null : this.#keyOf(found.root, entry.handle);
  }

  list(directory: ViewKey): readonly { readonly name: RawName; readonly key: ViewKey }[] | null {
    const found = this.#find(directory);
    if (found.kind === 'made-up') return this.#namesBeneath(found.path);
    return (
      found.root.past.list(found.handle)?.map(({ name, handle }) => ({ name, key: this.#keyOf(found.root, handle) })) ??
      null
    );
  }

  read(key: ViewKey, offset: number, length: number): Uint8Array | null {
    const found = this.#find(key);
    return found.kind === 'made-up' ? null : found.root.past.read(found.handle, offset, length);
  }

  readLink(key: ViewKey): Uint8Array | null {
    const found = this.#find(key);
    return found.kind === 'made-up' ? null : found.root.past.readLink(found.handle);
  }

  xattrs(key: ViewKey): readonly Xattr[] | null {
    const found = this.#find(key);
    return found.kind === 'made-up' ? [] : found.root.past.xattrs(found.handle);
  }

  #find(key: ViewKey): Found {
    if (!this.#isKept()) throw new FileError('EIO', 'read', 'that moment is not kept any more');
    if (key.startsWith('D')) return { kind: 'made-up', path: key.slice(1) };
    const colon = key.indexOf(':');
    const root = this.#roots.get(Number(key.slice(0, colon)));
    if (root === undefined) throw new FileError('ESTALE', 'read', 'the root is gone');
    return { kind: 'file', root, handle: key.slice(colon + 1) as Handle };
  }

  /** What is the top of a root belongs to that one. */
  #keyOf(root: PastRoot, handle: Handle): ViewKey {
    for (const other of this.#roots.values()) if (other.past.root === handle) return `${other.index}:${handle}`;
    return `${root.index}:${handle}`;
  }

  /** Null: no root is there, nor beneath it. */
  #keyOfPath(path: string): ViewKey | null {
    for (const root of this.#roots.values())
      if (root.path === path || (path === '' && root.path === '/')) return `${root.index}:${root.past.root}`;
    for (const { path: top } of this.#roots.values()) if (top.startsWith(`${path}/`)) return `D${path}`;
    return null;
  }

  #namesBeneath(path: string): { readonly name: RawName; readonly key: ViewKey }[] {
    const names = new Set<string>();
    for (const { path: top } of this.#roots.values())
      if (top.startsWith(`${path}/`)) names.add(top.slice(path.length + 1).split('/')[0] ?? '');
    return [...names].flatMap((name) => {
      const key = this.#keyOfPath(`${path}/${name}`);
      return key === null ? [] : [{ name: name as RawName, key }];
    });
  }
}
