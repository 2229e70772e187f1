/** truncate: the new size; grown bytes are zero. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, needed } from '../apply-context.ts';
import { afterContent } from '../attributes.ts';

export function truncate(record: OperationRecord, context: ApplyContext): void {
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  context.root.files.truncate(handle, record.extent);
  afterContent(record, handle, context);
}
