/**
 * Where a node is called by a name, found on the source itself. In: a node. Out: the directory and the entry in it, or null where it
 * has no name beneath the root any more. Throws FileError where the way to it cannot be read.
 */
import { brand, type RawName, rawFromBytes } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { SourceEntry } from '../../ports.ts';
import type { MirrorRoot } from './world.ts';

export interface Place {
  readonly parent: NodeId;
  readonly entry: SourceEntry;
}

export function placeOf(root: MirrorRoot, node: NodeId): Place | null {
  const path = root.files.pathOf(node);
  const names = path === null ? null : beneath(path, rawFromBytes(root.path));
  let parent = root.files.rootNode;
  let found: Place | null = null;
  for (const name of names ?? []) {
    const entry = root.files.entry(parent, name);
    if (entry === null) return null;
    found = { parent, entry };
    parent = entry.node;
  }
  // The path is of one moment and the names are of another: only what is still called so counts.
  return found?.entry.node === node ? found : null;
}

function beneath(path: RawName, rootPath: RawName): RawName[] | null {
  const base = rootPath.endsWith('/') ? rootPath : `${rootPath}/`;
  if (!path.startsWith(base)) return null;
  return path
    .slice(base.length)
    .split('/')
    .map((name) => brand<RawName>(name));
}
