/**
 * Node ↔ handle of one root: how an address on the wire finds its file on the replica, and back.
 *
 * Two maps share their keys and values; a node and its handle cost about 150 bytes, so 200,000 files stay near 30 MB. Its limit is the
 * number of files in the replica.
 * A new binding is noted in the journal at once, because a created file whose identity was forgotten could not be recognised by a
 * replay. Everything else may wait for the commit: a forgotten departure shows itself by a dead handle.
 */
import type { NodeId } from '@understudy/wire';
import type { Handle } from '../../../ports.ts';
import type { NodeBinding, NodeChange, TargetJournal } from '../journal.ts';

export class NodeTable {
  readonly #root: number;
  readonly #journal: Pick<TargetJournal, 'note'>;
  readonly #handles = new Map<NodeId, Handle>();
  readonly #nodes = new Map<Handle, NodeId>();
  readonly #pending = new Set<NodeId>();
  readonly #changed = new Set<NodeId>();
  readonly #leaving: (node: NodeId, handle: Handle, pending: boolean) => void;

  constructor(
    root: number,
    journal: Pick<TargetJournal, 'note'>,
    leaving: (node: NodeId, handle: Handle, pending: boolean) => void = () => {},
  ) {
    this.#root = root;
    this.#journal = journal;
    this.#leaving = leaving;
  }

  get size(): number {
    return this.#handles.size;
  }

  handleOf(node: NodeId): Handle | undefined {
    return this.#handles.get(node);
  }

  nodeOf(handle: Handle): NodeId | undefined {
    return this.#nodes.get(handle);
  }

  isPending(node: NodeId): boolean {
    return this.#pending.has(node);
  }

  /** At the start, from the journal. */
  load(binding: NodeBinding): void {
    this.#set(binding.node, binding.handle);
    if (binding.pending) this.#pending.add(binding.node);
  }

  /** `pending`: a process that finds it does not take it for whole. */
  bind(node: NodeId, handle: Handle, pending = false): void {
    if (this.#handles.get(node) === handle) return;
    this.#pending.delete(node);
    const other = this.#set(node, handle);
    if (pending) this.#pending.add(node);
    const changes: NodeChange[] = [{ root: this.#root, node, handle, pending }];
    if (other !== undefined) changes.push({ root: this.#root, node: other, handle: null, pending: false });
    this.#journal.note(changes);
  }

  unbind(node: NodeId): void {
    const handle = this.#handles.get(node);
    if (handle === undefined) return;
    this.#leaving(node, handle, this.#pending.has(node));
    this.#handles.delete(node);
    if (this.#nodes.get(handle) === node) this.#nodes.delete(handle);
    this.#pending.delete(node);
    this.#changed.add(node);
  }

  setPending(node: NodeId, pending: boolean): void {
    if (this.#pending.has(node) === pending) return;
    if (pending) this.#pending.add(node);
    else this.#pending.delete(node);
    this.#changed.add(node);
  }

  /** What a mirror has not finished with. */
  pending(): NodeId[] {
    return [...this.#pending];
  }

  *nodes(): Iterable<NodeId> {
    yield* this.#handles.keys();
  }

  /** The journal knows the node under this root from another directory: the next commit takes it out. */
  forgetForeign(node: NodeId): void {
    if (!this.#handles.has(node)) this.#changed.add(node);
  }

  clear(): void {
    for (const node of this.#handles.keys()) this.#changed.add(node);
    this.#handles.clear();
    this.#nodes.clear();
    this.#pending.clear();
  }

  /** What the next commit has to carry. */
  changes(): NodeChange[] {
    return [...this.#changed].map((node) => ({
      root: this.#root,
      node,
      handle: this.#handles.get(node) ?? null,
      pending: this.#pending.has(node),
    }));
  }

  committed(): void {
    this.#changed.clear();
  }

  /** Returns the node that had the handle before and has lost it. */
  #set(node: NodeId, handle: Handle): NodeId | undefined {
    const formerHandle = this.#handles.get(node);
    if (formerHandle !== undefined) this.#nodes.delete(formerHandle);
    const formerNode = this.#nodes.get(handle);
    if (formerNode !== undefined && formerNode !== node) {
      this.#handles.delete(formerNode);
      this.#pending.delete(formerNode);
    }
    this.#handles.set(node, handle);
    this.#nodes.set(handle, node);
    return formerNode === node ? undefined : formerNode;
  }
}
