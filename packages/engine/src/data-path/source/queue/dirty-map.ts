/**
 * What may differ between the two sides, and why. In: operations that will not be sent, ring notes, refusals of the target.
 * Out: work for a repair mirror. Promise: bounded; past its limit it stands for whole roots, never for less than it was told.
 */
import type { RawName } from '@understudy/base';
import { NO_NODE, type NodeId, type OperationRecord, Verb } from '@understudy/wire';

export type DirtyReason =
  | 'queue-full'
  | 'ring-full'
  | 'interception-gap'
  | 'refused-by-target'
  | 'moved-in'
  | 'shifted-while-mirrored'
  | 'stream-lost';

export type DirtyItem =
  /** The name in that directory may differ: it is looked at again. */
  | { readonly kind: 'entry'; readonly root: number; readonly parent: NodeId; readonly name: RawName }
  /** Content and metadata of that file may differ. */
  | { readonly kind: 'node'; readonly root: number; readonly node: NodeId }
  /** Everything beneath that root may differ. */
  | { readonly kind: 'root'; readonly root: number };

/** About 100 bytes each; beyond it a root is compared as a whole. */
export const MAX_DIRTY_ITEMS = 400_000;

export class DirtyMap {
  #items = new Map<string, DirtyItem>();
  readonly #reasons = new Map<DirtyReason, number>();

  get size(): number {
    return this.#items.size;
  }

  /** How many items each reason has brought, since the map was last empty. */
  reasons(): readonly { readonly reason: DirtyReason; readonly items: number }[] {
    return [...this.#reasons].map(([reason, items]) => ({ reason, items }));
  }

  addEntry(root: number, parent: NodeId, name: RawName, reason: DirtyReason): void {
    this.#add(`e${root}/${parent}/${name}`, { kind: 'entry', root, parent, name }, reason);
  }

  addNode(root: number, node: NodeId, reason: DirtyReason): void {
    this.#add(`n${root}/${node}`, { kind: 'node', root, node }, reason);
  }

  addRoot(root: number, reason: DirtyReason): void {
    for (const [key, item] of this.#items) if (item.root === root) this.#items.delete(key);
    this.#items.set(`r${root}`, { kind: 'root', root });
    this.#count(reason);
  }

  /** What this operation would have changed. */
  addOperation(record: OperationRecord, reason: DirtyReason): void {
    const { root, verb } = record;
    switch (verb) {
      case Verb.rename:
        this.addEntry(root, record.parent, record.name, reason);
        this.addEntry(root, record.parent2, record.name2, reason);
        return;
      case Verb.rmdir:
        // The removal of nobody only carries times; see the scope filter.
        if (record.node === NO_NODE) {
          this.addNode(root, record.parent, reason);
          if (record.parent2 !== NO_NODE) this.addNode(root, record.parent2, reason);
        } else this.addEntry(root, record.parent, record.name, reason);
        return;
      case Verb.create:
      case Verb.mkdir:
      case Verb.symlink:
      case Verb.mknod:
      case Verb.link:
      case Verb.unlink:
      case Verb.entry:
      case Verb.detach:
        this.addEntry(root, record.parent, record.name, reason);
        return;
      case Verb.marker:
        return;
      default:
        this.addNode(root, record.node, reason);
    }
  }

  /** Hands the whole map over; what becomes dirty from now on is the next run's. */
  take(): DirtyItem[] {
    const items = [...this.#items.values()];
    this.#items = new Map();
    this.#reasons.clear();
    return items;
  }

  #add(key: string, item: DirtyItem, reason: DirtyReason): void {
    if (this.#items.has(`r${item.root}`)) return;
    if (this.#items.size >= MAX_DIRTY_ITEMS) {
      this.addRoot(item.root, reason);
      return;
    }
    if (!this.#items.has(key)) this.#count(reason);
    this.#items.set(key, item);
  }

  #count(reason: DirtyReason): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }
}
