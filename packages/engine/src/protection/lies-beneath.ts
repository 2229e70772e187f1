/**
 * Whether a file that the target names is one of the set's. In: a root, a node, the path at which the target says it has it. Out: yes, or
 * not certainly. A file handle opens any file of the file system, and once the target has all of a root that is protected as a whole
 * nobody keeps a list of what lies in it: without this a target that means harm could name a file elsewhere and have it sent.
 */
import { brand, type RawName, rawFromBytes } from '@understudy/base';
import { NO_NODE, type NodeId } from '@understudy/wire';
import { fromBase64 } from '../base64.ts';
import { FileError, type SourceFiles } from '../ports.ts';
import type { MirrorRoot } from './mirror/world.ts';

/** Levels of a path that are followed; a target's word is not worth more. */
const MOST_LEVELS = 4096;

/** `there`: base64, beneath the root. True also for what is gone: of that there is nothing to tell. */
export function liesBeneath(root: MirrorRoot | undefined, node: NodeId, there: string): boolean {
  if (root === undefined) return false;
  // Then all that is known is known one by one, because it was found by its name.
  if (root.scope.exceptions === null) return true;
  try {
    return root.files.stat(node) === null || isNamed(root.files, node, there) || isWithin(root, node);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return false;
  }
}

function isNamed(files: SourceFiles, node: NodeId, there: string): boolean {
  const names = (fromBase64(there) ?? '').split('/').filter((name) => name !== '');
  if (names.length > MOST_LEVELS || names.includes('..') || names.includes('.')) return false;
  let at: NodeId | null = files.rootNode;
  for (const name of names) at = at === null ? null : (files.entry(at, brand<RawName>(name))?.node ?? null);
  return at === node;
}

/** The kernel tells any directory's path, and a file's as long as it remembers one. */
function isWithin(root: MirrorRoot, node: NodeId): boolean {
  const path = node === NO_NODE ? null : root.files.pathOf(node);
  const top = rawFromBytes(root.path);
  return path !== null && (path === top || path.startsWith(top === '/' ? '/' : `${top}/`));
}
