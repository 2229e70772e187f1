/** settle: all content of the node has come; size, owner, mode and times as given. Or these alone, and what was asked for is still to come. */
import { type OperationRecord, SETTLE_ATTRIBUTES } from '@understudy/wire';
import { type ApplyContext, contradiction, needed } from '../apply-context.ts';
import { nodeTimes, setOwnerAndMode } from '../attributes.ts';
import { isRegular } from '../replica-root.ts';

export function settle(record: OperationRecord, context: ApplyContext): void {
  const { root } = context;
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  const now = root.files.attributes(handle);
  if (now === null) throw contradiction('ftruncate', 'the file is gone');
  if (record.detail === SETTLE_ATTRIBUTES && root.nodes.isPending(record.node)) {
    // Without its size and its times: by them it would pass for one that has its content.
    setOwnerAndMode(root, handle, now, record.attributes);
    return;
  }
  if (isRegular(now) && now.size !== record.attributes.size) root.files.truncate(handle, record.attributes.size);
  setOwnerAndMode(root, handle, now, record.attributes);
  root.nodes.setPending(record.node, false);
  nodeTimes(root, record.node, handle, record.attributes);
}
