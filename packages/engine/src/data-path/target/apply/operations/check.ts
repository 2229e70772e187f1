/** check: a stretch of content by its SHA-256, at exactly this position. */
import { bytesEqual } from '@understudy/base';
import type { OperationRecord } from '@understudy/wire';
import { FileError } from '../../../../ports.ts';
import { type ApplyContext, differs } from '../apply-context.ts';

/** Read at once, in bytes. */
const MAX_EXTENT = 16 << 20;

export function check(record: OperationRecord, context: ApplyContext): void {
  const { root, digest } = context;
  if (record.extent > MAX_EXTENT)
    throw new FileError('EINVAL', 'check', `${record.extent} bytes are more than the ${MAX_EXTENT} of one check`);
  const handle = root.nodes.handleOf(record.node);
  const bytes = handle === undefined ? null : root.files.read(handle, record.offset, record.extent);
  if (bytes === null) differs(record, context, 'missing');
  else if (!bytesEqual(digest.sha256(bytes), record.data)) differs(record, context, 'content');
}
