/** setattr: mode, owner, times; `detail` says which were meant, the attributes what came of it. */
import { type OperationRecord, RecordFlag, SetAttribute } from '@understudy/wire';
import { type ApplyContext, needed } from '../apply-context.ts';
import { nodeTimes, PERMISSIONS } from '../attributes.ts';
import { isSymlink } from '../replica-root.ts';

export function setattr(record: OperationRecord, context: ApplyContext): void {
  const { root } = context;
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  const { attributes, detail } = record;
  const owner = (detail & (SetAttribute.uid | SetAttribute.gid)) !== 0;
  if (owner) root.files.setOwner(handle, attributes.uid, attributes.gid);
  // A change of owner clears setuid and setgid; what the source was left with is the record's mode.
  const mode = owner || (detail & SetAttribute.mode) !== 0 || (record.flags & RecordFlag.modeChanged) !== 0;
  if (mode && !isSymlink(attributes)) root.files.setMode(handle, attributes.mode & PERMISSIONS);
  // Only what was meant: times that the call did not set belong to the operation that set them.
  if ((detail & (SetAttribute.atime | SetAttribute.mtime)) !== 0) nodeTimes(root, record.node, handle, attributes);
}
