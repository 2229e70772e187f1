/** block: content that the mirror read; until `settle` the file is not complete. */
import { type OperationRecord, RecordFlag } from '@understudy/wire';
import { FileError } from '../../../../ports.ts';
import { type ApplyContext, needed } from '../apply-context.ts';
import { nodeTimes } from '../attributes.ts';

export function block(record: OperationRecord, context: ApplyContext): void {
  const { root } = context;
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  root.nodes.setPending(record.node, true);
  const isHole = (record.flags & RecordFlag.blockHole) !== 0;
  if (!isHole && record.data.length === 0 && record.extent > 0)
    throw new FileError('BLOCK-LEFT-OUT', 'pwrite', 'what the mirror had sent was lost with the agent');
  if (isHole) root.files.punch(handle, record.offset, record.extent);
  else root.files.write(handle, record.offset, record.data);
  nodeTimes(root, record.node, handle, record.attributes);
}
