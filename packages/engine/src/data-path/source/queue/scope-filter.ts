/**
 * Decides what of the interceptor's records enters a job's stream, and keeps the job's picture of known nodes in step.
 * In: one record at a time, in ring order. Out: a verdict. Promise: what is not sent and might differ is named as dirty.
 */
import type { RawName } from '@understudy/base';
import {
  NO_NODE,
  type NodeId,
  type OperationRecord,
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

export function filterRecord(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
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
    case Verb.dirty:
      if (scope.knows(r.node)) dirty.addNode(r.root, r.node, 'ring-full');
      return 'drop';
    case Verb.gap:
      dirty.addRoot(r.root, 'interception-gap');
      return 'drop';
    default:
      return scope.knows(r.node) ? 'send' : 'drop';
  }
}

function created(scope: RootScope, r: OperationRecord): Verdict {
  if (!scope.wants(r.parent, r.name, isDirectory(r))) return 'drop';
  scope.add(r.node, r.parent, r.name, isDirectory(r));
  return 'send';
}

function linked(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
  if (!scope.wants(r.parent, r.name, false)) return 'drop';
  if (scope.knows(r.node)) return 'send';
  dirty.addEntry(r.root, r.parent, r.name, 'moved-in');
  return 'drop';
}

function removed(scope: RootScope, r: OperationRecord): Verdict {
  const gone = r.victimNlink === 0 || r.verb === Verb.rmdir;
  const wanted = scope.wants(r.parent, r.name, r.verb === Verb.rmdir);
  const known = scope.knows(r.node);
  if (gone) scope.forget(r.node);
  if (wanted) return 'send';
  // Its last name was elsewhere, but the target holds the node aside.
  return known && gone ? instead(r, { verb: Verb.forget, node: r.node }) : 'drop';
}

function renamed(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
  const wasOurs = scope.wants(r.parent, r.name, isDirectory(r));
  const isOurs = scope.wants(r.parent2, r.name2, isDirectory(r));
  const victimGone = r.victim !== NO_NODE && r.victimNlink === 0;
  const victimKnown = scope.knows(r.victim);
  if (victimGone) scope.forget(r.victim);
  if (isOurs) {
    if (wasOurs && scope.knows(r.node)) {
      // With rules that look at paths, a directory's new name may let other things in or out beneath it.
      if (scope.moved(r.node, r.parent2, r.name2)) dirty.addEntry(r.root, r.parent2, r.name2, 'moved-in');
      return 'send';
    }
    scope.moved(r.node, r.parent2, r.name2);
    dirty.addEntry(r.root, r.parent2, r.name2, 'moved-in');
    return wasOurs ? instead(r, detach(r, r.parent, r.name)) : 'drop';
  }
  const records: RecordInput[] = [];
  if (victimGone && victimKnown) records.push({ verb: Verb.forget, node: r.victim });
  if (wasOurs) records.push(detach(r, r.parent, r.name));
  // Beneath a whole root the mirror has only not come there yet and will find the node again; by rules it has left the set.
  if (wasOurs && !scope.whole && scope.knows(r.parent2) && scope.knows(r.node)) {
    records.push({ verb: Verb.forget, node: r.node });
    scope.forget(r.node);
  }
  return records.length === 0 ? 'drop' : instead(r, ...records);
}

function exchanged(scope: RootScope, dirty: DirtyMap, r: OperationRecord): Verdict {
  const a = scope.wants(r.parent, r.name, true);
  const b = scope.wants(r.parent2, r.name2, true);
  if (a && b && scope.knows(r.node) && scope.knows(r.victim)) {
    const moved = [scope.moved(r.node, r.parent2, r.name2), scope.moved(r.victim, r.parent, r.name)];
    if (moved.includes(true)) {
      dirty.addEntry(r.root, r.parent, r.name, 'moved-in');
      dirty.addEntry(r.root, r.parent2, r.name2, 'moved-in');
    }
    return 'send';
  }
  scope.moved(r.node, r.parent2, r.name2);
  scope.moved(r.victim, r.parent, r.name);
  const records: RecordInput[] = [];
  for (const [ours, parent, name] of [
    [a, r.parent, r.name],
    [b, r.parent2, r.name2],
  ] as const) {
    if (!ours) continue;
    dirty.addEntry(r.root, parent, name, 'moved-in');
    records.push(detach(r, parent, name));
  }
  return records.length === 0 ? 'drop' : instead(r, ...records);
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

function instead(cause: OperationRecord, ...records: RecordInput[]): Verdict {
  return { instead: records.map((input) => record({ root: cause.root, timeMs: cause.timeMs, ...input })) };
}
