/**
 * What of one root belongs to a job's stream: the nodes that the target knows, or will know from an earlier record.
 * For a root that is protected as a whole no path is ever looked at; otherwise directories keep their names, so that rules can be asked.
 */
import type { RawName } from '@understudy/base';
import { rawToText } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { Scope } from '../../../ports.ts';

export class RootScope {
  readonly #known = new Set<NodeId>();
  readonly #directories = new Map<NodeId, { readonly parent: NodeId; readonly name: RawName }>();
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

  add(node: NodeId, parent: NodeId, name: RawName, isDirectory: boolean): void {
    this.#known.add(node);
    if (isDirectory && !this.#scope.whole) this.#directories.set(node, { parent, name });
  }

  /** A node without a name, or the root itself. */
  addNameless(node: NodeId): void {
    this.#known.add(node);
  }

  forget(node: NodeId): void {
    this.#known.delete(node);
    this.#directories.delete(node);
  }

  clear(): void {
    this.#known.clear();
    this.#directories.clear();
  }

  /** A directory got another place; true where rules may now decide otherwise about what lies beneath it. */
  moved(node: NodeId, parent: NodeId, name: RawName): boolean {
    if (!this.#directories.has(node)) return false;
    this.#directories.set(node, { parent, name });
    return true;
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
      const directory = this.#directories.get(at);
      // A loop cannot be on a disk; a bug must not hang the path.
      if (directory === undefined || names.length > 65_536) return null;
      names.push(rawToText(directory.name));
      at = directory.parent;
    }
    const root = this.#rootPath === '/' ? '' : this.#rootPath;
    return names.length === 0 ? root : `${root}/${names.reverse().join('/')}`;
  }
}
