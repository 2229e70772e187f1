/**
 * A source in miniature, for tests: a tree in memory that says each change of itself as the record its interceptor would write.
 */
import { must, type RawName, toHex } from '@understudy/base';
import {
  type NodeId,
  type OperationRecord,
  type RecordInput,
  RenameFlag,
  record,
  SetAttribute,
  Verb,
} from '@understudy/wire';

export interface ModelNode {
  readonly id: NodeId;
  mode: number;
  uid: number;
  nlink: number;
  data: number[];
  readonly target: string;
  readonly xattrs: Map<string, string>;
  mtime: number;
  readonly children: Map<string, ModelNode>;
  parent: ModelNode | null;
}

export const DIRECTORY = 0o040000;
export const REGULAR = 0o100000;
export const SYMLINK = 0o120000;
export const FIFO = 0o010000;
const TYPE = 0o170000;

export const isFolder = (node: ModelNode): boolean => (node.mode & TYPE) === DIRECTORY;
export const isFile = (node: ModelNode): boolean => (node.mode & TYPE) === REGULAR;
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Times of the model: far from the replica's own clock, different each time. */
export const timeOf = (tick: number): { sec: number; nsec: number } => ({
  sec: 1_000_000 + tick,
  nsec: (tick * 7919) % 1_000_000_000,
});

const COLLAPSE_RANGE = 8;
const PUNCH_HOLE_KEEP_SIZE = 3;

export class ModelSource {
  readonly root: ModelNode;
  readonly records: OperationRecord[] = [];
  #nextId = 100n;
  #tick: number;

  /** Sources that share no times begin at different ticks. */
  constructor(tick = 0) {
    this.#tick = tick;
    this.root = this.#node(DIRECTORY | 0o755);
    this.root.nlink = 2;
  }

  folders(): ModelNode[] {
    return this.#walk().filter(isFolder);
  }

  /** Every node with a name, each once. */
  all(): ModelNode[] {
    return this.#walk();
  }

  say(input: RecordInput): void {
    this.records.push(record({ sequence: this.records.length + 1, timeMs: this.#tick, ...input }));
  }

  /** What becomes of an operation before it goes out; statements of a mirror are not touched. */
  filter: (operation: OperationRecord) => RecordInput[] = (operation) => [operation];

  #did(input: RecordInput): void {
    for (const passed of this.filter(record(input))) this.say({ ...passed, sequence: this.records.length + 1 });
  }

  attributes(node: ModelNode): OperationRecord['attributes'] {
    const { sec, nsec } = timeOf(node.mtime);
    const size = isFile(node) ? node.data.length : node.target.length;
    const times = { atimeSec: sec, atimeNsec: nsec, mtimeSec: sec, mtimeNsec: nsec };
    return { mode: node.mode, uid: node.uid, gid: node.uid, nlink: node.nlink, size, rdev: 0, ...times };
  }

  make(parent: ModelNode, name: string, type: number, target = ''): ModelNode {
    const node = this.#node(type | 0o640, target);
    node.nlink = type === DIRECTORY ? 2 : 1;
    node.parent = type === DIRECTORY ? parent : null;
    parent.children.set(name, node);
    this.#touch(parent, node);
    const verbs = { [DIRECTORY]: Verb.mkdir, [SYMLINK]: Verb.symlink, [FIFO]: Verb.mknod } as Record<number, Verb>;
    this.#did({
      verb: verbs[type] ?? Verb.create,
      node: node.id,
      ...this.#at(parent, name),
      ...this.#of(node),
      data: bytesOf(target),
    });
    return node;
  }

  temporary(): ModelNode {
    const node = this.#node(REGULAR | 0o600);
    this.#touch(node);
    this.#did({ verb: Verb.tmpfile, node: node.id, ...this.#of(node) });
    return node;
  }

  link(node: ModelNode, parent: ModelNode, name: string): void {
    node.nlink += 1;
    parent.children.set(name, node);
    this.#touch(parent);
    this.#did({ verb: Verb.link, node: node.id, ...this.#at(parent, name), ...this.#of(node) });
  }

  unlink(parent: ModelNode, name: string): void {
    const node = must(parent.children.get(name), 'a name');
    parent.children.delete(name);
    const folder = isFolder(node);
    node.nlink = folder ? 0 : node.nlink - 1;
    this.#touch(parent);
    this.#did({
      verb: folder ? Verb.rmdir : Verb.unlink,
      node: node.id,
      victim: node.id,
      victimNlink: node.nlink,
      ...this.#at(parent, name),
      ...this.#of(node),
    });
  }

  rename(parent: ModelNode, name: string, parent2: ModelNode, name2: string): void {
    const node = must(parent.children.get(name), 'a name');
    const victim = parent2.children.get(name2);
    if (victim !== undefined) victim.nlink = isFolder(victim) ? 0 : victim.nlink - 1;
    parent.children.delete(name);
    this.#hang(parent2, name2, node);
    this.#touch(parent, parent2);
    const lost = victim === undefined ? {} : { victim: victim.id, victimNlink: victim.nlink };
    this.#did({
      verb: Verb.rename,
      node: node.id,
      ...lost,
      ...this.#at(parent, name),
      ...this.#at2(parent2, name2),
      ...this.#of(node),
    });
  }

  exchange(parent: ModelNode, name: string, parent2: ModelNode, name2: string): void {
    const node = must(parent.children.get(name), 'a name');
    const other = must(parent2.children.get(name2), 'a name');
    this.#hang(parent, name, other);
    this.#hang(parent2, name2, node);
    this.#touch(parent, parent2);
    this.#did({
      verb: Verb.rename,
      detail: RenameFlag.exchange,
      node: node.id,
      victim: other.id,
      victimNlink: other.nlink,
      ...this.#at(parent, name),
      ...this.#at2(parent2, name2),
      ...this.#of(node),
    });
  }

  write(node: ModelNode, offset: number, bytes: readonly number[]): void {
    while (node.data.length < offset) node.data.push(0);
    bytes.forEach((byte, i) => {
      node.data[offset + i] = byte;
    });
    this.#touch(node);
    const data = Uint8Array.from(bytes);
    this.#did({ verb: Verb.write, node: node.id, offset, extent: bytes.length, data, ...this.#of(node) });
  }

  truncate(node: ModelNode, size: number): void {
    node.data.length = Math.min(node.data.length, size);
    while (node.data.length < size) node.data.push(0);
    this.#touch(node);
    this.#did({ verb: Verb.truncate, node: node.id, extent: size, ...this.#of(node) });
  }

  collapse(node: ModelNode, offset: number, length: number): void {
    node.data.splice(offset, length);
    this.#touch(node);
    this.#did({
      verb: Verb.fallocate,
      detail: COLLAPSE_RANGE,
      node: node.id,
      offset,
      extent: length,
      ...this.#of(node),
    });
  }

  punch(node: ModelNode, offset: number, length: number): void {
    node.data.fill(0, offset, offset + length);
    this.#touch(node);
    const range = { detail: PUNCH_HOLE_KEEP_SIZE, offset, extent: length };
    this.#did({ verb: Verb.fallocate, node: node.id, ...range, ...this.#of(node) });
  }

  chmod(node: ModelNode, permissions: number): void {
    node.mode = (node.mode & TYPE) | permissions;
    this.#did({ verb: Verb.setattr, detail: SetAttribute.mode, node: node.id, ...this.#of(node) });
  }

  chown(node: ModelNode, uid: number): void {
    node.uid = uid;
    this.#did({ verb: Verb.setattr, detail: SetAttribute.uid | SetAttribute.gid, node: node.id, ...this.#of(node) });
  }

  setXattr(node: ModelNode, name: string, value: string): void {
    node.xattrs.set(name, value);
    this.#did({ verb: Verb.setxattr, node: node.id, name: name as RawName, data: bytesOf(value), ...this.#of(node) });
  }

  /** Path → everything that counts about the file there, with the paths that are the same file. */
  tree(): Map<string, string> {
    const paths = new Map<ModelNode, string[]>();
    this.#visit((path, node) => paths.set(node, [...(paths.get(node) ?? []), path]));
    const tree = new Map<string, string>();
    this.#visit((path, node) => {
      const { sec, nsec } = timeOf(node.mtime);
      const content = isFile(node) ? toHex(Uint8Array.from(node.data)) : node.target;
      const xattrs = [...node.xattrs].sort().map(([name, value]) => `${name}=${value}`);
      const same = isFolder(node) ? '' : (paths.get(node) ?? []).sort().join('|');
      tree.set(path, [node.mode.toString(8), node.uid, `${sec}.${nsec}`, content, xattrs, same].join(' '));
    });
    return tree;
  }

  #visit(see: (path: string, node: ModelNode) => void, folder = this.root, at = ''): void {
    see(at === '' ? '/' : at, folder);
    for (const [name, node] of folder.children)
      if (isFolder(node)) this.#visit(see, node, `${at}/${name}`);
      else see(`${at}/${name}`, node);
  }

  #walk(): ModelNode[] {
    const nodes = new Set<ModelNode>();
    this.#visit((_path, node) => nodes.add(node));
    return [...nodes];
  }

  #node(mode: number, target = ''): ModelNode {
    const id = this.#nextId++ as NodeId;
    const empty = { data: [], xattrs: new Map(), children: new Map(), parent: null };
    return { id, mode, uid: 0, nlink: 0, target, mtime: this.#tick, ...empty };
  }

  #hang(parent: ModelNode, name: string, node: ModelNode): void {
    parent.children.set(name, node);
    if (isFolder(node)) node.parent = parent;
  }

  #touch(...nodes: ModelNode[]): void {
    this.#tick += 1;
    for (const node of nodes) node.mtime = this.#tick;
  }

  #of(node: ModelNode): Pick<OperationRecord, 'attributes'> {
    return { attributes: this.attributes(node) };
  }

  #at(parent: ModelNode, name: string) {
    const { sec, nsec } = timeOf(parent.mtime);
    return { parent: parent.id, name: name as RawName, parentMtimeSec: sec, parentMtimeNsec: nsec };
  }

  #at2(parent2: ModelNode, name2: string) {
    const { sec, nsec } = timeOf(parent2.mtime);
    return { parent2: parent2.id, name2: name2 as RawName, parent2MtimeSec: sec, parent2MtimeNsec: nsec };
  }
}

export function isWithin(node: ModelNode, ancestor: ModelNode): boolean {
  for (let at: ModelNode | null = node; at !== null; at = at.parent) if (at === ancestor) return true;
  return false;
}
