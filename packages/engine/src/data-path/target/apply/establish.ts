/**
 * A new node at its first name, whatever its type: shared by create, mkdir, symlink and mknod.
 */
import { bytesEqual, type RawName } from '@understudy/base';
import type { Attributes, OperationRecord } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry } from '../../../ports.ts';
import { type ApplyContext, contradiction, placeOf, tell } from './apply-context.ts';
import { SELINUX } from './attribute-set.ts';
import { nodeTimes, parentTimes, setOwnerAndMode } from './attributes.ts';
import { displace, inLimbo, setAside, temporaryName } from './limbo.ts';
import { isDirectory, isRegular, isSymlink, kindOf, type Place, type ReplicaRoot } from './replica-root.ts';
import { dropNote } from './waiting.ts';

const DEFAULT_ACL = 'system.posix_acl_default' as RawName;
const ACCESS_ACL = 'system.posix_acl_access' as RawName;

/** Makes the file at a free name; throws EEXIST where it is not. */
export function make(root: ReplicaRoot, { parent, name }: Place, attributes: Attributes, target: Uint8Array): Handle {
  if (isRegular(attributes)) return root.files.createFile(parent, name, attributes);
  if (isDirectory(attributes)) return root.files.makeDirectory(parent, name, attributes);
  if (isSymlink(attributes)) return root.files.makeSymlink(parent, name, target, attributes);
  return root.files.makeNode(parent, name, attributes);
}

/** Whether what is found could be the file of the record, by what can never change about a file. */
export function sameKind(root: ReplicaRoot, found: ReplicaEntry, wanted: Attributes, target: Uint8Array): boolean {
  if (kindOf(found.attributes) !== kindOf(wanted)) return false;
  if (isSymlink(wanted)) {
    const there = root.files.readLink(found.handle);
    return there !== null && bytesEqual(there, target);
  }
  return isRegular(wanted) || isDirectory(wanted) || found.attributes.rdev === wanted.rdev;
}

export const BESIDE = "beneath orphans/ in the job's folder beside the replica";

export function toldAside(record: OperationRecord, context: ApplyContext): void {
  tell(record, context, {
    kind: 'set-aside',
    severity: 'warning',
    sentence: `a file that did not come from the source held this name; it was set aside, ${BESIDE}`,
  });
}

export function establish(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const place = placeOf(record, context);
  if (place === null) {
    goneElsewhere(record, context);
    return;
  }
  run.confirm(root.index, record.parent, record.name);
  const handle = known(record, context, place) ?? freshAt(record, context, place);
  if (handle === 'gone') {
    parentTimes(record, context);
    return;
  }
  if (handle === null) throw contradiction('create', 'the name is taken again and again');
  nodeTimes(root, record.node, handle, record.attributes);
  parentTimes(record, context);
}

/**
 * The directory is gone by an operation that a replay repeats, and the node got out of it before, or will have gone first: nobody else sets
 * its times, which may not have been set when the agent was killed.
 */
function goneElsewhere(record: OperationRecord, context: ApplyContext): void {
  const { root } = context;
  const handle = root.nodes.handleOf(record.node) ?? (context.powerLost ? madeInLimbo(record, context) : undefined);
  if (handle !== undefined && root.files.attributes(handle) !== null)
    nodeTimes(root, record.node, handle, record.attributes);
}

/**
 * [TCM5] Where it was made before a power cut lies under a name that a later operation gave it, known to nobody: it is made anew, waits for
 * that operation, and takes the name from what lies there.
 */
export function madeInLimbo(record: OperationRecord, { root }: ApplyContext, pending = false): Handle {
  const at: Place = { parent: root.files.limbo, name: temporaryName(record.node) };
  const found = root.at(at);
  // Of a replay before this one, of which no more is known.
  if (found !== null) setAside(root, at, found, 'gone');
  const handle = make(root, at, record.attributes, record.data);
  root.nodes.bind(record.node, handle, pending);
  return handle;
}

/**
 * The node exists: at its name, or in limbo from where it is brought back, or elsewhere by an operation that follows: then a
 * directory stays there, any other file gets this name beside (see placement.ts). `gone`: an
 * operation that a replay repeats has removed it.
 */
function known(record: OperationRecord, context: ApplyContext, place: Place): Handle | 'gone' | null {
  const { root } = context;
  const handle = root.nodes.handleOf(record.node);
  if (handle === undefined) return null;
  const attributes = root.files.attributes(handle);
  if (attributes === null) {
    if (context.replaying) return 'gone';
    root.nodes.unbind(record.node);
    return null;
  }
  const there = root.at(place);
  const waiting = there?.handle === handle ? null : inLimbo(root, record.node, handle);
  if (waiting !== null) {
    makeWay(record, context, place, there);
    dropNote(root.files, handle);
    root.files.rename(waiting.parent, waiting.name, place.parent, place.name, 'no-replace');
  } else if (there?.handle !== handle && !isDirectory(attributes)) {
    makeWay(record, context, place, there);
    root.files.link(handle, place.parent, place.name);
  }
  setOwnerAndMode(root, handle, attributes, record.attributes);
  return handle;
}

function freshAt(record: OperationRecord, context: ApplyContext, place: Place): Handle | null {
  const { root } = context;
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      const handle = make(root, place, record.attributes, record.data);
      root.nodes.bind(record.node, handle);
      return handle;
    } catch (error) {
      if (!(error instanceof FileError && error.code === 'EEXIST')) throw error;
    }
    const there = root.at(place);
    if (there !== null && context.replaying && isOwnBeginning(record, context, place, there)) {
      root.nodes.bind(record.node, there.handle);
      setOwnerAndMode(root, there.handle, there.attributes, record.attributes);
      return there.handle;
    }
    makeWay(record, context, place, there);
  }
  return null;
}

/**
 * A replay finds what was created the moment before the agent was killed: nobody's, of this kind, empty, and with no attribute but those
 * that a new file gets by itself. An orphan that somebody gave attributes to would bring them along.
 */
function isOwnBeginning(
  record: OperationRecord,
  { root }: ApplyContext,
  { parent }: Place,
  there: ReplicaEntry,
): boolean {
  if (root.nodes.nodeOf(there.handle) !== undefined || there.attributes.nlink > (isDirectory(there.attributes) ? 2 : 1))
    return false;
  if (!sameKind(root, there, record.attributes, record.data) || !hasOwnOnly(root, parent, there.handle)) return false;
  if (isRegular(there.attributes)) return there.attributes.size === 0;
  return !isDirectory(there.attributes) || root.files.list(there.handle)?.length === 0;
}

/** What was made in a directory with a default ACL has inherited it; a label is the target's own. */
function hasOwnOnly(root: ReplicaRoot, parent: Handle, handle: Handle): boolean {
  const foreign = (root.files.xattrs(handle) ?? []).filter(([name]) => name !== SELINUX);
  if (foreign.length === 0) return true;
  const inherits = (root.files.xattrs(parent) ?? []).some(([name]) => name === DEFAULT_ACL);
  return inherits && foreign.every(([name]) => name === DEFAULT_ACL || name === ACCESS_ACL);
}

function makeWay(record: OperationRecord, context: ApplyContext, place: Place, there: ReplicaEntry | null): void {
  if (there === null) return;
  if (displace(context.root, place, there) === 'set-aside') toldAside(record, context);
}
