/**
 * Bringing a known file to its place, wherever it is now. Post-states are established, not steps repeated: what is in place already
 * is left alone, what stands in the way moves to limbo. A directory that lives elsewhere during a replay got there by an operation that
 * follows, and stays. Any other file gets the name in addition: what it has elsewhere is repeated by what follows, but a name that a
 * replay took from it (it had others) is not given back by anyone else.
 */
import type { NodeId } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry } from '../../../ports.ts';
import { contradiction } from './apply-context.ts';
import { displace, evacuate, findWithinLimbo, inLimbo } from './limbo.ts';
import { isDirectory, type Place, type ReplicaRoot } from './replica-root.ts';
import { dropNote } from './waiting.ts';

export interface Placing {
  readonly node: NodeId;
  readonly handle: Handle;
  readonly isDirectory: boolean;
  readonly to: Place;
  /** The name it loses by this, null where it keeps its others. */
  readonly from: Place | null;
  /** What may be overwritten at `to`, as rename(2) does it. */
  readonly victim: Handle | null;
  /** One name is all it has on the source: a further one found here is stale. */
  readonly soleName: boolean;
  readonly replaying: boolean;
  /** Called with what was nobody's and had to make way. */
  readonly onSetAside: (entry: ReplicaEntry) => void;
}

export function place(root: ReplicaRoot, placing: Placing): void {
  const { to, from, handle } = placing;
  const there = root.at(to);
  if (there?.handle === handle) {
    if (from !== null) dropName(root, from, to, handle);
    return;
  }
  const origin = whereabouts(root, placing);
  if (origin === null && placing.isDirectory && placing.replaying) return;
  if (origin !== null) {
    moveFrom(root, placing, origin, there);
    return;
  }
  if (placing.isDirectory) {
    moveFrom(root, placing, lostDirectory(root, handle), there);
    return;
  }
  const stray = placing.soleName && !placing.replaying ? root.locate(handle) : null;
  clear(root, placing, there, null);
  root.files.link(handle, to.parent, to.name);
  if (stray === null) return;
  root.times.keep(stray.parent);
  root.files.unlink(stray.parent, stray.name);
}

const samePlace = (a: Place, b: Place): boolean => a.parent === b.parent && a.name === b.name;

function dropName(root: ReplicaRoot, from: Place, to: Place, handle: Handle): void {
  if (samePlace(from, to)) return;
  const left = root.at(from);
  if (left?.handle === handle && !isDirectory(left.attributes)) root.files.unlink(from.parent, from.name);
}

/** The name to move it by: the one it is to lose, or the one it has in limbo. */
function whereabouts(root: ReplicaRoot, { from, handle, node }: Placing): Place | null {
  if (from !== null && root.at(from)?.handle === handle) return from;
  return inLimbo(root, node, handle);
}

function lostDirectory(root: ReplicaRoot, handle: Handle): Place {
  const found = root.locate(handle) ?? findWithinLimbo(root, handle);
  if (found === null) throw contradiction('rename', 'the directory exists, but nobody knows where');
  root.times.keep(found.parent);
  return found;
}

function moveFrom(root: ReplicaRoot, placing: Placing, origin: Place, there: ReplicaEntry | null): void {
  const { to, victim } = placing;
  clear(root, placing, there, victim);
  if (origin.parent === root.files.limbo) dropNote(root.files, placing.handle);
  try {
    root.files.rename(origin.parent, origin.name, to.parent, to.name, 'replace');
  } catch (error) {
    // The destination lies within what is moved: both got there by operations that follow.
    if (error instanceof FileError && error.code === 'EINVAL' && placing.isDirectory && placing.replaying) return;
    throw error;
  }
}

/** Makes room at the destination; a victim that rename(2) can overwrite stays, so that readers never miss the name. */
function clear(root: ReplicaRoot, placing: Placing, there: ReplicaEntry | null, victim: Handle | null): void {
  if (there === null) return;
  const overwritable = there.handle === victim && isDirectory(there.attributes) === placing.isDirectory;
  if (overwritable) {
    if (placing.isDirectory) evacuate(root, there.handle);
    return;
  }
  if (displace(root, placing.to, there) === 'set-aside') placing.onSetAside(there);
}
