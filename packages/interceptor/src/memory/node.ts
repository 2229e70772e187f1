/** Nodes of the memory file system: what they hold and how they show themselves. */
import type { RawName } from '@understudy/base';
import type { Attributes, NodeId } from '@understudy/wire';
import { SparseContent } from './content.ts';

export const FileType = {
  mask: 0o170000,
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

export interface Timestamp {
  readonly sec: number;
  readonly nsec: number;
}

/** One file of any type; the parts a type does not use stay empty. */
export interface MemoryNode {
  readonly id: NodeId;
  readonly rdev: number;
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  /** Descriptors that keep it alive without a name. */
  opens: number;
  /** Another one whenever something of it has changed. */
  version: number;
  atime: Timestamp;
  mtime: Timestamp;
  ctime: Timestamp;
  readonly born: Timestamp;
  /** The directory in which it was last named (of a directory: its parent): decides the root it belongs to. */
  home: MemoryNode | null;
  readonly content: SparseContent;
  readonly entries: Map<RawName, MemoryNode>;
  readonly xattrs: Map<RawName, Uint8Array>;
  target: Uint8Array;
}

export interface NewNode {
  readonly id: NodeId;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly now: Timestamp;
  readonly home: MemoryNode | null;
}

export function makeNode(from: NewNode): MemoryNode {
  return {
    id: from.id,
    rdev: from.rdev,
    mode: from.mode,
    uid: from.uid,
    gid: from.gid,
    nlink: 0,
    opens: 0,
    version: 0,
    atime: from.now,
    mtime: from.now,
    ctime: from.now,
    born: from.now,
    home: from.home,
    content: new SparseContent(),
    entries: new Map(),
    xattrs: new Map(),
    target: new Uint8Array(0),
  };
}

export const typeOf = (node: Pick<MemoryNode, 'mode'>): number => node.mode & FileType.mask;
export const isDirectory = (node: Pick<MemoryNode, 'mode'>): boolean => typeOf(node) === FileType.directory;

function sizeOf(node: MemoryNode): number {
  if (isDirectory(node)) return 4096;
  return typeOf(node) === FileType.symlink ? node.target.length : node.content.size;
}

export function attributesOf(node: MemoryNode): Attributes {
  return {
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    nlink: node.nlink,
    size: sizeOf(node),
    rdev: node.rdev,
    atimeSec: node.atime.sec,
    atimeNsec: node.atime.nsec,
    mtimeSec: node.mtime.sec,
    mtimeNsec: node.mtime.nsec,
  };
}
