/**
 * listingEnd: what the directory holds beyond the listing. What came from the source once waits in limbo, for it may turn up elsewhere;
 * what never did is an orphan: reported, left alone.
 */
import type { RawName } from '@understudy/base';
import { type OperationRecord, position } from '@understudy/wire';
import { FileError, type Handle } from '../../../../ports.ts';
import { type ApplyContext, needed, tell } from '../apply-context.ts';
import { nodeTimes } from '../attributes.ts';
import { base64 } from '../base64.ts';
import { displace } from '../limbo.ts';

/** Orphans of one directory reported by name; an event gives the number of the rest. */
const MAX_ORPHANS = 1000;

export function listingEnd(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const handle = needed(record.parent, record, context);
  if (handle === null) return;
  const names = run.endListing(root.index, record.parent);
  if (names === null) throw new FileError('LISTING-LOST', 'listingEnd', 'its beginning was forgotten by a restart');
  let orphans = 0;
  for (const name of names) if (beyond(record, context, handle, name, orphans)) orphans += 1;
  if (orphans > MAX_ORPHANS)
    tell(record, context, {
      kind: 'orphans',
      severity: 'warning',
      sentence: `${orphans} entries here did not come from the source; ${MAX_ORPHANS} are reported by name`,
    });
  nodeTimes(root, record.parent, handle, record.attributes);
}

function beyond(
  record: OperationRecord,
  context: ApplyContext,
  parent: Handle,
  name: RawName,
  orphans: number,
): boolean {
  const { root } = context;
  const entry = root.at({ parent, name });
  if (entry === null) return false;
  if (root.nodes.nodeOf(entry.handle) !== undefined) {
    displace(root, { parent, name }, entry, record.sequence);
    return false;
  }
  if (orphans < MAX_ORPHANS)
    context.reply({
      kind: 'orphan',
      at: position(record.sequence),
      root: root.index,
      path: base64(root.pathFor(record.parent, record.parent, name)),
    });
  return true;
}
