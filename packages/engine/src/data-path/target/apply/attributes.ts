/**
 * Owner, mode and times of a file as a record gives them, in the order that keeps them: the owner clears setuid, content moves times.
 */
import { type Attributes, NO_NODE, type NodeId, type OperationRecord, RecordFlag } from '@understudy/wire';
import type { Handle } from '../../../ports.ts';
import type { ApplyContext } from './apply-context.ts';
import { SENTINEL } from './deferred-times.ts';
import { isSymlink, type ReplicaRoot } from './replica-root.ts';

export const PERMISSIONS = 0o7777;

/** Brings owner and mode from `now` to `wanted`, touching what differs. */
export function setOwnerAndMode(root: ReplicaRoot, handle: Handle, now: Attributes, wanted: Attributes): void {
  const owner = now.uid !== wanted.uid || now.gid !== wanted.gid;
  if (owner) root.files.setOwner(handle, wanted.uid, wanted.gid);
  if (isSymlink(wanted)) return;
  if (owner || (now.mode & PERMISSIONS) !== (wanted.mode & PERMISSIONS))
    root.files.setMode(handle, wanted.mode & PERMISSIONS);
}

/** Times of the node afterwards; a file whose content is not complete keeps the sentinel. */
export function nodeTimes(root: ReplicaRoot, node: NodeId, handle: Handle, attributes: Attributes): void {
  if (root.nodes.isPending(node)) root.times.setMtime(handle, SENTINEL.sec, SENTINEL.nsec);
  else root.times.set(handle, attributes);
}

/** Times of the directories whose names the operation changed. */
export function parentTimes(record: OperationRecord, { root }: ApplyContext): void {
  const parent = root.nodes.handleOf(record.parent);
  if (
    parent !== undefined &&
    record.parent !== NO_NODE &&
    (record.parentMtimeSec !== 0 || record.parentMtimeNsec !== 0)
  )
    root.times.setMtime(parent, record.parentMtimeSec, record.parentMtimeNsec);
  const parent2 = root.nodes.handleOf(record.parent2);
  if (
    parent2 !== undefined &&
    record.parent2 !== NO_NODE &&
    (record.parent2MtimeSec !== 0 || record.parent2MtimeNsec !== 0)
  )
    root.times.setMtime(parent2, record.parent2MtimeSec, record.parent2MtimeNsec);
}

/** The mode, where the operation changed it. */
export function modeAfter(record: OperationRecord, handle: Handle, { root }: ApplyContext): void {
  if ((record.flags & RecordFlag.modeChanged) !== 0) root.files.setMode(handle, record.attributes.mode & PERMISSIONS);
}

/** Behind a change of content: the mode where the operation changed it, and the times. */
export function afterContent(record: OperationRecord, handle: Handle, context: ApplyContext): void {
  modeAfter(record, handle, context);
  nodeTimes(context.root, record.node, handle, record.attributes);
}
