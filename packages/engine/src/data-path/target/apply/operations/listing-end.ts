/**
 * listingEnd: what the directory holds beyond the listing. What came from the source once waits in limbo, for it may turn up elsewhere;
 * what never did is an orphan. The answer says that it is done, or that the listing has to be said again.
 */
import type { RawName } from '@understudy/base';
import { EMPTIED_ROOT, LISTING_TAKES_NOTHING, type OperationRecord, OrphanFate } from '@understudy/wire';
import type { Handle } from '../../../../ports.ts';
import { type ApplyContext, differs, needed, say } from '../apply-context.ts';
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
    // Its beginning was forgotten by a restart: what is beyond it is not known until it has been said again.
    root.nodes.setPending(record.parent, true);
    nodeTimes(root, record.parent, handle, record.attributes);
    say('want', about, context);
    return;
  }
  if ((record.detail & LISTING_TAKES_NOTHING) !== 0) {
    const taken = wouldTake(handle, names, record, context);
    if (taken > 0) {
      differs(about, context, EMPTIED_ROOT, String(taken));
      return;
    }
  }
  const orphans = new Orphans(record, context);
  for (const name of names) {
    const place = { parent: handle, name };
    const entry = root.at(place);
    if (entry === null) continue;
    if (root.nodes.nodeOf(entry.handle) === undefined) orphans.take(place, entry);
    else displace(root, place, entry);
  }
  orphans.end();
  root.nodes.setPending(record.parent, false);
  nodeTimes(root, record.parent, handle, record.attributes);
  say('have', about, context);
}

/** Names that would lose their place here: what came from the source, and orphans where they are not to be left. */
function wouldTake(
  parent: Handle,
  names: ReadonlySet<RawName>,
  { detail }: OperationRecord,
  { root }: ApplyContext,
): number {
  const leavesOrphans = (detail & ~LISTING_TAKES_NOTHING) === OrphanFate.report;
  let taken = 0;
  for (const name of names) {
    const entry = root.at({ parent, name });
    if (entry === null || (leavesOrphans && root.nodes.nodeOf(entry.handle) === undefined)) continue;
    taken += 1;
  }
  return taken;
}
