/**
 * What of one root belongs to a job's stream: the nodes that the target knows, or will know from an earlier record.
 * For an interceptor's root that is protected as a whole no path is ever looked at; otherwise (rules, or a job's root beneath a wider one of the interceptor)
 * nodes keep their names, so that rules can be asked and a node whose last name has left the set is let go, with all that is beneath it.
 * Once the target has all of a whole root, nothing is remembered but the exceptions: then every node is known except these.
 */
import type { RawName } from '@understudy/base';
import { rawToText } from '@understudy/base';
import { NO_NODE, type NodeId } from '@understudy/wire';
import type { Scope } from '../../../ports.ts';
import type { NodeNote } from './scope-notes.ts';

export interface ScopePlace {
  readonly parent: NodeId;
  readonly name: RawName;
}

const same = (a: ScopePlace, parent: NodeId, name: RawName): boolean => a.parent === parent && a.name === name;

export class RootScope {
  readonly #known = new Set<NodeId>();
  /** Every node with a name is known but these; null: only `#known` are. Never where rules are asked. */
  #exceptions: Set<NodeId> | null = null;
  #version = 0;
  /** Exceptions that a repair has told of, as long as it is not certain to arrive. */
  readonly #settling = new Set<NodeId>();
  /** Of these, what got another name since: the one that the repair told of need not lead to it any more. */
  readonly #strays = new Set<NodeId>();
  /** Known nodes that never had a name. */
  readonly #nameless = new Set<NodeId>();
  /** Where rules are asked: a name of each known node, and for directories whether they are one. */
  readonly #places = new Map<NodeId, ScopePlace>();
  readonly #directories = new Set<NodeId>();
  /** Names beyond the first; few files have any. */
  readonly #further = new Map<NodeId, readonly ScopePlace[]>();
  /** Where rules are asked: nodes of which something else holds since it was last told. */
  #touched = new Set<NodeId>();
  #cleared = false;
  #scope: Scope;
  readonly #rootPath: string;
  readonly rootNode: NodeId;
  /** No mirror and no repair has anything left to tell of: a directory that is not known is none of ours. */
  isListed: () => boolean = () => false;

  constructor(options: { readonly scope: Scope; readonly rootPath: RawName; readonly rootNode: NodeId }) {
    this.#scope = options.scope;
    this.#rootPath = rawToText(options.rootPath);
    this.rootNode = options.rootNode;
  }

  /** Other rules from here on. What the target knows is another question now: nothing is known until it is said again. */
  change(scope: Scope): void {
    this.#scope = scope;
    this.clear();
  }

  /** All that is intercepted is ours: nothing need be remembered of where it lies. */
  get whole(): boolean {
    return this.#scope.whole && !this.within;
  }

  /** Beneath a wider root of the interceptor: what lies outside is not ours, though it is spoken of. */
  get within(): boolean {
    return this.#scope.within === true;
  }

  get size(): number {
    return this.#known.size;
  }

  knows(node: NodeId): boolean {
    return this.#exceptions === null ? this.#known.has(node) : !this.#exceptions.has(node);
  }

  /** Of a node without any name left: one that never had a name is ours if its making was said, any other is gone. */
  knowsNameless(node: NodeId): boolean {
    return this.#exceptions === null ? this.#known.has(node) : this.#nameless.has(node);
  }

  /** What is not known although everything else is; null: nothing is known but what was said. */
  get exceptions(): ReadonlySet<NodeId> | null {
    return this.#exceptions;
  }

  /** Grows whenever exceptions come or go otherwise than with what became dirty. */
  get version(): number {
    return this.#version;
  }

  /** Nothing is left to be settled: everything with a name is known. */
  get settled(): boolean {
    return !this.whole || (this.#exceptions?.size === 0 && this.#settling.size === 0);
  }

  /** As `exceptions`, for a run of the process in which nothing of a repair under way may have arrived. */
  get remembered(): readonly NodeId[] | null {
    return this.#exceptions === null ? null : [...new Set([...this.#exceptions, ...this.#settling])];
  }

  /** A run of the process in which nothing of a repair under way may have arrived has to look for these by themselves. */
  get strays(): ReadonlySet<NodeId> {
    return this.#strays;
  }

  get nameless(): ReadonlySet<NodeId> {
    return this.#nameless;
  }

  /** The target has all there is: from now on only exceptions need be remembered. No effect where rules are asked. */
  complete(exceptions: Iterable<NodeId> = [], nameless: Iterable<NodeId> = this.#nameless): void {
    if (!this.whole) return;
    this.#version += 1;
    this.#exceptions = new Set(exceptions);
    this.#settling.clear();
    this.#strays.clear();
    for (const node of nameless) this.#nameless.add(node);
    this.#known.clear();
  }

  /** A repair has ended, and what it told of is there, but for these: they have to be told of once more. */
  arrived(but: ReadonlySet<NodeId>): void {
    for (const node of this.#settling) {
      if (but.has(node)) continue;
      this.#settling.delete(node);
      this.#strays.delete(node);
      this.#version += 1;
    }
  }

  /** It exists, and the target will not learn of it by itself. */
  except(node: NodeId): void {
    this.forget(node);
    if (node === NO_NODE || this.#exceptions === null) return;
    this.#exceptions.add(node);
    this.#version += 1;
  }

  /** Only where rules are asked. */
  isDirectory(node: NodeId): boolean {
    return this.#directories.has(node);
  }

  add(node: NodeId, parent: NodeId, name: RawName, isDirectory: boolean): void {
    const wasNameless = this.#nameless.delete(node);
    if (this.#exceptions !== null) {
      if (this.#exceptions.delete(node)) this.#settling.add(node);
      return;
    }
    const isNew = !this.#known.has(node);
    this.#known.add(node);
    if (this.whole) return;
    if (isDirectory) this.#directories.add(node);
    const isPlaced = this.placesOf(node).some((place) => same(place, parent, name));
    if (isNew || wasNameless || !isPlaced) this.#touched.add(node);
    if (isPlaced) return;
    const first = this.#places.get(node);
    if (first === undefined || isDirectory) this.#places.set(node, { parent, name });
    else this.#further.set(node, [...(this.#further.get(node) ?? []), { parent, name }]);
  }

  /** A node without a name, or the root itself. */
  addNameless(node: NodeId): void {
    if (!this.whole && !(this.#known.has(node) && (this.#nameless.has(node) || node === this.rootNode)))
      this.#touched.add(node);
    if (node !== this.rootNode) this.#nameless.add(node);
    if (this.#exceptions === null) this.#known.add(node);
    else this.#exceptions.delete(node);
  }

  /** It is gone, or has left the set. */
  forget(node: NodeId): void {
    if (this.#known.delete(node) && !this.whole) this.#touched.add(node);
    this.#exceptions?.delete(node);
    this.#settling.delete(node);
    this.#strays.delete(node);
    this.#nameless.delete(node);
    this.#directories.delete(node);
    this.#places.delete(node);
    this.#further.delete(node);
  }

  /** Nothing is known until it is said again. */
  clear(): void {
    this.#version += 1;
    this.#cleared = !this.whole;
    this.#touched.clear();
    this.#known.clear();
    this.#exceptions = null;
    this.#settling.clear();
    this.#strays.clear();
    this.#nameless.clear();
    this.#directories.clear();
    this.#places.clear();
    this.#further.clear();
  }

  // ------------------------------------------------------------------------------------------------ for scope-notes.ts

  /** What has become of nodes since the last call; null: nothing, or the root is whole. */
  takeTouched(): { readonly cleared: boolean; readonly nodes: Iterable<NodeId> } | null {
    if (this.#touched.size === 0 && !this.#cleared) return null;
    const taken = { cleared: this.#cleared, nodes: this.#touched };
    this.#touched = new Set();
    this.#cleared = false;
    return taken;
  }

  nodes(): Iterable<NodeId> {
    return this.#known;
  }

  noteOf(node: NodeId): NodeNote {
    const known = this.#known.has(node);
    const nameless = this.#nameless.has(node);
    return { known, directory: this.#directories.has(node), nameless, places: known ? this.placesOf(node) : [] };
  }

  /** As an earlier run of the process had it. Only where rules are asked. */
  restore(nodes: Iterable<readonly [NodeId, NodeNote]>): void {
    for (const [node, { nameless, directory, places }] of nodes) {
      for (const { parent, name } of places) this.add(node, parent, name, directory);
      if (nameless || places.length === 0) this.addNameless(node);
    }
  }

  /** Names of a known node within the set; none where the root is whole, for nobody asks there. */
  placesOf(node: NodeId): readonly ScopePlace[] {
    const first = this.#places.get(node);
    return first === undefined ? [] : [first, ...(this.#further.get(node) ?? [])];
  }

  /** A known node has this name, as far as anybody remembers. */
  stands(node: NodeId, parent: NodeId, name: RawName): boolean {
    return this.knows(node) && (this.whole || this.placesOf(node).some((place) => same(place, parent, name)));
  }

  /** A node lost a name within the set. True where it was the last: the node, and what is beneath it, is no longer ours. */
  lost(node: NodeId, parent: NodeId, name: RawName): boolean {
    if (this.whole || !this.#known.has(node)) return false;
    const left = this.placesOf(node).filter((place) => !same(place, parent, name));
    const [first, ...further] = left;
    if (first !== undefined) {
      this.#touched.add(node);
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
    this.strayed(node);
    if (this.whole || !this.#known.has(node)) return false;
    const isDirectory = this.#directories.has(node);
    this.add(node, to.parent, to.name, isDirectory);
    if (!isDirectory && !same(from, to.parent, to.name)) this.lost(node, from.parent, from.name);
    return isDirectory && !this.#scope.whole;
  }

  /** It got a name otherwise than by the word of a mirror or a repair. */
  strayed(node: NodeId): void {
    if (!this.#settling.has(node) || this.#strays.has(node)) return;
    this.#strays.add(node);
    this.#version += 1;
  }

  /** Whether the rules want this name in a directory that is known. */
  wants(parent: NodeId, name: RawName, isDirectory: boolean): boolean {
    if (!this.knows(parent)) return false;
    if (this.#scope.whole) return true;
    const directory = this.pathOf(parent);
    if (directory === null) return false;
    return this.#scope.decide(`${directory}/${rawToText(name)}`, isDirectory) !== 'outside';
  }

  /** Of a name that the rules do not want: earlier ones did, and what the target has of it stays. */
  stays(parent: NodeId, name: RawName, isDirectory: boolean): boolean {
    if (this.#scope.stays === undefined || !this.knows(parent)) return false;
    const directory = this.pathOf(parent);
    return directory !== null && this.#scope.stays(`${directory}/${rawToText(name)}`, isDirectory);
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

  /** Of what lies beneath a directory that is not known the rules cannot be asked: nothing of it is known. */
  forgetUnplaced(): void {
    const isPlaced = (node: NodeId): boolean => this.placesOf(node).some(({ parent }) => this.pathOf(parent) !== null);
    for (const node of [...this.#known])
      if (node !== this.rootNode && !this.#nameless.has(node) && !isPlaced(node)) this.forget(node);
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
