/**
 * The roots of a job by their index, opened when they are first heard of.
 */
import type { RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { ReplicaFiles } from '../../../ports.ts';
import type { NodeBinding, NodeChange, TargetJournal } from '../journal.ts';
import { innerRootsOf } from './inner-roots.ts';
import { dropTemporaries } from './limbo.ts';
import { ReadAhead } from './read-ahead.ts';
import { ReplicaRoot } from './replica-root.ts';

/** Opens the replica of a source path; throws FileError. */
export type OpenRoot = (index: number, path: RawName) => ReplicaFiles;

export interface RootSpec {
  readonly index: number;
  /** On the source; bytes. */
  readonly path: RawName;
  readonly node: NodeId;
}

export class ReplicaRoots {
  readonly #open: OpenRoot;
  readonly #journal: Pick<TargetJournal, 'note'>;
  readonly #roots = new Map<number, ReplicaRoot>();
  /** Bindings of roots that have not been opened yet. */
  readonly #waiting = new Map<number, NodeBinding[]>();
  readonly readAhead = new ReadAhead(this);
  /** Not all could be opened: what is to be done to them waits. */
  #shut = false;

  constructor(open: OpenRoot, journal: Pick<TargetJournal, 'note'>, bindings: Iterable<NodeBinding>) {
    this.#open = open;
    this.#journal = journal;
    for (const binding of bindings) {
      const waiting = this.#waiting.get(binding.root);
      if (waiting === undefined) this.#waiting.set(binding.root, [binding]);
      else waiting.push(binding);
    }
  }

  all(): Iterable<ReplicaRoot> {
    return this.#roots.values();
  }

  get(index: number): ReplicaRoot | undefined {
    return this.#roots.get(index);
  }

  get shut(): boolean {
    return this.#shut;
  }

  /** Throws FileError where one cannot be opened. */
  openAll(specs: readonly RootSpec[], sparesOthers: boolean): void {
    this.#shut = true;
    for (const { index, path } of specs) this.open(index, path).sparesOthers = sparesOthers;
    this.#shut = false;
  }

  /** The root, opened if it is not. Another path under the same index is another root: what was known of the former is forgotten. */
  open(index: number, path: RawName): ReplicaRoot {
    const present = this.#roots.get(index);
    if (present !== undefined && present.path === path) return present;
    const root = new ReplicaRoot(index, path, this.#open(index, path), this.#journal);
    for (const binding of this.#waiting.get(index) ?? []) root.nodes.load(binding);
    this.#waiting.delete(index);
    if (present !== undefined) {
      for (const node of present.nodes.nodes()) root.nodes.forgetForeign(node);
      present.files.close();
    }
    this.#roots.set(index, root);
    for (const each of this.#roots.values()) each.inner = innerRootsOf(each, this.#roots.values());
    return root;
  }

  /** A new stream: a root that is another directory than before starts with an empty table; nameless files are nobody's. */
  restart(specs: readonly RootSpec[]): void {
    for (const { index, node } of specs) {
      const root = this.#roots.get(index);
      if (root === undefined) continue;
      const known = root.nodes.nodeOf(root.files.root);
      if (known !== undefined && known !== node) root.nodes.clear();
      dropTemporaries(root);
    }
  }

  changes(): NodeChange[] {
    return [...this.#roots.values()].flatMap((root) => root.nodes.changes());
  }

  committed(): void {
    for (const root of this.#roots.values()) root.nodes.committed();
  }

  close(): void {
    for (const root of this.#roots.values()) root.files.close();
    this.#roots.clear();
  }
}
