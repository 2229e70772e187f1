/**
 * What of one root belongs to a job's stream: the nodes that the target knows, or will know from an earlier record.
 * For a root that is protected as a whole no path is ever looked at; otherwise nodes keep their names, so that rules can be asked and
 * a node whose last name has left the set is let go, with all that is beneath it.
 */
import type { RawName } from '@understudy/base';
import { rawToText } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { Scope } from '../../../ports.ts';

export interface ScopePlace {
  readonly parent: NodeId;
  readonly name: RawName;
}

const same = (a: ScopePlace, parent: NodeId, name: RawName): boolean => a.parent === parent && a.name === name;

export class RootScope {
  readonly #known = new Set<NodeId>();
  /** Where rules are asked: a name of each known node, and for directories whether they are one. */
  readonly #places = new Map<NodeId, ScopePlace>();
  readonly #directories = new Set<NodeId>();
  /** Names beyond the first; few files have any. */
  readonly #further = new Map<NodeId, readonly ScopePlace[]>();
  readonly #scope: Scope;
  readonly #rootPath: string;
  readonly rootNode: NodeId;

  constructor(options: { readonly scope: Scope; readonly rootPath: RawName; readonly rootNode: NodeId }) {
    this.#scope = options.scope;
    this.#rootPath = rawToText(options.rootPath);
    this.rootNode = options.rootNode;
  }

  get whole(): boolean {
    return this.#scope.whole;
  }

  get size(): number {
    return this.#known.size;
  }

  knows(node: NodeId): boolean {
    return this.#known.has(node);
  }

  /** Only where rules are asked. */
  isDirectory(node: NodeId): boolean {
    return this.#directories.has(node);
  }

  add(node: NodeId, parent: NodeId, name: RawName, isDirectory: boolean): void {
    this.#known.add(node);
    if (this.#scope.whole) return;
    if (isDirectory) this.#directories.add(node);
    const first = this.#places.get(node);
    if (first === undefined || isDirectory) this.#places.set(node, { parent, name });
    else if (!this.placesOf(node).some((place) => same(place, parent, name)))
      this.#further.set(node, [...(this.#further.get(node) ?? []), { parent, name }]);
  }

  /** A node without a name, or the root itself. */
  addNameless(node: NodeId): void {
    this.#known.add(node);
  }

  forget(node: NodeId): void {
    this.#known.delete(node);
    this.#directories.delete(node);
    this.#places.delete(node);
    this.#further.delete(node);
  }

  clear(): void {
    this.#known.clear();
    this.#directories.clear();
    this.#places.clear();
    this.#further.clear();
  }

  /** Names of a known node within the set; none where the root is whole, for nobody asks there. */
  placesOf(node: NodeId): readonly ScopePlace[] {
    const first = this.#places.get(node);
    return first === undefined ? [] : [first, ...(this.#further.get(node) ?? [])];
  }

  /** A node lost a name within the set. True where it was the last: the node, and what is beneath it, is no longer ours. */
  lost(node: NodeId, parent: NodeId, name: RawName): boolean {
    if (this.#scope.whole || !this.#known.has(node)) return false;
    const left = this.placesOf(node).filter((place) => !same(place, parent, name));
    const [first, ...further] = left;
    if (first !== undefined) {
      this.#places.set(node, first);
      if (further.length > 0) this.#further.set(node, further);
      else this.#further.delete(node);
      return false;
    }
    this.#leave(node);
    return true;
  }

  /** A node got another place; true for a directory where rules may now decide otherwise about what lies beneath it. */
  moved(node: NodeId, from: ScopePlace, to: ScopePlace): boolean {
    if (this.#scope.whole || !this.#known.has(node)) return false;
    const isDirectory = this.#directories.has(node);
    this.add(node, to.parent, to.name, isDirectory);
    if (!isDirectory && !same(from, to.parent, to.name)) this.lost(node, from.parent, from.name);
    return isDirectory;
  }

  /** Whether the rules want this name in a directory that is known. */
  wants(parent: NodeId, name: RawName, isDirectory: boolean): boolean {
    if (!this.#known.has(parent)) return false;
    if (this.#scope.whole) return true;
    const directory = this.pathOf(parent);
    if (directory === null) return false;
    return this.#scope.decide(`${directory}/${rawToText(name)}`, isDirectory) !== 'outside';
  }

  /** Path of a known directory, as text for the rules; null where a parent is not known. */
  pathOf(node: NodeId): string | null {
    const names: string[] = [];
    for (let at = node; at !== this.rootNode; ) {
      const place = this.#places.get(at);
      // A loop cannot be on a disk; a bug must not hang the path.
      if (place === undefined || names.length > 65_536) return null;
      names.push(rawToText(place.name));
      at = place.parent;
    }
    const root = this.#rootPath === '/' ? '' : this.#rootPath;
    return names.length === 0 ? root : `${root}/${names.reverse().join('/')}`;
  }

  /** Looks at every known node for each level of a directory that leaves: that is rare, and an index of children would cost always. */
  #leave(node: NodeId): void {
    let leaving = new Set([node]);
    const isDirectory = this.#directories.has(node);
    this.forget(node);
    if (!isDirectory) return;
    while (leaving.size > 0) {
      const next = new Set<NodeId>();
      for (const [child, first] of this.#places) {
        const names = this.#further.has(child) ? this.placesOf(child) : [first];
        for (const { parent, name } of names) if (leaving.has(parent)) this.#loseBeneath(child, parent, name, next);
      }
      leaving = next;
    }
  }

  #loseBeneath(child: NodeId, parent: NodeId, name: RawName, next: Set<NodeId>): void {
    if (!this.#directories.has(child)) {
      this.lost(child, parent, name);
      return;
    }
    next.add(child);
    this.forget(child);
  }
}
