/**
 * Decides what of the interceptor's records enters a job's stream, and keeps the job's picture of known nodes in step.
 * In: one record at a time, in ring order. Out: a verdict. Promise: what is not sent and might differ is named as dirty.
 */
import type { RawName } from '@understudy/base';
import {
  DirtyCause,
  type DirtyReason,
  NO_NODE,
  type NodeId,
  type OperationRecord,
  RECORD_HEADER,
  type RecordInput,
  RenameFlag,
  record,
  Verb,
} from '@understudy/wire';
import type { DirtyMap } from './dirty-map.ts';
import type { RootScope } from './root-scope.ts';

const DIRECTORY = 0o040000;
const TYPE_MASK = 0o170000;
const isDirectory = (r: OperationRecord): boolean => (r.attributes.mode & TYPE_MASK) === DIRECTORY;

/** `send`: forward the bytes. `drop`: not this job's. `instead`: forward these records in its place. */
export type Verdict = 'send' | 'drop' | { readonly instead: readonly OperationRecord[] };

/**
 * Of an encoded record beneath a wider root: nothing it names is known, so it need not even be decoded. What is known comes first in
 * the order, so a foreign file costs a few look-ups and no memory.
 */
export function isForeign(scope: RootScope, records: Uint8Array, at: number): boolean {
  const view = new DataView(records.buffer, records.byteOffset + at, RECORD_HEADER);
  const verb = view.getUint8(4);
  if (verb === Verb.gap || verb === Verb.marker) return false;
  for (const field of NODE_FIELDS) {
    const node = view.getBigUint64(field, true) as NodeId;
    if (node !== NO_NODE && scope.knows(node)) return false;
  }
  return true;
}
/** Where a record names node, parent, parent2 and victim. */
const NODE_FIELDS = [24, 32, 40, 48] as const;

export function filterRecord(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
  if (scope.within && namesRoot(scope, r)) return 'drop';
  switch (r.verb) {
    case Verb.create:
    case Verb.mkdir:
    case Verb.symlink:
    case Verb.mknod:
      return created(scope, r);
    case Verb.tmpfile:
      if (!scope.knows(r.parent)) return 'drop';
      scope.addNameless(r.node);
      return 'send';
    case Verb.link:
      return linked(scope, dirty, r);
    case Verb.unlink:
    case Verb.rmdir:
      return removed(scope, r);
    case Verb.rename:
      return (r.detail & RenameFlag.exchange) !== 0 ? exchanged(scope, dirty, r) : renamed(scope, dirty, r);
    case Verb.forget:
      // A file without a name was closed: nobody can reach it again. One that had names went with its last one.
      if (!scope.knowsNameless(r.node)) return 'drop';
      scope.forget(r.node);
      return 'send';
    case Verb.dirty:
      return noted(scope, dirty, r);
    case Verb.gap:
      dirty.addRoot(r.root, 'interception-gap');
      // What was made in the gap nobody has heard of.
      if (scope.exceptions !== null) scope.clear();
      return 'drop';
    case Verb.cookie:
      // Whoever reads the ring turns it into a marker of each job's.
      return 'drop';
    default:
      return knows(scope, r) ? 'send' : 'drop';
  }
}

/** The job's root itself was moved or removed within a wider one: whoever watches over the root halts the job, nothing is detached. */
function namesRoot(scope: RootScope, r: OperationRecord): boolean {
  if (r.verb !== Verb.rename && r.verb !== Verb.rmdir && r.verb !== Verb.mkdir) return false;
  return r.node === scope.rootNode || r.victim === scope.rootNode;
}

/** Whether the target knows what the operation is about; one that changes names tells `nlink` as it is afterwards. */
function knows(scope: RootScope, r: OperationRecord): boolean {
  return r.attributes.nlink === 0 ? scope.knowsNameless(r.node) : scope.knows(r.node);
}

/** The ring does not tell how the node was changed, or made: until it has been looked at it counts as not known. */
function noted(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
  const reason = REASONS[r.detail] ?? 'ring-full';
  if (scope.exceptions !== null && r.node !== scope.rootNode) {
    scope.except(r.node);
    dirty.addNode(r.root, r.node, reason);
  } else if (scope.knows(r.node)) dirty.addNode(r.root, r.node, reason);
  return 'drop';
}
const REASONS: Readonly<Record<number, DirtyReason>> = {
  [DirtyCause.diskError]: 'source-disk-error',
  [DirtyCause.pastTheMount]: 'past-the-mount',
  [DirtyCause.takenBack]: 'taken-back',
};

function created(scope: RootScope, r: OperationRecord): Verdict {
  if (!scope.wants(r.parent, r.name, isDirectory(r))) {
    // Of one that a mirror has told of already the record is late: where it went from here the records behind this one say.
    if (scope.exceptions !== null || !scope.knows(r.node)) scope.except(r.node);
    return instead(r, ...parentTimes(scope, r));
  }
  scope.add(r.node, r.parent, r.name, isDirectory(r));
  return 'send';
}

function linked(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
  if (!scope.wants(r.parent, r.name, false)) return instead(r, ...parentTimes(scope, r));
  // With a single name it had none before.
  if (r.attributes.nlink === 1 ? scope.knowsNameless(r.node) : scope.knows(r.node)) {
    scope.add(r.node, r.parent, r.name, false);
    scope.strayed(r.node);
    return 'send';
  }
  scope.except(r.node);
  dirty.addEntry(r.root, r.parent, r.name, 'moved-in');
  return 'drop';
}

function removed(scope: RootScope, r: OperationRecord): Verdict {
  const gone = r.victimNlink === 0 || r.verb === Verb.rmdir;
  const wanted = scope.wants(r.parent, r.name, r.verb === Verb.rmdir);
  const known = scope.knows(r.node);
  if (gone) scope.forget(r.node);
  // What is left of it may lie outside the set; the target holds it aside until a mirror ends.
  else if (wanted) scope.lost(r.node, r.parent, r.name);
  // As in `renamed`: the target may still have the name.
  if (wanted || (known && scope.knows(r.parent))) return 'send';
  const times = parentTimes(scope, r);
  // Its last name was elsewhere, but the target holds the node aside.
  return known && gone ? instead(r, { verb: Verb.forget, node: r.node }, ...times) : instead(r, ...times);
}

function renamed(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
  const wasOurs = scope.wants(r.parent, r.name, isDirectory(r));
  const isOurs = scope.wants(r.parent2, r.name2, isDirectory(r));
  const records = overwritten(scope, r, isOurs);
  const from = { parent: r.parent, name: r.name };
  const to = { parent: r.parent2, name: r.name2 };
  if (isOurs && wasOurs && scope.knows(r.node)) {
    // With rules that look at paths, a directory's new name may let other things in or out beneath it.
    if (scope.moved(r.node, from, to)) dirty.addEntry(r.root, r.parent2, r.name2, 'moved-in');
    return records.length === 0 ? 'send' : instead(r, r, ...records);
  }
  // A directory that has just left the set is still in place on the target, with all its names, until the repair has come to it.
  const held = wasOurs || (scope.knows(r.node) && scope.knows(r.parent));
  const left = held ? [{ ...detach(r, r.parent, r.name), ...secondParent(scope, r) }] : parentTimes(scope, r);
  if (isOurs) {
    dirty.addEntry(r.root, r.parent2, r.name2, 'moved-in');
    return instead(r, ...left, ...records);
  }
  // Beneath a directory that is not known a mirror may only not have come yet, and will find the node again; and so with names
  // of which a mirror under way has not spoken yet.
  const only = r.attributes.nlink === 1 || isDirectory(r);
  const known = scope.knows(r.node);
  const listed = scope.isListed();
  const isLast = held && scope.lost(r.node, r.parent, r.name);
  if (known && isLast && only && (scope.knows(r.parent2) || listed)) records.push({ verb: Verb.forget, node: r.node });
  return instead(r, ...left, ...records);
}

/** What a rename took the new name from; where it was the last name of all and not one of ours, the target still holds the node. */
function overwritten(scope: RootScope, r: OperationRecord, isOurs: boolean): RecordInput[] {
  if (r.victim === NO_NODE || !scope.knows(r.victim)) return [];
  const gone = r.victimNlink === 0;
  if (!gone) scope.lost(r.victim, r.parent2, r.name2);
  else scope.forget(r.victim);
  return isOurs || !gone ? [] : [{ verb: Verb.forget, node: r.victim }];
}

function exchanged(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
  const one = { parent: r.parent, name: r.name };
  const two = { parent: r.parent2, name: r.name2 };
  const stays = (node: NodeId, directory: boolean): boolean =>
    scope.knows(node) && scope.wants(r.parent, r.name, directory) && scope.wants(r.parent2, r.name2, directory);
  if (stays(r.node, isDirectory(r)) && stays(r.victim, scope.isDirectory(r.victim))) {
    if (scope.moved(r.node, one, two)) dirty.addEntry(r.root, r.parent2, r.name2, 'moved-in');
    if (scope.moved(r.victim, two, one)) dirty.addEntry(r.root, r.parent, r.name, 'moved-in');
    return 'send';
  }
  const records: RecordInput[] = [];
  // Rules may want the one and not the other under the same name: the repair looks at what is there.
  for (const { parent, name } of [one, two]) {
    if (!scope.wants(parent, name, true) && !scope.wants(parent, name, false)) continue;
    dirty.addEntry(r.root, parent, name, 'moved-in');
    records.push(detach(r, parent, name));
  }
  scope.lost(r.node, r.parent, r.name);
  scope.lost(r.victim, r.parent2, r.name2);
  return instead(r, ...records, ...parentTimes(scope, r));
}

function detach(r: OperationRecord, parent: NodeId, name: RawName): RecordInput {
  const first = parent === r.parent;
  return {
    verb: Verb.detach,
    parent,
    name,
    parentMtimeSec: first ? r.parentMtimeSec : r.parent2MtimeSec,
    parentMtimeNsec: first ? r.parentMtimeNsec : r.parent2MtimeNsec,
  };
}

/** The directory that the name went to, where that is ours and the name is not. */
function secondParent(scope: RootScope, r: OperationRecord): Partial<RecordInput> {
  if (!scope.knows(r.parent2)) return {};
  const { parent2, parent2MtimeSec, parent2MtimeNsec } = r;
  return { parent2, parent2MtimeSec, parent2MtimeNsec };
}

/**
 * A name that is not ours came or went in a directory that is: of that the replica shows the directory's new times. It is said as the
 * removal of nobody, for that carries the times of both directories of a rename at one position.
 */
function parentTimes(scope: RootScope, r: OperationRecord): RecordInput[] {
  if (scope.whole) return [];
  const one = scope.knows(r.parent);
  const two = r.parent2 !== NO_NODE && scope.knows(r.parent2);
  const { parent2, parent2MtimeSec, parent2MtimeNsec } = r;
  if (one) {
    const { parent, name, parentMtimeSec, parentMtimeNsec } = r;
    return [{ verb: Verb.rmdir, parent, name, parentMtimeSec, parentMtimeNsec, ...secondParent(scope, r) }];
  }
  if (!two) return [];
  const times = { parentMtimeSec: parent2MtimeSec, parentMtimeNsec: parent2MtimeNsec };
  return [{ verb: Verb.rmdir, parent: parent2, name: r.name2, ...times }];
}

function instead(cause: OperationRecord, ...records: RecordInput[]): Verdict {
  if (records.length === 0) return 'drop';
  return { instead: records.map((input) => record({ root: cause.root, timeMs: cause.timeMs, ...input })) };
}
