/** xattrs: the whole set of a file's extended attributes; with the verify flag only to be compared. */
import { printable } from '@understudy/base';
import { decodeXattrs, type OperationRecord, RecordFlag } from '@understudy/wire';
import { type ApplyContext, differs, needed } from '../apply-context.ts';
import { differences, makeExact } from '../attribute-set.ts';

export function xattrs(record: OperationRecord, context: ApplyContext): void {
  const { root } = context;
  const wanted = decodeXattrs(record.data);
  if ((record.flags & RecordFlag.verify) !== 0) {
    const handle = root.nodes.handleOf(record.node);
    const present = handle === undefined ? null : root.files.xattrs(handle);
    // A missing file has been reported by its entry.
    const names = present === null ? [] : differences(present, wanted);
    if (names.length > 0) differs(record, context, 'xattrs', names.map(printable).join(' '));
    return;
  }
  const handle = needed(record.node, record, context);
  if (handle !== null) makeExact(record, context, handle, wanted);
}
