/** settle: all content of the node has come; size, owner, mode and times as given. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, contradiction, needed } from '../apply-context.ts';
import { nodeTimes, setOwnerAndMode } from '../attributes.ts';
import { isRegular } from '../replica-root.ts';

export function settle(record: OperationRecord, context: ApplyContext): void {
  const { root } = context;
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  const now = root.files.attributes(handle);
  if (now === null) throw contradiction('ftruncate', 'the file is gone');
  if (isRegular(now) && now.size !== record.attributes.size) root.files.truncate(handle, record.attributes.size);
  setOwnerAndMode(root, handle, now, record.attributes);
  root.nodes.setPending(record.node, false);
  nodeTimes(root, record.node, handle, record.attributes);
}
