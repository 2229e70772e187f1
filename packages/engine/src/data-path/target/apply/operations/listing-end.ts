/**
 * listingEnd: what the directory holds beyond the listing. What came from the source once waits in limbo, for it may turn up elsewhere;
 * what never did is an orphan. The answer says that it is done, or that the listing has to be said again.
 */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, needed, say } from '../apply-context.ts';
import { nodeTimes } from '../attributes.ts';
import { displace } from '../limbo.ts';
import { Orphans } from '../orphans.ts';

export function listingEnd(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const handle = needed(record.parent, record, context);
  if (handle === null) return;
  const names = run.endListing(root.index, record.parent);
  const about = { ...record, node: record.parent };
  if (names === null) {
    // Its beginning was forgotten by a restart: what is beyond it is not known.
    nodeTimes(root, record.parent, handle, record.attributes);
    say('want', about, context);
    return;
  }
  const orphans = new Orphans(record, context);
  for (const name of names) {
    const place = { parent: handle, name };
    const entry = root.at(place);
    if (entry === null) continue;
    if (root.nodes.nodeOf(entry.handle) === undefined) orphans.take(place, entry);
    else displace(root, place, entry, record.sequence);
  }
  orphans.end();
  nodeTimes(root, record.parent, handle, record.attributes);
  say('have', about, context);
}
