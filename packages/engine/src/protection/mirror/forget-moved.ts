/**
 * What the picture of known nodes says of directories that were active when the source lost power, where rules are asked: it is of a
 * moment before. In: those directories. Out: what is not any more where it was in one of them is let go of, for it may be outside of the
 * set; a directory that is still ours elsewhere stays known, with all that is beneath it.
 */
import type { NodeId } from '@understudy/wire';
import type { ScopePlace } from '../../data-path/source/queue/root-scope.ts';
import { FileError } from '../../ports.ts';
import { placeOf } from './place-of.ts';
import type { MirrorRoot } from './world.ts';

export function forgetMoved(root: MirrorRoot, active: ReadonlySet<NodeId>): void {
  const { scope } = root;
  if (scope.whole || active.size === 0) return;
  for (const node of [...scope.nodes()])
    for (const place of scope.placesOf(node)) {
      if (!active.has(place.parent) || isThere(root, node, place)) continue;
      if (!(scope.isDirectory(node) && isOurs(root, node))) scope.lost(node, place.parent, place.name);
    }
}

/** What cannot be looked at is named when its directory is listed. */
function isThere({ files }: MirrorRoot, node: NodeId, { parent, name }: ScopePlace): boolean {
  try {
    return files.entry(parent, name)?.node === node;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return true;
  }
}

function isOurs(root: MirrorRoot, directory: NodeId): boolean {
  try {
    const place = placeOf(root, directory);
    return place !== null && root.scope.wants(place.parent, place.entry.name, true);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return true;
  }
}
