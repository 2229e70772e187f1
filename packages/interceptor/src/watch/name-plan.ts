/**
 * Turns the names of the last scan into those of this one, record by record; the table is the model and follows each.
 * In: names that came and names that went. Out: create, rename, link, unlink and rmdir records.
 * Promised: each record fits the tree as the records before left it. A directory is placed only after all directories above it, so
 * none is ever moved into itself; a name that is needed while its old node is still wanted is freed by moving the node aside.
 */
import { brand, type RawName } from '@understudy/base';
import type { SourceFiles } from '@understudy/engine';
import { type Attributes, type NodeId, type RecordInput, Verb } from '@understudy/wire';
import { creationVerb } from '../memory/memory-nodes.ts';
import { FileType } from '../memory/node.ts';
import { NO_SLOT, type ScanTable, type Slot } from './scan-table.ts';

export interface Added {
  readonly parent: NodeId;
  readonly name: RawName;
  readonly node: NodeId;
  /** Null where the table knows the node. */
  readonly attributes: Attributes | null;
  readonly ctime: bigint;
}

export interface Removed {
  readonly parent: Slot;
  readonly name: RawName;
  readonly slot: Slot;
}

const isDirectory = (mode: number): boolean => (mode & FileType.mask) === FileType.directory;
const placeKey = (parent: Slot, name: RawName): string => `${parent}/${name}`;

export class NamePlan {
  /** Nodes that the plan made, for their content to follow. */
  readonly created: Added[] = [];
  readonly #table: ScanTable;
  readonly #files: SourceFiles;
  readonly #forget: (node: NodeId) => void;
  /** Not yet at their places; their nodes must not be lost. */
  readonly #waiting: Set<Added>;
  readonly #begun = new Set<Added>();
  readonly #byNode = new Map<NodeId, Added[]>();
  /** Names that went and are not yet accounted for, by place. */
  readonly #gone = new Map<string, Removed>();
  readonly #goneOf = new Map<Slot, Set<string>>();
  #aside = 0;

  constructor(
    table: ScanTable,
    files: SourceFiles,
    added: readonly Added[],
    removed: readonly Removed[],
    forget: (node: NodeId) => void,
  ) {
    this.#table = table;
    this.#files = files;
    this.#forget = forget;
    this.#waiting = new Set(added);
    for (const entry of added) {
      const same = this.#byNode.get(entry.node);
      if (same === undefined) this.#byNode.set(entry.node, [entry]);
      else same.push(entry);
    }
    for (const entry of removed) this.#noteGone(entry);
  }

  *place(): Generator<RecordInput> {
    for (const entry of this.#waiting) yield* this.#place(entry);
  }

  /**
   * Removes what is left of the names that went. A node that is still alive although none of its names was seen may only have
   * moved while the scan ran: it is left and returned, unless `given` up.
   */
  *remove(given: (node: NodeId) => boolean): Generator<RecordInput, NodeId[]> {
    const missing: NodeId[] = [];
    for (const entry of [...this.#gone.values()]) {
      if (this.#table.lookUp(entry.parent, entry.name) !== entry.slot) continue;
      const node = this.#table.nodeOf(entry.slot);
      if (!given(node) && this.#mayLiveElsewhere(entry.slot)) missing.push(node);
      else yield* this.#removeName(entry);
    }
    return missing;
  }

  *#place(entry: Added): Generator<RecordInput> {
    if (!this.#waiting.has(entry) || this.#begun.has(entry)) return;
    this.#begun.add(entry);
    yield* this.#placeAbove(entry.parent);
    yield* this.#placeHere(entry);
    this.#waiting.delete(entry);
  }

  *#placeHere(entry: Added): Generator<RecordInput> {
    const parent = this.#table.find(entry.parent);
    const slot = this.#table.find(entry.node);
    if (parent === NO_SLOT || this.#isStale(entry, slot)) return;
    const source = slot === NO_SLOT ? null : this.#sourceOf(slot);
    const occupant = this.#table.lookUp(parent, entry.name);
    if (occupant === slot && occupant !== NO_SLOT) return;
    const replaced = occupant !== NO_SLOT && source !== null && this.#canBeReplaced(occupant, slot);
    if (occupant !== NO_SLOT && !replaced) yield* this.#free({ parent, name: entry.name, slot: occupant });
    if (slot === NO_SLOT) yield* this.#create(entry, parent);
    else if (source === null) yield this.#link(entry, parent, slot);
    else yield this.#rename(source, parent, entry.name, replaced ? occupant : NO_SLOT);
  }

  /** Directories above are brought to their places first, from the top down. */
  *#placeAbove(directory: NodeId): Generator<RecordInput> {
    const chain: Added[] = [];
    const seen = new Set<NodeId>();
    for (let at: NodeId | null = directory; at !== null && !seen.has(at); ) {
      seen.add(at);
      const entry: Added | undefined = this.#byNode.get(at)?.[0];
      if (entry !== undefined && !this.#begun.has(entry)) chain.push(entry);
      const slot = this.#table.find(at);
      const parent = slot === NO_SLOT ? NO_SLOT : this.#table.parentOf(slot);
      at = entry !== undefined ? entry.parent : parent === NO_SLOT ? null : this.#table.nodeOf(parent);
    }
    for (const entry of chain.reverse()) yield* this.#place(entry);
  }

  /** A directory that was seen twice because it moved during the scan: only where it is now counts. */
  #isStale(entry: Added, slot: Slot): boolean {
    const known = slot !== NO_SLOT && isDirectory(this.#table.modeOf(slot));
    if (!known || (this.#byNode.get(entry.node)?.length === 1 && this.#goneOf.has(slot))) return false;
    return this.#files.entry(entry.parent, entry.name)?.node !== entry.node;
  }

  /** An old name of the node that is no longer true, to be moved from; null: all its names stand. */
  #sourceOf(slot: Slot): Removed | null {
    for (const key of this.#goneOf.get(slot) ?? []) {
      const gone = this.#gone.get(key);
      if (gone !== undefined) return gone;
    }
    const node = this.#table.nodeOf(slot);
    for (const { parent, name } of this.#table.placesOf(slot)) {
      const wanted = this.#byNode
        .get(node)
        ?.some((entry) => this.#table.find(entry.parent) === parent && entry.name === name);
      if (wanted) continue;
      if (this.#files.entry(this.#table.nodeOf(parent), name)?.node !== node) return { parent, name, slot };
    }
    return null;
  }

  #canBeReplaced(occupant: Slot, by: Slot): boolean {
    if (isDirectory(this.#table.modeOf(occupant)) || isDirectory(this.#table.modeOf(by))) return false;
    return !this.#isWanted(occupant);
  }

  /** The node has yet to come to a name, and has no other to come from. */
  #isWanted(slot: Slot): boolean {
    const entries = this.#byNode.get(this.#table.nodeOf(slot)) ?? [];
    return this.#table.namesOf(slot) === 1 && entries.some((entry) => this.#waiting.has(entry));
  }

  *#free(entry: Removed): Generator<RecordInput> {
    if (!isDirectory(this.#table.modeOf(entry.slot)) && !this.#isWanted(entry.slot)) {
      yield* this.#removeName(entry);
      return;
    }
    let name = entry.name;
    while (this.#table.lookUp(entry.parent, name) !== NO_SLOT) {
      this.#aside += 1;
      name = brand<RawName>(`.understudy-moved-${this.#aside}`);
    }
    yield this.#rename(entry, entry.parent, name, NO_SLOT);
    this.#noteGone({ ...entry, name });
  }

  *#create(entry: Added, parent: Slot): Generator<RecordInput> {
    const { attributes } = entry;
    if (attributes === null) return;
    const symlink = (attributes.mode & FileType.mask) === FileType.symlink;
    const target = symlink ? this.#files.readLink(entry.node) : new Uint8Array(0);
    if (target === null) return;
    const slot = this.#table.add(entry.node, attributes, entry.ctime);
    // Its content is yet to be read, so that whatever happened since the listing will show at the next scan.
    this.#table.setRacy(slot, true);
    this.#table.enter(parent, entry.name, slot);
    this.created.push(entry);
    const regular = (attributes.mode & FileType.mask) === FileType.regular;
    yield {
      verb: creationVerb(attributes.mode),
      node: entry.node,
      name: entry.name,
      data: target,
      attributes: { ...attributes, size: regular ? 0 : attributes.size },
      ...this.#parent(parent),
    };
  }

  #link(entry: Added, parent: Slot, slot: Slot): RecordInput {
    this.#table.enter(parent, entry.name, slot);
    return { verb: Verb.link, ...this.#self(slot), name: entry.name, ...this.#parent(parent) };
  }

  #rename(from: Removed, parent: Slot, name: RawName, victim: Slot): RecordInput {
    const gone = victim === NO_SLOT ? null : this.#leave({ parent, name, slot: victim });
    if (gone?.left === 0) this.#drop(victim);
    this.#leave(from);
    this.#table.enter(parent, name, from.slot);
    const to = this.#parent(parent);
    return {
      verb: Verb.rename,
      ...this.#self(from.slot),
      name: from.name,
      name2: name,
      ...this.#parent(from.parent),
      parent2: to.parent,
      parent2MtimeSec: to.parentMtimeSec,
      parent2MtimeNsec: to.parentMtimeNsec,
      ...(gone === null ? {} : { victim: gone.node, victimNlink: gone.left }),
    };
  }

  *#removeName(entry: Removed): Generator<RecordInput> {
    const directory = isDirectory(this.#table.modeOf(entry.slot));
    if (directory)
      for (const [name, slot] of [...this.#table.children(entry.slot)])
        yield* this.#removeName({ parent: entry.slot, name, slot });
    const { node, attributes } = this.#self(entry.slot);
    const { left } = this.#leave(entry);
    const parent = this.#parent(entry.parent);
    if (left === 0) this.#drop(entry.slot);
    yield {
      verb: directory ? Verb.rmdir : Verb.unlink,
      node,
      attributes: { ...attributes, nlink: left },
      victim: node,
      victimNlink: left,
      name: entry.name,
      ...parent,
    };
  }

  #drop(slot: Slot): void {
    this.#forget(this.#table.nodeOf(slot));
    this.#table.remove(slot);
  }

  /** Takes the name from the model. */
  #leave(entry: Removed): { readonly node: NodeId; readonly left: number } {
    const key = placeKey(entry.parent, entry.name);
    const node = this.#table.nodeOf(entry.slot);
    this.#table.leave(entry.parent, entry.name);
    this.#gone.delete(key);
    this.#goneOf.get(entry.slot)?.delete(key);
    return { node, left: this.#table.namesOf(entry.slot) };
  }

  #mayLiveElsewhere(slot: Slot): boolean {
    const alive = this.#files.stat(this.#table.nodeOf(slot));
    if (alive === null || alive.nlink === 0) return false;
    return isDirectory(alive.mode) || alive.nlink >= this.#table.namesOf(slot);
  }

  #noteGone(entry: Removed): void {
    const key = placeKey(entry.parent, entry.name);
    this.#gone.set(key, entry);
    const keys = this.#goneOf.get(entry.slot);
    if (keys === undefined) this.#goneOf.set(entry.slot, new Set([key]));
    else keys.add(key);
  }

  #parent(slot: Slot) {
    const { sec, nsec } = this.#table.mtimeOf(slot);
    return { parent: this.#table.nodeOf(slot), parentMtimeSec: sec, parentMtimeNsec: nsec };
  }

  #self(slot: Slot): { readonly node: NodeId; readonly attributes: Attributes } {
    return { node: this.#table.nodeOf(slot), attributes: this.#table.attributesOf(slot) };
  }
}
