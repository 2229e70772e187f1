/** removexattr: one extended attribute or ACL is gone. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, needed } from '../apply-context.ts';
import { modeAfter } from '../attributes.ts';

export function removexattr(record: OperationRecord, context: ApplyContext): void {
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  context.root.files.removeXattr(handle, record.name);
  modeAfter(record, handle, context);
}
