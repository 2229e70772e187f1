/** setxattr: one extended attribute or ACL. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, needed } from '../apply-context.ts';
import { setOne } from '../attribute-set.ts';
import { modeAfter } from '../attributes.ts';

export function setxattr(record: OperationRecord, context: ApplyContext): void {
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  setOne(record, context, handle, [record.name, record.data]);
  modeAfter(record, handle, context);
}
