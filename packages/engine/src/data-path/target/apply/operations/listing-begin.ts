/** listingBegin: from here on each name in the directory is confirmed, or is not the source's. Of a verification: is checked, or extra. */
import { type OperationRecord, RecordFlag } from '@understudy/wire';
import { type ApplyContext, contradiction, needed, tell } from '../apply-context.ts';

export function listingBegin(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  if ((record.flags & RecordFlag.verify) !== 0) {
    run.beginChecks(root.index, record.parent);
    return;
  }
  const handle = needed(record.parent, record, context);
  if (handle === null) return;
  const entries = root.files.list(handle);
  if (entries === null) throw contradiction('readdir', 'the directory is gone');
  const names = entries.map((entry) => entry.name).filter((name) => !root.isOwn({ parent: handle, name }));
  if (run.beginListing(root.index, record.parent, names)) return;
  tell(record, context, {
    kind: 'listing-lost',
    severity: 'error',
    sentence: `the directory has ${names.length} entries, more than can be compared; what is beyond the source's stays`,
  });
}
