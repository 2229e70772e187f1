/**
 * The reference replay: applies ring records by node to a tree in memory, as plainly as it can be written.
 * In: a baseline and encoded records. Out: the tree. Promised: a record that does not fit what came before is a failure here
 * (ReplayError), for that is the suite's judgement of order; nothing is forgiven.
 */
import { must, printable, type RawName } from '@understudy/base';
import type { SourceFiles } from '@understudy/engine';
import {
  type Attributes,
  decodeRecord,
  decodeXattrs,
  NO_NODE,
  type NodeId,
  type OperationRecord,
  peekLength,
  RecordFlag,
  RenameFlag,
  SetAttribute,
  Verb,
  type Xattr,
} from '@understudy/wire';
import { SparseContent } from '../memory/content.ts';
import { FallocateMode } from '../memory/memory-contents.ts';
import { FileType } from '../memory/node.ts';
import { adoptContent } from './adopt-content.ts';
import { type Imageable, listAll } from './tree-image.ts';

export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

interface Replayed {
  attributes: Attributes;
  names: number;
  readonly content: SparseContent;
  readonly entries: Map<RawName, NodeId>;
  readonly xattrs: Map<RawName, Uint8Array>;
  target: Uint8Array;
}

const isDirectory = (node: Replayed): boolean => (node.attributes.mode & FileType.mask) === FileType.directory;

export class ReferenceReplay implements Imageable {
  readonly rootNode: NodeId;
  readonly #nodes = new Map<NodeId, Replayed>();
  /** Ring sequence of the last record, of whatever root. */
  #last = 0;
  readonly verbs = new Map<number, number>();
  /** Nodes that the ring says it lost changes of; the suite treats a tree with any as not comparable. */
  readonly dirty = new Set<NodeId>();

  constructor(files: SourceFiles) {
    this.rootNode = files.rootNode;
    this.#adopt(files, files.rootNode);
  }

  get last(): number {
    return this.#last;
  }

  /** Applies the records of `root` in a batch; sequences must grow by one over all roots. */
  applyBatch(bytes: Uint8Array, root: number): void {
    for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
      const r = decodeRecord(bytes, at);
      if (this.#last !== 0 && r.sequence !== this.#last + 1)
        throw new ReplayError(`sequence ${r.sequence} came after ${this.#last}`);
      this.#last = r.sequence;
      if (r.root === root) this.apply({ ...r, data: r.data.slice() });
    }
  }

  apply(r: OperationRecord): void {
    this.verbs.set(r.verb, (this.verbs.get(r.verb) ?? 0) + 1);
    switch (r.verb) {
      case Verb.create:
      case Verb.mkdir:
      case Verb.symlink:
      case Verb.mknod:
      case Verb.tmpfile:
        this.#make(r);
        return;
      case Verb.link:
        this.#link(r);
        return;
      case Verb.unlink:
      case Verb.rmdir:
        this.#remove(r);
        return;
      case Verb.rename:
        this.#rename(r);
        return;
      case Verb.forget:
        this.#forget(r);
        return;
      case Verb.gap:
        this.dirty.add(this.rootNode);
        return;
      case Verb.dirty:
        this.dirty.add(r.node);
        return;
      case Verb.cookie:
        return;
      default:
        this.#change(r, this.#node(r.node, r));
    }
  }

  attributes(node: NodeId): Attributes | null {
    const found = this.#nodes.get(node);
    if (found === undefined || isDirectory(found)) return found?.attributes ?? null;
    const type = found.attributes.mode & FileType.mask;
    const size = type === FileType.regular ? found.content.size : found.target.length;
    return { ...found.attributes, size, nlink: found.names };
  }

  list(node: NodeId): readonly { readonly name: RawName; readonly node: NodeId }[] {
    return [...(this.#nodes.get(node)?.entries ?? [])].map(([name, id]) => ({ name, node: id }));
  }

  target(node: NodeId): Uint8Array {
    return this.#nodes.get(node)?.target ?? new Uint8Array(0);
  }

  xattrs(node: NodeId): readonly Xattr[] {
    return [...(this.#nodes.get(node)?.xattrs ?? [])];
  }

  size(node: NodeId): number {
    return this.#nodes.get(node)?.content.size ?? 0;
  }

  read(node: NodeId, offset: number, into: Uint8Array): number {
    return this.#nodes.get(node)?.content.read(offset, into) ?? 0;
  }

  dataAfter(node: NodeId, offset: number): { readonly start: number; readonly end: number } | null {
    return this.#nodes.get(node)?.content.dataAfter(offset) ?? null;
  }

  #make(r: OperationRecord): void {
    // One that lost its last name may be met again by a driver that does not see every call.
    if ((this.#nodes.get(r.node)?.names ?? 0) > 0) throw this.#misfit(r, 'makes a node that is there already');
    const node = blank(r.attributes);
    node.target = r.data;
    if (r.verb !== Verb.tmpfile) this.#enter(r, r.parent, r.name, node);
    this.#nodes.set(r.node, node);
  }

  #link(r: OperationRecord): void {
    const node = this.#node(r.node, r);
    this.#enter(r, r.parent, r.name, node);
    node.attributes = r.attributes;
  }

  #remove(r: OperationRecord): void {
    const parent = this.#node(r.parent, r);
    if (parent.entries.get(r.name) !== r.node || r.victim !== r.node)
      throw this.#misfit(r, 'removes a name that does not name its node');
    const node = this.#node(r.node, r);
    if (isDirectory(node) !== (r.verb === Verb.rmdir)) throw this.#misfit(r, 'removes a node of the other type');
    if (node.entries.size > 0) throw this.#misfit(r, 'removes a directory that is not empty');
    parent.entries.delete(r.name);
    this.#loseName(r, node);
    this.#parentTime(parent, r.parentMtimeSec, r.parentMtimeNsec);
  }

  /** After a crash it may be said twice. */
  #forget(r: OperationRecord): void {
    if ((this.#nodes.get(r.node)?.names ?? 0) > 0) throw this.#misfit(r, 'forgets a node that has a name');
    this.#nodes.delete(r.node);
  }

  #rename(r: OperationRecord): void {
    const from = this.#node(r.parent, r);
    const to = this.#node(r.parent2, r);
    if (from.entries.get(r.name) !== r.node) throw this.#misfit(r, 'moves a name that does not name its node');
    if ((to.entries.get(r.name2) ?? NO_NODE) !== r.victim) throw this.#misfit(r, 'names another victim than is there');
    const node = this.#node(r.node, r);
    from.entries.delete(r.name);
    if ((r.detail & RenameFlag.exchange) !== 0) from.entries.set(r.name, r.victim);
    else if (r.victim !== NO_NODE) this.#loseName(r, this.#node(r.victim, r));
    to.entries.set(r.name2, r.node);
    node.attributes = r.attributes;
    this.#parentTime(from, r.parentMtimeSec, r.parentMtimeNsec);
    this.#parentTime(to, r.parent2MtimeSec, r.parent2MtimeNsec);
  }

  #change(r: OperationRecord, node: Replayed): void {
    switch (r.verb) {
      case Verb.write:
        if (r.extent !== r.data.length) throw this.#misfit(r, 'has an extent that is not its data');
        node.content.write(r.offset, r.data);
        break;
      case Verb.truncate:
        node.content.truncate(r.extent);
        break;
      case Verb.fallocate:
        allocate(node.content, r);
        break;
      case Verb.setattr:
        break;
      case Verb.setxattr:
        node.xattrs.set(r.name, r.data);
        break;
      case Verb.removexattr:
        node.xattrs.delete(r.name);
        break;
      case Verb.xattrs:
        node.xattrs.clear();
        for (const [name, value] of decodeXattrs(r.data)) node.xattrs.set(name, value);
        break;
      default:
        throw this.#misfit(r, 'has a verb that no interceptor says');
    }
    node.attributes = merged(node.attributes, r);
  }

  #enter(r: OperationRecord, parentId: NodeId, name: RawName, node: Replayed): void {
    const parent = this.#node(parentId, r);
    if (parent.entries.has(name)) throw this.#misfit(r, 'takes a name that is taken');
    parent.entries.set(name, r.node);
    node.names += 1;
    this.#parentTime(parent, r.parentMtimeSec, r.parentMtimeNsec);
  }

  #loseName(r: OperationRecord, node: Replayed): void {
    node.names -= 1;
    const left = isDirectory(node) ? 0 : node.names;
    if (r.victimNlink !== left) throw this.#misfit(r, `says ${r.victimNlink} names are left; ${left} are`);
  }

  #parentTime(parent: Replayed, sec: number, nsec: number): void {
    parent.attributes = { ...parent.attributes, mtimeSec: sec, mtimeNsec: nsec };
  }

  #node(id: NodeId, r: OperationRecord): Replayed {
    const found = this.#nodes.get(id);
    if (found === undefined) throw this.#misfit(r, `speaks of node ${id} that nothing has made`);
    return found;
  }

  #misfit(r: OperationRecord, what: string): ReplayError {
    return new ReplayError(`record ${r.sequence} (verb ${r.verb}, name ${printable(r.name)}, node ${r.node}) ${what}`);
  }

  #adopt(files: SourceFiles, id: NodeId): void {
    const known = this.#nodes.get(id);
    if (known !== undefined) {
      known.names += 1;
      return;
    }
    const node = blank(must(files.stat(id), 'the baseline does not change while it is read'));
    node.names = 1;
    this.#nodes.set(id, node);
    for (const [name, value] of files.xattrs(id) ?? []) node.xattrs.set(name, value);
    if ((node.attributes.mode & FileType.mask) === FileType.symlink) node.target = files.readLink(id) ?? node.target;
    if ((node.attributes.mode & FileType.mask) === FileType.regular) adoptContent(files, id, node.content);
    if (!isDirectory(node)) return;
    for (const entry of listAll(files, id)) {
      node.entries.set(entry.name, entry.node);
      this.#adopt(files, entry.node);
    }
  }
}

function blank(attributes: Attributes): Replayed {
  return {
    attributes,
    names: 0,
    content: new SparseContent(),
    entries: new Map(),
    xattrs: new Map(),
    target: new Uint8Array(0),
  };
}

/** Only what the record says was changed: an attribute that is not named must not be taken from it by accident. */
function merged(before: Attributes, r: OperationRecord): Attributes {
  const now = r.attributes;
  const times = { mtimeSec: now.mtimeSec, mtimeNsec: now.mtimeNsec };
  const mode = (r.flags & RecordFlag.modeChanged) !== 0 ? { mode: now.mode } : {};
  if (r.verb === Verb.write || r.verb === Verb.truncate || r.verb === Verb.fallocate)
    return { ...before, ...times, ...mode };
  // An ACL is also the group's permission bits.
  if (r.verb !== Verb.setattr) return { ...before, mode: now.mode };
  return {
    ...before,
    ...mode,
    ...((r.detail & SetAttribute.mode) !== 0 ? { mode: now.mode } : {}),
    ...((r.detail & SetAttribute.uid) !== 0 ? { uid: now.uid } : {}),
    ...((r.detail & SetAttribute.gid) !== 0 ? { gid: now.gid } : {}),
    ...((r.detail & SetAttribute.atime) !== 0 ? { atimeSec: now.atimeSec, atimeNsec: now.atimeNsec } : {}),
    ...((r.detail & SetAttribute.mtime) !== 0 ? times : {}),
  };
}

function allocate(content: SparseContent, r: OperationRecord): void {
  const { detail: mode, offset, extent } = r;
  if ((mode & FallocateMode.collapse) !== 0) content.collapse(offset, extent);
  else if ((mode & FallocateMode.insert) !== 0) content.insert(offset, extent);
  else if ((mode & (FallocateMode.punchHole | FallocateMode.zero)) !== 0) content.zero(offset, extent);
  if ((mode & (FallocateMode.keepSize | FallocateMode.collapse | FallocateMode.insert)) === 0)
    content.truncate(Math.max(content.size, offset + extent));
}
