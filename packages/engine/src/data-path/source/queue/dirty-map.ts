/**
 * What may differ between the two sides, and why. In: operations that will not be sent, ring notes, refusals of the target.
 * Out: work for a repair mirror. Promise: bounded; past its limits it stands for whole files or roots, never for less than it was told.
 */
import { type RawName, rawToBytes } from '@understudy/base';
import { type DirtyReason, NO_NODE, type NodeId, type OperationRecord } from '@understudy/wire';
import { noteOperation } from './dirty-operation.ts';
import { Ranges, TO_THE_END } from './ranges.ts';

export type { DirtyReason };

export type DirtyReasons = readonly { readonly reason: DirtyReason; readonly items: number }[];

/** What a repair took over: bytes in known ranges, and why they were dirty. */
export interface Taken {
  readonly bytes: number;
  readonly reasons: DirtyReasons;
}
export const NOTHING_TAKEN: Taken = { bytes: 0, reasons: [] };

export type DirtyItem =
  /** The name in that directory may differ: it is looked at again. */
  | { readonly kind: 'entry'; readonly root: number; readonly parent: NodeId; readonly name: RawName }
  /** Content and metadata of that file may differ. */
  | { readonly kind: 'node'; readonly root: number; readonly node: NodeId }
  /** Its content is the same on both sides. */
  | { readonly kind: 'metadata'; readonly root: number; readonly node: NodeId }
  /** Metadata, and of the content these bytes: start, end, start, end …, in whole blocks of 4 KiB; the last end may be TO_THE_END. */
  | { readonly kind: 'ranges'; readonly root: number; readonly node: NodeId; readonly ranges: readonly number[] }
  /** As `ranges`, but not known to differ: compared, and what differs is sent. */
  | { readonly kind: 'compare'; readonly root: number; readonly node: NodeId; readonly ranges: readonly number[] }
  /** Names in that directory may differ, and content and names of what was made in it since. */
  | { readonly kind: 'names'; readonly root: number; readonly node: NodeId; readonly sinceMs: number }
  /** Whatever beneath that root has changed since then, by its own time of change. */
  | { readonly kind: 'changed'; readonly root: number; readonly sinceMs: number }
  /** Everything beneath that root may differ. */
  | { readonly kind: 'root'; readonly root: number };

/** About 100 bytes each; beyond it a root is compared as a whole. */
export const MAX_DIRTY_ITEMS = 400_000;
/** Stretches of one file; beyond it the file is compared as a whole. One hundredth of 10 GiB at random is 26,000. */
export const MAX_FILE_RANGES = 65_536;
/** Stretches of all files, 16 bytes each. */
export const MAX_RANGES = 2_000_000;

type HeldRanges = { kind: 'ranges' | 'compare'; root: number; node: NodeId; ranges: Ranges };
type Held = Exclude<DirtyItem, { kind: 'ranges' | 'compare' }> | HeldRanges;

export class DirtyMap {
  #items = new Map<string, Held>();
  readonly #reasons = new Map<DirtyReason, number>();
  /** Stretches over all files. */
  #ranges = 0;
  #version = 0;

  get size(): number {
    return this.#items.size;
  }

  /** Grows with every change, so that whoever keeps a copy knows whether it is the latest. */
  get version(): number {
    return this.#version;
  }

  /** Bytes of content in known ranges; files and roots as a whole are not counted, for their size is not known here. */
  get bytes(): number {
    let bytes = 0;
    for (const item of this.#items.values()) if ('ranges' in item) bytes += item.ranges.bytes;
    return bytes;
  }

  /** How many items each reason has brought, since the map was last empty. */
  reasons(): DirtyReasons {
    return [...this.#reasons].map(([reason, items]) => ({ reason, items }));
  }

  addEntry(root: number, parent: NodeId, name: RawName, reason: DirtyReason): void {
    this.#add(`e${root}/${parent}/${name}`, { kind: 'entry', root, parent, name }, reason);
  }

  /** All of a file or directory: compared as a whole. */
  addNode(root: number, node: NodeId, reason: DirtyReason): void {
    this.#forgetRanges(this.#items.get(nodeKey(root, node)));
    this.#add(nodeKey(root, node), { kind: 'node', root, node }, reason);
  }

  addMetadata(root: number, node: NodeId, reason: DirtyReason): void {
    if (!this.#items.has(nodeKey(root, node))) this.#add(nodeKey(root, node), { kind: 'metadata', root, node }, reason);
  }

  /** Bytes [from, to) of a file, and its metadata. */
  addRange(root: number, node: NodeId, from: number, to: number, reason: DirtyReason): void {
    const known = this.#items.get(nodeKey(root, node));
    if (known?.kind === 'node') return;
    const ranges = known?.kind === 'ranges' ? known.ranges : new Ranges();
    const before = ranges.size;
    ranges.add(from, to);
    this.#ranges += ranges.size - before;
    this.#version += 1;
    if (known?.kind === 'ranges') {
      if (ranges.size > MAX_FILE_RANGES || this.#ranges > MAX_RANGES) this.addNode(root, node, reason);
      return;
    }
    this.#add(nodeKey(root, node), { kind: 'ranges', root, node, ranges }, reason);
  }

  /** Bytes [from, to) of a file, and its metadata: looked at, and sent where they differ. */
  addCompare(root: number, node: NodeId, from: number, to: number, reason: DirtyReason): void {
    const key = `c${root}/${node}`;
    const known = this.#items.get(key);
    const ranges = known?.kind === 'compare' ? known.ranges : new Ranges();
    const before = ranges.size;
    ranges.add(from, to);
    this.#ranges += ranges.size - before;
    this.#version += 1;
    if (known === undefined) this.#add(key, { kind: 'compare', root, node, ranges }, reason);
  }

  /** What lies behind `offset` has moved: where stretches of this file that are known are now nobody has counted. */
  shifted(root: number, node: NodeId, offset: number, reason: DirtyReason): void {
    const known = this.#items.get(nodeKey(root, node))?.kind === 'ranges' || this.#items.has(`c${root}/${node}`);
    if (known) this.addCompare(root, node, offset, TO_THE_END, reason);
  }

  addNames(root: number, node: NodeId, sinceMs: number, reason: DirtyReason): void {
    const key = `d${root}/${node}`;
    const known = this.#items.get(key);
    const since = known?.kind === 'names' ? Math.min(known.sinceMs, sinceMs) : sinceMs;
    this.#add(key, { kind: 'names', root, node, sinceMs: since }, reason);
  }

  addChanged(root: number, sinceMs: number, reason: DirtyReason): void {
    const known = this.#items.get(`s${root}`);
    const since = known?.kind === 'changed' ? Math.min(known.sinceMs, sinceMs) : sinceMs;
    this.#add(`s${root}`, { kind: 'changed', root, sinceMs: since }, reason);
  }

  addRoot(root: number, reason: DirtyReason): void {
    for (const [key, item] of this.#items) {
      if (item.root !== root) continue;
      this.#forgetRanges(item);
      this.#items.delete(key);
    }
    this.#items.set(`r${root}`, { kind: 'root', root });
    this.#count(reason);
  }

  /** What this operation would have changed. */
  addOperation(record: OperationRecord, reason: DirtyReason): void {
    noteOperation(this, record, reason);
  }

  /** An item from elsewhere: of a run that did not end, or as it was kept over a restart. */
  addItem(item: DirtyItem, reason: DirtyReason): void {
    if (item.kind === 'entry') this.addEntry(item.root, item.parent, item.name, reason);
    else if (item.kind === 'root') this.addRoot(item.root, reason);
    else if (item.kind === 'node') this.addNode(item.root, item.node, reason);
    else if (item.kind === 'metadata') this.addMetadata(item.root, item.node, reason);
    else if (item.kind === 'changed') this.addChanged(item.root, item.sinceMs, reason);
    else if (item.kind === 'names') this.addNames(item.root, item.node, item.sinceMs, reason);
    else
      for (let i = 0; i + 1 < item.ranges.length; i += 2)
        this.#addStretch(item, item.ranges[i] ?? 0, item.ranges[i + 1] ?? 0, reason);
  }

  #addStretch(
    { kind, root, node }: Extract<DirtyItem, { kind: 'ranges' | 'compare' }>,
    from: number,
    to: number,
    reason: DirtyReason,
  ): void {
    if (kind === 'ranges') this.addRange(root, node, from, to, reason);
    else this.addCompare(root, node, from, to, reason);
  }

  /** As an earlier run of the process had it. */
  restore(items: readonly DirtyItem[], reasons: DirtyReasons): void {
    for (const item of items) this.addItem(item, reasons[0]?.reason ?? 'stream-lost');
    if (items.length === 0) return;
    this.#reasons.clear();
    for (const { reason, items: count } of reasons) this.#reasons.set(reason, count);
  }

  /** All that is in it, roots first: what they stand for need not be looked at twice. */
  items(): DirtyItem[] {
    const items = [...this.#items.values()].map((item): DirtyItem => {
      if (!('ranges' in item)) return item;
      return { kind: item.kind, root: item.root, node: item.node, ranges: [...item.ranges.edges] };
    });
    return items;
  }

  /** What a repair gave back had become dirty for these reasons before. */
  alsoBecause(reasons: DirtyReasons): void {
    for (const { reason, items } of reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + items);
  }

  /** Hands the whole map over; what becomes dirty from now on is the next run's. */
  take(): DirtyItem[] {
    const items = this.items();
    this.#items = new Map();
    this.#reasons.clear();
    this.#ranges = 0;
    this.#version += 1;
    return items;
  }

  #add(key: string, item: Held, reason: DirtyReason): void {
    const isNobody = 'node' in item && item.node === NO_NODE;
    if (this.#items.has(`r${item.root}`) || isNobody) {
      this.#forgetRanges(item);
      return;
    }
    if (this.#items.size >= MAX_DIRTY_ITEMS && !this.#items.has(key)) {
      this.#forgetRanges(item);
      this.addRoot(item.root, reason);
      return;
    }
    if (!this.#items.has(key)) this.#count(reason);
    this.#items.set(key, item);
    this.#version += 1;
  }

  #forgetRanges(item: Held | undefined): void {
    if (item !== undefined && 'ranges' in item) this.#ranges -= item.ranges.size;
  }

  #count(reason: DirtyReason): void {
    this.#version += 1;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }
}

const nodeKey = (root: number, node: NodeId): string => `n${root}/${node}`;

/** Bytes that an item takes where it is written down, about. */
export function itemBytes(item: DirtyItem): number {
  if (item.kind === 'entry') return 48 + rawToBytes(item.name).length;
  return 'ranges' in item ? 48 + item.ranges.length * 8 : 48;
}
