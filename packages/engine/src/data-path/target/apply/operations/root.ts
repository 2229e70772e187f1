/** root: the protected directory itself is this node. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, contradiction } from '../apply-context.ts';
import { nodeTimes, setOwnerAndMode } from '../attributes.ts';

export function root(record: OperationRecord, { root: replica }: ApplyContext): void {
  const handle = replica.files.root;
  const now = replica.files.attributes(handle);
  if (now === null) throw contradiction('open', "the replica's root is gone");
  replica.nodes.bind(record.node, handle);
  setOwnerAndMode(replica, handle, now, record.attributes);
  nodeTimes(replica, record.node, handle, record.attributes);
}
