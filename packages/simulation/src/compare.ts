/** Whether a replica equals its source: every name, with all that a record carries of it. In: both trees. Out: differences as sentences. */
import { bytesEqual, rawToText } from '@understudy/base';
import type { Handle, ReplicaFiles, SourceFiles } from '@understudy/engine';
import type { Attributes, NodeId, Xattr } from '@understudy/wire';

const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
const LIMIT = 20;

export function treeDifferences(source: SourceFiles, replica: ReplicaFiles): string[] {
  const found: string[] = [];
  const groups = new Map<NodeId, Handle>();
  compareDirectory({ source, replica, found, groups }, source.rootNode, replica.root, '');
  return found.slice(0, LIMIT);
}

interface Comparison {
  readonly source: SourceFiles;
  readonly replica: ReplicaFiles;
  readonly found: string[];
  /** Hard links: which file here stands for which node there. */
  readonly groups: Map<NodeId, Handle>;
}

function compareDirectory(c: Comparison, node: NodeId, handle: Handle, path: string): void {
  const here = new Map((c.replica.list(handle) ?? []).map((entry) => [entry.name, entry]));
  const reader = c.source.openDirectory(node);
  const names = reader?.next(1_000_000) ?? [];
  reader?.close();
  compareAttributes(c, node, handle, path);
  for (const entry of names) {
    const at = `${path}/${rawToText(entry.name)}`;
    const other = here.get(entry.name);
    here.delete(entry.name);
    if (other === undefined) c.found.push(`${at}: missing on the target`);
    else compareNode(c, entry.node, other.handle, at);
  }
  for (const name of here.keys()) c.found.push(`${path}/${rawToText(name)}: only on the target`);
}

function compareNode(c: Comparison, node: NodeId, handle: Handle, path: string): void {
  const known = c.groups.get(node);
  if (known !== undefined && known !== handle) c.found.push(`${path}: not the hard link it is on the source`);
  c.groups.set(node, handle);
  const type = (c.source.stat(node)?.mode ?? 0) & TYPE_MASK;
  if (type === DIRECTORY) compareDirectory(c, node, handle, path);
  else compareAttributes(c, node, handle, path);
  if (type === REGULAR) compareContent(c, node, handle, path);
  if (
    type === SYMLINK &&
    !bytesEqual(c.source.readLink(node) ?? new Uint8Array(), c.replica.readLink(handle) ?? new Uint8Array())
  )
    c.found.push(`${path}: another link target`);
}

function compareAttributes(c: Comparison, node: NodeId, handle: Handle, path: string): void {
  const a = c.source.stat(node);
  const b = c.replica.attributes(handle);
  if (a === null || b === null) {
    c.found.push(`${path}: gone on one side`);
    return;
  }
  const isDirectory = (a.mode & TYPE_MASK) === DIRECTORY;
  const keys: (keyof Attributes)[] = ['mode', 'uid', 'gid', 'rdev', 'mtimeSec', 'mtimeNsec'];
  if (!isDirectory) keys.push('nlink', 'size');
  for (const key of keys)
    if (a[key] !== b[key]) c.found.push(`${path}: ${key} ${a[key]} on the source, ${b[key]} on the target`);
  const sorted = (xattrs: Xattr[] | null) => (xattrs ?? []).map(([name, value]) => `${name}=${value.join()}`).sort();
  if (sorted(c.source.xattrs(node)).join() !== sorted(c.replica.xattrs(handle)).join())
    c.found.push(`${path}: xattrs differ`);
}

function compareContent(c: Comparison, node: NodeId, handle: Handle, path: string): void {
  const size = c.source.stat(node)?.size ?? 0;
  const bytes = new Uint8Array(size);
  const file = c.source.open(node);
  file?.read(0, bytes);
  file?.close();
  if (!bytesEqual(bytes, c.replica.read(handle, 0, size) ?? new Uint8Array())) c.found.push(`${path}: content differs`);
}
