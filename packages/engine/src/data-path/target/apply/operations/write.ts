/** write: bytes at an offset. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, needed } from '../apply-context.ts';
import { afterContent } from '../attributes.ts';

export function write(record: OperationRecord, context: ApplyContext): void {
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  context.root.files.write(handle, record.offset, record.data);
  afterContent(record, handle, context);
}
