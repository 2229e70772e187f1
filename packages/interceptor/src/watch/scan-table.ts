/**
 * What the last scan saw, compactly: about 100 bytes a file, in columns, so that 200,000 files cost some 25 MB.
 * In: nodes and names as they are found or told. Out: what was known of a node, a name, a directory.
 * Promised: slots of nodes are stable while the node is known; listings are packed bytes, unpacked only while they change.
 */
import { assert, brand, must, type RawName } from '@understudy/base';
import type { Attributes, NodeId } from '@understudy/wire';
import { type Listed, packListing, sameListing, unpackListing } from './packed-listing.ts';

export type Slot = number;
export const NO_SLOT: Slot = -1;

interface Columns {
  node: BigUint64Array;
  ctime: BigInt64Array;
  size: Float64Array;
  mtimeSec: Float64Array;
  mtimeNsec: Uint32Array;
  mode: Uint32Array;
  uid: Uint32Array;
  gid: Uint32Array;
  names: Uint32Array;
  parent: Int32Array;
  flags: Uint8Array;
}

/** The content was read so soon after its last change that a further change may not show: look again. */
export const RACY = 1;

function columns(capacity: number): Columns {
  return {
    node: new BigUint64Array(capacity),
    ctime: new BigInt64Array(capacity),
    size: new Float64Array(capacity),
    mtimeSec: new Float64Array(capacity),
    mtimeNsec: new Uint32Array(capacity),
    mode: new Uint32Array(capacity),
    uid: new Uint32Array(capacity),
    gid: new Uint32Array(capacity),
    names: new Uint32Array(capacity),
    parent: new Int32Array(capacity),
    flags: new Uint8Array(capacity),
  };
}

export class ScanTable {
  #columns = columns(1024);
  #index = new Int32Array(4096).fill(NO_SLOT);
  #end = 0;
  #count = 0;
  readonly #free: Slot[] = [];
  readonly #packed = new Map<Slot, Uint8Array>();
  readonly #unpacked = new Map<Slot, Map<RawName, Slot>>();
  /** Further parents of nodes with several names. */
  readonly #moreParents = new Map<Slot, Slot[]>();

  get count(): number {
    return this.#count;
  }

  /** Bytes held, near enough for a limit. */
  get heldBytes(): number {
    let bytes = this.#index.byteLength + this.#moreParents.size * 64;
    for (const column of Object.values(this.#columns)) bytes += column.byteLength;
    for (const listing of this.#packed.values()) bytes += listing.byteLength + 100;
    for (const listing of this.#unpacked.values()) bytes += listing.size * 100;
    return bytes;
  }

  find(node: NodeId): Slot {
    const at = this.#index[this.#place(node)];
    return at ?? NO_SLOT;
  }

  add(node: NodeId, attributes: Attributes, ctime: bigint): Slot {
    assert(this.find(node) === NO_SLOT, 'a node is added once');
    if ((this.#count + 1) * 2 > this.#index.length) this.#growIndex();
    const slot = this.#free.pop() ?? this.#end++;
    if (slot >= this.#columns.node.length) this.#growColumns();
    const c = this.#columns;
    c.node[slot] = node;
    c.names[slot] = 0;
    c.parent[slot] = NO_SLOT;
    c.flags[slot] = 0;
    this.#index[this.#place(node)] = slot;
    this.#count += 1;
    this.update(slot, attributes, ctime);
    return slot;
  }

  update(slot: Slot, attributes: Attributes, ctime: bigint): void {
    const c = this.#columns;
    c.ctime[slot] = ctime;
    c.size[slot] = attributes.size;
    c.mtimeSec[slot] = attributes.mtimeSec;
    c.mtimeNsec[slot] = attributes.mtimeNsec;
    c.mode[slot] = attributes.mode;
    c.uid[slot] = attributes.uid;
    c.gid[slot] = attributes.gid;
  }

  /** Everything that shows a change but the change time, which alone also shows reading a link or linking. */
  equals(slot: Slot, attributes: Attributes, ctime: bigint): boolean {
    const c = this.#columns;
    return (
      c.ctime[slot] === ctime &&
      c.size[slot] === attributes.size &&
      c.mtimeSec[slot] === attributes.mtimeSec &&
      c.mtimeNsec[slot] === attributes.mtimeNsec &&
      c.mode[slot] === attributes.mode &&
      c.uid[slot] === attributes.uid &&
      c.gid[slot] === attributes.gid
    );
  }

  /** Forgets a node that has no name any more. */
  remove(slot: Slot): void {
    const node = this.nodeOf(slot);
    this.#packed.delete(slot);
    this.#unpacked.delete(slot);
    this.#moreParents.delete(slot);
    this.#unindex(node);
    this.#free.push(slot);
    this.#count -= 1;
  }

  nodeOf(slot: Slot): NodeId {
    return brand<NodeId>(must(this.#columns.node[slot], 'the slot is known'));
  }
  modeOf = (slot: Slot): number => this.#columns.mode[slot] ?? 0;
  sizeOf = (slot: Slot): number => this.#columns.size[slot] ?? 0;
  namesOf = (slot: Slot): number => this.#columns.names[slot] ?? 0;
  /** Of a directory: its parent. Of a file: a directory that names it. */
  parentOf = (slot: Slot): Slot => this.#columns.parent[slot] ?? NO_SLOT;
  isRacy = (slot: Slot): boolean => ((this.#columns.flags[slot] ?? 0) & RACY) !== 0;
  mtimeOf = (slot: Slot): { readonly sec: number; readonly nsec: number } => ({
    sec: this.#columns.mtimeSec[slot] ?? 0,
    nsec: this.#columns.mtimeNsec[slot] ?? 0,
  });

  /** As far as it is remembered: no access time, no device number. */
  attributesOf(slot: Slot): Attributes {
    const c = this.#columns;
    const mtime = this.mtimeOf(slot);
    return {
      mode: this.modeOf(slot),
      uid: c.uid[slot] ?? 0,
      gid: c.gid[slot] ?? 0,
      nlink: this.namesOf(slot),
      size: this.sizeOf(slot),
      rdev: 0,
      atimeSec: mtime.sec,
      atimeNsec: mtime.nsec,
      mtimeSec: mtime.sec,
      mtimeNsec: mtime.nsec,
    };
  }

  setSize(slot: Slot, size: number): void {
    this.#columns.size[slot] = size;
  }

  setRacy(slot: Slot, racy: boolean): void {
    this.#columns.flags[slot] = racy ? RACY : 0;
  }

  lookUp(parent: Slot, name: RawName): Slot {
    return this.children(parent).get(name) ?? NO_SLOT;
  }

  enter(parent: Slot, name: RawName, slot: Slot): void {
    const children = this.children(parent);
    assert(!children.has(name), 'a name is taken once');
    children.set(name, slot);
    const c = this.#columns;
    const names = this.namesOf(slot) + 1;
    c.names[slot] = names;
    if (names === 1) c.parent[slot] = parent;
    else this.#moreParents.set(slot, [...(this.#moreParents.get(slot) ?? []), parent]);
  }

  leave(parent: Slot, name: RawName): void {
    const children = this.children(parent);
    const slot = must(children.get(name), 'a name that is left was known');
    children.delete(name);
    const c = this.#columns;
    c.names[slot] = this.namesOf(slot) - 1;
    const parents = [this.parentOf(slot), ...(this.#moreParents.get(slot) ?? [])];
    parents.splice(parents.indexOf(parent), 1);
    c.parent[slot] = parents.shift() ?? NO_SLOT;
    if (parents.length > 0) this.#moreParents.set(slot, parents);
    else this.#moreParents.delete(slot);
  }

  /** Every name of a node, found by looking through the directories that hold one. */
  placesOf(slot: Slot): { readonly parent: Slot; readonly name: RawName }[] {
    const found: { readonly parent: Slot; readonly name: RawName }[] = [];
    for (const parent of new Set([this.parentOf(slot), ...(this.#moreParents.get(slot) ?? [])])) {
      if (parent === NO_SLOT) continue;
      for (const [name, child] of this.children(parent)) if (child === slot) found.push({ parent, name });
    }
    return found;
  }

  /** The listing, to be looked at and changed by `enter` and `leave` until `pack`. */
  children(directory: Slot): Map<RawName, Slot> {
    let children = this.#unpacked.get(directory);
    if (children === undefined) {
      children = unpackListing(this.#packed.get(directory));
      this.#unpacked.set(directory, children);
    }
    return children;
  }

  /** Whether the directory holds exactly these, in this order: the quick answer for most directories of most scans. */
  sameListing(directory: Slot, entries: readonly Listed[]): boolean {
    const packed = this.#packed.get(directory);
    if (this.#unpacked.has(directory) || packed === undefined) return false;
    return sameListing(packed, entries);
  }

  /** The order in which a scan found them, so that the next scan finds them the same. */
  reorder(directory: Slot, entries: readonly Listed[]): void {
    const children = this.children(directory);
    const ordered = new Map<RawName, Slot>();
    for (const { name } of entries) {
      const slot = children.get(name);
      if (slot !== undefined) ordered.set(name, slot);
    }
    for (const [name, slot] of children) if (!ordered.has(name)) ordered.set(name, slot);
    this.#unpacked.set(directory, ordered);
  }

  pack(): void {
    for (const [slot, children] of this.#unpacked) this.#packed.set(slot, packListing(children));
    this.#unpacked.clear();
  }

  #hash(node: NodeId): number {
    const low = Number(node & 0xffff_ffffn);
    const high = Number(node >> 32n);
    return (Math.imul(low, 0x9e37_79b1) ^ Math.imul(high, 0x85eb_ca6b)) >>> 0;
  }

  /** Where the node is in the index, or the empty place where it would go. */
  #place(node: NodeId): number {
    const mask = this.#index.length - 1;
    let at = this.#hash(node) & mask;
    for (let slot = this.#index[at] ?? NO_SLOT; slot !== NO_SLOT; slot = this.#index[at] ?? NO_SLOT) {
      if (this.#columns.node[slot] === node) return at;
      at = (at + 1) & mask;
    }
    return at;
  }

  /** Closes the hole behind the removed one, so that no search ends too early. */
  #unindex(node: NodeId): void {
    const mask = this.#index.length - 1;
    let at = this.#place(node);
    this.#index[at] = NO_SLOT;
    for (;;) {
      at = (at + 1) & mask;
      const slot = this.#index[at] ?? NO_SLOT;
      if (slot === NO_SLOT) return;
      this.#index[at] = NO_SLOT;
      this.#index[this.#place(this.nodeOf(slot))] = slot;
    }
  }

  #growIndex(): void {
    const old = this.#index;
    this.#index = new Int32Array(old.length * 2).fill(NO_SLOT);
    for (const slot of old) if (slot !== NO_SLOT) this.#index[this.#place(this.nodeOf(slot))] = slot;
  }

  #growColumns(): void {
    const old = this.#columns;
    const grown = columns(Math.ceil(old.node.length * 1.5));
    grown.node.set(old.node);
    grown.ctime.set(old.ctime);
    for (const key of ['size', 'mtimeSec', 'mtimeNsec', 'mode', 'uid', 'gid', 'names', 'parent', 'flags'] as const)
      grown[key].set(old[key]);
    this.#columns = grown;
  }
}
