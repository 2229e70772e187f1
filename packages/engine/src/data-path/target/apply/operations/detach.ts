/**
 * detach: (parent, name) left the replication set, or is no longer there: what it holds waits in limbo. What is nobody's is an orphan
 * where the record says what becomes of those, and is set aside where it does not.
 */
import { NO_NODE, type OperationRecord } from '@understudy/wire';
import { type ApplyContext, placeOf } from '../apply-context.ts';
import { parentTimes } from '../attributes.ts';
import { displace } from '../limbo.ts';
import { Orphans } from '../orphans.ts';

export function detach(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const place = placeOf(record, context);
  if (place === null) return;
  const there = root.at(place);
  if (there === null) {
    parentTimes(record, context);
    return;
  }
  const node = root.nodes.nodeOf(there.handle);
  if (node === undefined && record.offset > 0) {
    const orphans = new Orphans(record, context);
    orphans.take(place, there);
    orphans.end();
    parentTimes(record, context);
    return;
  }
  // Another node has come to the name by an operation that follows.
  const later = record.node !== NO_NODE && node !== undefined && node !== record.node;
  if (!later) {
    // Known: it may turn up under another name, and the end of a mirror sets aside what did not.
    run.spare(there.handle);
    displace(root, place, there);
  }
  parentTimes(record, context);
}
