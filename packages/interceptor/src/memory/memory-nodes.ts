/** The state under the memory file system: nodes by identity, time, boundaries, and the one place where a change is told. */
import type { Clock, RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { type Attributes, type NodeId, type RecordInput, Verb } from '@understudy/wire';
import { attributesOf, FileType, isDirectory, type MemoryNode, makeNode, type Timestamp, typeOf } from './node.ts';

/** A change as it happened; `boundary` is the protected directory it happened in. */
export interface MemoryChange {
  readonly boundary: NodeId;
  readonly record: RecordInput;
}

export interface MemoryOwner {
  readonly uid?: number;
  readonly gid?: number;
}

const MAX_INODE = 0xffff_ffff;

export class MemoryNodes {
  readonly root: NodeId;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #nodes = new Map<NodeId, MemoryNode>();
  readonly #freeInodes: number[] = [];
  readonly #boundaries = new Set<NodeId>();
  #listener: ((change: MemoryChange) => void) | null = null;
  #lastInode = 1;
  #versions = 0;
  #generation = 0;

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock;
    const root = this.allocate(FileType.directory | 0o755, {}, 0, null);
    root.nlink = 2;
    this.root = root.id;
  }

  /** One listener: the interceptor. It hears of changes beneath boundaries only, within the call that made them. */
  intercept(listener: ((change: MemoryChange) => void) | null): void {
    this.#listener = listener;
  }

  /** As a mount over `directory`: nothing is renamed or linked across, and the directory itself stays where it is. */
  setBoundary(directory: NodeId, on: boolean): void {
    if (on) this.#boundaries.add(directory);
    else this.#boundaries.delete(directory);
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  attributes(node: NodeId): Attributes | null {
    const found = this.#nodes.get(node);
    return found === undefined ? null : attributesOf(found);
  }

  ages(node: NodeId): { bornMs: number; changedMs: number } | null {
    const found = this.#nodes.get(node);
    if (found === undefined) return null;
    const ms = ({ sec, nsec }: Timestamp): number => sec * 1000 + nsec / 1e6;
    return { bornMs: ms(found.born), changedMs: ms(found.ctime) };
  }

  /**
   * All that has a name, as it is now. What it returns brings that back, as a disk does after a power cut; numbers of files that were
   * made since are not given again. Nobody is told.
   */
  snapshot(): () => void {
    const kept = [...this.#nodes.values()].filter(({ nlink }) => nlink > 0).map(copyOf);
    return () => {
      this.#nodes.clear();
      for (const { node } of kept)
        this.#nodes.set(node.id, { ...node, content: node.content.copy(), entries: new Map() });
      for (const { node, entries, home } of kept) {
        const made = this.node(node.id, 'restore');
        for (const [name, id] of entries) made.entries.set(name, this.node(id, 'restore'));
        made.home = home === null ? null : (this.#nodes.get(home) ?? null);
        this.#changed(node.id);
      }
      // The directory in which it was last named may be gone: then it lies where another of its names is.
      for (const parent of this.#nodes.values()) for (const child of parent.entries.values()) child.home ??= parent;
    };
  }

  /** Of everything there is. */
  nodeIds(): readonly NodeId[] {
    return [...this.#nodes.keys()];
  }

  /** Another one whenever something of the node has changed, for whoever keeps what it made of it. */
  versionOf(node: NodeId): number {
    return this.#nodes.get(node)?.version ?? 0;
  }

  lookup(parent: NodeId, name: RawName): NodeId | null {
    return this.#nodes.get(parent)?.entries.get(name)?.id ?? null;
  }

  /** Names of a directory in order of creation; null: gone, or no directory. */
  list(directory: NodeId): readonly { readonly name: RawName; readonly node: NodeId }[] | null {
    const found = this.#nodes.get(directory);
    if (found === undefined || !isDirectory(found)) return null;
    return [...found.entries].map(([name, node]) => ({ name, node: node.id }));
  }

  /** Node at an absolute path, without following symbolic links; null: nothing there. */
  resolve(path: RawName): NodeId | null {
    let at: MemoryNode | undefined = this.#nodes.get(this.root);
    for (const name of path.split('/')) if (name !== '') at = at?.entries.get(name as RawName);
    return at?.id ?? null;
  }

  /** Absolute path by which the node can be reached now; null: it has no name. */
  pathOf(node: NodeId): RawName | null {
    let at = this.#nodes.get(node);
    const names: string[] = [];
    while (at !== undefined && at.id !== this.root) {
      const named = this.#nameOf(at);
      if (named === null) return null;
      names.unshift(named.name);
      at = named.parent;
    }
    return at === undefined ? null : (`/${names.join('/')}` as RawName);
  }

  /** The protected directory that `node` lies in, itself included; null: none. */
  boundaryOf(node: NodeId): NodeId | null {
    let at: MemoryNode | null = this.#nodes.get(node) ?? null;
    while (at !== null && !(isDirectory(at) && this.#boundaries.has(at.id))) at = at.home;
    return at?.id ?? null;
  }

  open(node: NodeId): void {
    this.node(node, 'open').opens += 1;
  }

  close(node: NodeId): void {
    const found = this.node(node, 'close');
    found.opens -= 1;
    this.dropIfUnused(found);
  }

  /** For SourceFiles and the rest of the file system only. */
  node(id: NodeId, call: string): MemoryNode {
    const found = this.#nodes.get(id);
    if (found === undefined) throw new FileError('ESTALE', call);
    return found;
  }

  protected directory(id: NodeId, call: string): MemoryNode {
    const found = this.node(id, call);
    if (!isDirectory(found)) throw new FileError('ENOTDIR', call);
    return found;
  }

  protected regular(id: NodeId, call: string): MemoryNode {
    const found = this.node(id, call);
    if (isDirectory(found)) throw new FileError('EISDIR', call);
    if (typeOf(found) !== FileType.regular) throw new FileError('EINVAL', call);
    return found;
  }

  protected now(): Timestamp {
    const ms = this.#clock.wallMs();
    const sec = Math.floor(ms / 1000);
    return { sec, nsec: Math.floor((ms - sec * 1000) * 1e6) };
  }

  /** A new node without a name. A setgid directory hands on its group. */
  protected allocate(mode: number, owner: MemoryOwner, rdev: number, home: MemoryNode | null): MemoryNode {
    const inherits = home !== null && (home.mode & 0o2000) !== 0;
    const inode = this.#freeInodes.pop() ?? this.#nextInode();
    this.#generation += 1;
    const node = makeNode({
      id: (BigInt(inode) | (BigInt(this.#generation) << 32n)) as NodeId,
      mode: inherits && (mode & FileType.mask) === FileType.directory ? mode | 0o2000 : mode,
      uid: owner.uid ?? 0,
      gid: inherits ? home.gid : (owner.gid ?? 0),
      rdev,
      now: this.now(),
      home,
    });
    this.#nodes.set(node.id, node);
    return node;
  }

  protected dropIfUnused(node: MemoryNode): void {
    if (node.nlink > 0 || node.opens > 0) return;
    if (this.#nodes.delete(node.id)) this.#freeInodes.push(Number(node.id & 0xffff_ffffn));
  }

  /** Tells the interceptor, before the call returns: this is what makes the ring's order the order of execution. */
  protected tell(place: MemoryNode, input: Omit<RecordInput, 'node'> & { readonly of: MemoryNode }): void {
    const { parent, parent2, victim } = input;
    for (const id of [place.id, input.of.id, parent, parent2, victim]) if (id !== undefined) this.#changed(id);
    if (this.#listener === null) return;
    const boundary = this.boundaryOf(place.id);
    if (boundary === null) return;
    const { of, ...rest } = input;
    this.#listener({ boundary, record: { ...rest, node: of.id, attributes: attributesOf(of) } });
  }

  #changed(id: NodeId): void {
    const found = this.#nodes.get(id);
    if (found === undefined) return;
    this.#versions += 1;
    found.version = this.#versions;
  }

  #nextInode(): number {
    this.#lastInode += 1;
    if (this.#lastInode > MAX_INODE) throw new FileError('ENOSPC', 'create');
    return this.#lastInode;
  }

  #nameOf(node: MemoryNode): { readonly parent: MemoryNode; readonly name: RawName } | null {
    const search = (parent: MemoryNode) => {
      for (const [name, entry] of parent.entries) if (entry === node) return { parent, name };
      return null;
    };
    if (node.nlink === 0) return null;
    const near = node.home === null ? null : search(node.home);
    if (near !== null || isDirectory(node)) return near;
    // The name it was last given is gone but others remain: rare, so they are searched for rather than kept.
    for (const parent of this.#nodes.values()) {
      const found = search(parent);
      if (found !== null) return found;
    }
    return null;
  }
}

/** What a directory's record says of its time. */
export const parentTimes = (parent: MemoryNode) => ({
  parent: parent.id,
  parentMtimeSec: parent.mtime.sec,
  parentMtimeNsec: parent.mtime.nsec,
});

/** The attribute of the verb a new node of this type is told with. */
export function creationVerb(mode: number): Verb {
  const type = mode & FileType.mask;
  if (type === FileType.directory) return Verb.mkdir;
  if (type === FileType.symlink) return Verb.symlink;
  return type === FileType.regular ? Verb.create : Verb.mknod;
}

function copyOf(node: MemoryNode) {
  const entries = [...node.entries].map(([name, child]) => [name, child.id] as const);
  const xattrs = new Map(node.xattrs);
  return {
    node: { ...node, opens: 0, content: node.content.copy(), xattrs },
    entries,
    home: node.home?.id ?? null,
  };
}
