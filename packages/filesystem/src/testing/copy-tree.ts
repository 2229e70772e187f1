/** For tests: carries a tree from a source to a replica through the two ports alone, as a mirror does. */
import { must, type RawName } from '@understudy/base';
import type { Handle, ReplicaFiles, SourceFiles } from '@understudy/engine';
import type { Attributes, NodeId } from '@understudy/wire';

const FORMAT = 0o170000;

export function copyTree(source: SourceFiles, replica: ReplicaFiles): void {
  const known = new Map<NodeId, Handle>();
  copyDirectory(source, replica, source.rootNode, replica.root, known);
  finish(source, replica, source.rootNode, replica.root);
}

function copyDirectory(
  source: SourceFiles,
  replica: ReplicaFiles,
  node: NodeId,
  handle: Handle,
  known: Map<NodeId, Handle>,
): void {
  const directory = must(source.openDirectory(node), 'the directory is there');
  try {
    for (let entries = directory.next(7); entries.length > 0; entries = directory.next(7))
      for (const entry of entries) {
        const there = known.get(entry.node);
        if (there !== undefined) {
          replica.link(there, handle, entry.name);
          continue;
        }
        const made = make(source, replica, entry.node, handle, entry.name, entry.attributes);
        known.set(entry.node, made);
        if ((entry.attributes.mode & FORMAT) === 0o040000) copyDirectory(source, replica, entry.node, made, known);
        finish(source, replica, entry.node, made);
      }
  } finally {
    directory.close();
  }
}

function make(
  source: SourceFiles,
  replica: ReplicaFiles,
  node: NodeId,
  parent: Handle,
  name: RawName,
  attributes: Attributes,
): Handle {
  switch (attributes.mode & FORMAT) {
    case 0o040000:
      return replica.makeDirectory(parent, name, attributes);
    case 0o120000:
      return replica.makeSymlink(parent, name, must(source.readLink(node), 'the link is there'), attributes);
    case 0o100000: {
      const handle = replica.createFile(parent, name, attributes);
      copyContent(source, replica, node, handle);
      return handle;
    }
    default:
      return replica.makeNode(parent, name, attributes);
  }
}

function copyContent(source: SourceFiles, replica: ReplicaFiles, node: NodeId, handle: Handle): void {
  const file = must(source.open(node), 'the file is there');
  const buffer = new Uint8Array(65536);
  try {
    replica.truncate(handle, file.size());
    for (let data = file.dataAfter(0); data !== null; data = file.dataAfter(data.end)) {
      file.willNeed(data.start, data.end - data.start);
      for (let at = data.start; at < data.end; ) {
        const count = file.read(at, buffer.subarray(0, Math.min(buffer.length, data.end - at)));
        replica.write(handle, at, buffer.subarray(0, count));
        at += count;
      }
    }
  } finally {
    file.close();
  }
}

function finish(source: SourceFiles, replica: ReplicaFiles, node: NodeId, handle: Handle): void {
  const attributes = must(source.stat(node), 'the node is there');
  replica.setOwner(handle, attributes.uid, attributes.gid);
  if ((attributes.mode & FORMAT) !== 0o120000) replica.setMode(handle, attributes.mode);
  for (const [name] of must(replica.xattrs(handle), 'the file is there')) replica.removeXattr(handle, name);
  for (const [name, value] of must(source.xattrs(node), 'the node is there')) replica.setXattr(handle, name, value);
  replica.setTimes(handle, attributes);
}
