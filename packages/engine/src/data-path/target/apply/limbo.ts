/**
 * Limbo: where a file waits that lost its place to another before its own next place is known. Nothing that was protected is ever
 * destroyed on suspicion: only a record that says the last name is gone destroys, everything else moves here.
 *
 * Names in it: the hexadecimal of the handle (a known node that may be claimed yet), and beside it the path it had (waiting.ts) ·
 * `tmp-NODE` (a file that has no name on the source) · the folders of keep-aside.ts, for what is nobody's any more.
 */
import type { RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry, type ReplicaFiles } from '../../../ports.ts';
import { folderName, isKeptFolder, keepAside, type PassingKind } from './keep-aside.ts';
import { isDirectory, type Place, type ReplicaRoot } from './replica-root.ts';
import { claimable, dropNote, dropStale, formerPath, isNote, toLimbo } from './waiting.ts';

const TEMPORARY = 'tmp-';

export const temporaryName = (node: NodeId): RawName => `${TEMPORARY}${node.toString(16)}` as RawName;

/** The name under which a file lies in limbo, null where it does not. */
export function inLimbo(root: ReplicaRoot, node: NodeId, handle: Handle): Place | null {
  const parent = root.files.limbo;
  for (const name of [claimable(handle), temporaryName(node)])
    if (root.files.entry(parent, name)?.handle === handle) return { parent, name };
  return null;
}

/** Frees a place whose holder belongs elsewhere. Returns whether it was nobody's and has been set aside, as an orphan. */
export function displace(root: ReplicaRoot, place: Place, holder: ReplicaEntry): 'moved' | 'set-aside' {
  const hasOtherNames = !isDirectory(holder.attributes) && holder.attributes.nlink > 1;
  if (hasOtherNames) {
    root.files.unlink(place.parent, place.name);
    return 'moved';
  }
  if (root.nodes.nodeOf(holder.handle) === undefined) {
    if (isDirectory(holder.attributes)) rescue(root, holder.handle);
    const folder = folderName(root.files.nowMs?.() ?? 0);
    keepAside(root, place, { kind: 'orphans', folder, path: formerPath(root.files, place) });
    return 'set-aside';
  }
  toLimbo(root.files, place, holder.handle);
  return 'moved';
}

/**
 * What is known and lies beneath a directory that is nobody's may be claimed yet: after a power cut the table may not know the directory
 * that a known file was moved into.
 */
function rescue(root: ReplicaRoot, directory: Handle): void {
  for (const entry of root.files.list(directory) ?? []) {
    const isKnown = root.nodes.nodeOf(entry.handle) !== undefined;
    if (isKnown) displace(root, { parent: directory, name: entry.name }, entry);
    else if (isDirectory(entry.attributes)) rescue(root, entry.handle);
  }
}

/** Out of the replica and out of the table, with all that is beneath; kept for a while. Returns where, beneath limbo. */
export function setAside(root: ReplicaRoot, place: Place, holder: ReplicaEntry, kind: PassingKind): RawName {
  const path = formerPath(root.files, place);
  if (isDirectory(holder.attributes)) release(root, holder.handle);
  const to =
    root.files.setAside?.(place, holder, { kind, path }) ??
    keepAside(root, place, { kind, folder: folderName(0), path });
  const node = root.nodes.nodeOf(holder.handle);
  if (node !== undefined) root.nodes.unbind(node);
  dropNote(root.files, holder.handle);
  return to;
}

/**
 * All beneath a directory leaves the table. A file that also has a name elsewhere loses those here, so that what is kept aside never
 * changes with the replica; one whose names are all here keeps them.
 */
function release(root: ReplicaRoot, directory: Handle): void {
  for (const places of releaseBeneath(root, root.files, directory).values())
    for (const { parent, name } of places) root.files.unlink(parent, name);
}

/** Returns the names of those that have others elsewhere, and stay in the table. */
function releaseBeneath(root: ReplicaRoot, files: ReplicaFiles, directory: Handle): Map<Handle, Place[]> {
  const shared = new Map<Handle, Place[]>();
  const waiting = [directory];
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop())
    for (const { handle, name, attributes } of files.list(parent) ?? []) {
      if (isDirectory(attributes)) waiting.push(handle);
      if (root.nodes.nodeOf(handle) === undefined) continue;
      const isShared = !isDirectory(attributes) && attributes.nlink > 1;
      if (isShared) shared.set(handle, [...(shared.get(handle) ?? []), { parent, name }]);
      else unbindHandle(root, handle);
    }
  for (const [handle, places] of shared)
    if ((files.attributes(handle)?.nlink ?? 1) <= places.length) {
      unbindHandle(root, handle);
      shared.delete(handle);
    }
  return shared;
}

function unbindHandle(root: ReplicaRoot, handle: Handle): void {
  const node = root.nodes.nodeOf(handle);
  if (node !== undefined) root.nodes.unbind(node);
}

/**
 * The node is nowhere in the replica, and leaves the table. Where it was put aside by a process that was killed before that was written
 * down, what lies in it leaves as well: else it would count as known, and nobody would find it.
 */
export function unbindGone(root: ReplicaRoot, node: NodeId): void {
  const handle = root.nodes.handleOf(node);
  if (handle !== undefined) releaseBeneath(root, root.files.plain ?? root.files, handle);
  root.nodes.unbind(node);
}

/** Makes a directory empty that has to go: what is known may be claimed yet, the rest is kept. Returns how many were set aside. */
export function evacuate(root: ReplicaRoot, directory: Handle): number {
  let asides = 0;
  for (const entry of root.files.list(directory) ?? [])
    if (displace(root, { parent: directory, name: entry.name }, entry) === 'set-aside') asides += 1;
  return asides;
}

/**
 * The node has no name left on the source: it leaves the table, and whatever still holds it here goes. Where a stale name of it cannot
 * be found it stays in the table, so that the listing of its directory knows it for what it is.
 */
export function vanish(root: ReplicaRoot, node: NodeId): void {
  const file = root.alive(node);
  if (file !== null) {
    const directory = isDirectory(file.attributes);
    for (let names = directory ? 1 : file.attributes.nlink; names > 0; names -= 1) {
      const place = inLimbo(root, node, file.handle) ?? root.locate(file.handle);
      if (place === null) break;
      root.times.keep(place.parent);
      if (directory) removeTree(root, place, file.handle);
      else root.files.unlink(place.parent, place.name);
      if (place.parent === root.files.limbo) dropNote(root.files, file.handle);
    }
    if (root.files.attributes(file.handle) !== null) return;
  }
  root.nodes.unbind(node);
}

function removeTree(root: ReplicaRoot, place: Place, directory: Handle): void {
  evacuate(root, directory);
  root.files.removeDirectory(place.parent, place.name);
}

/** The end of a mirror: what nobody claimed is set aside. Returns where each lies now, beneath limbo. */
export function sweep(root: ReplicaRoot, isSpared: (handle: Handle) => boolean): RawName[] {
  const asides: RawName[] = [];
  const notes: RawName[] = [];
  for (const entry of root.files.list(root.files.limbo) ?? []) {
    if (isNote(entry.name)) notes.push(entry.name);
    if (isNote(entry.name) || entry.name.startsWith(TEMPORARY) || isKeptFolder(entry.name)) continue;
    if (isSpared(entry.handle)) continue;
    const place = { parent: root.files.limbo, name: entry.name };
    const links = isDirectory(entry.attributes) ? 1 : (root.files.attributes(entry.handle)?.nlink ?? 1);
    if (links > 1) root.files.unlink(place.parent, place.name);
    else asides.push(setAside(root, place, entry, 'gone'));
  }
  dropStale(root.files, notes);
  return asides;
}

/** A new stream knows nothing of the nameless files of the one before, nor of what a replay made in a directory that was gone by then. */
export function dropTemporaries(root: ReplicaRoot): void {
  for (const entry of root.files.list(root.files.limbo) ?? []) {
    if (!entry.name.startsWith(TEMPORARY)) continue;
    const node = root.nodes.nodeOf(entry.handle);
    const place = { parent: root.files.limbo, name: entry.name };
    if (isDirectory(entry.attributes)) removeTree(root, place, entry.handle);
    else root.files.unlink(place.parent, place.name);
    if (node !== undefined && root.alive(node) === null) root.nodes.unbind(node);
  }
}

/** A directory that lies somewhere within limbo; the last resort, because it looks at all of it. */
export function findWithinLimbo(root: ReplicaRoot, handle: Handle, beneath = root.files.limbo): Place | null {
  for (const entry of root.files.list(beneath) ?? []) {
    if (entry.handle === handle) return { parent: beneath, name: entry.name };
    if (beneath === root.files.limbo && isBeyond(entry.name)) continue;
    const found = isDirectory(entry.attributes) ? findWithinLimbo(root, handle, entry.handle) : null;
    if (found !== null) return found;
  }
  return null;
}

/**
 * Never what a known directory lies in. What has left the set is looked at: a killed agent may not have noted that it left; and so are
 * orphans: a way back over a power cut puts a directory there that it knows as made since, with what it does not know in it.
 */
const isBeyond = (name: RawName): boolean => name.startsWith('undo-');

/** Removes a directory's name, emptying it first where it has to be. */
export function removeDirectory(root: ReplicaRoot, place: Place, directory: Handle): number {
  try {
    root.files.removeDirectory(place.parent, place.name);
    return 0;
  } catch (error) {
    if (!(error instanceof FileError && error.code === 'ENOTEMPTY')) throw error;
    const asides = evacuate(root, directory);
    root.files.removeDirectory(place.parent, place.name);
    return asides;
  }
}
