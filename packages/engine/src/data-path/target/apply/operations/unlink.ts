/** unlink: (parent, name) is gone, if it is still the node's; with its last name the node is gone too. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, placeOf } from '../apply-context.ts';
import { parentTimes } from '../attributes.ts';
import { toldAside } from '../establish.ts';
import { displace, vanish } from '../limbo.ts';

export function unlink(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const place = placeOf(record, context);
  if (place === null) {
    if (context.replaying && record.victimNlink === 0) vanish(root, record.node);
    return;
  }
  const there = root.at(place);
  const handle = root.nodes.handleOf(record.node);
  if (there !== null && there.handle === handle) {
    // The source still has other names of it: the only one here is not destroyed, one of those will claim it.
    if (record.victimNlink > 0 && there.attributes.nlink === 1) displace(root, place, there);
    else root.files.unlink(place.parent, place.name);
  } else if (
    there !== null &&
    run.compare !== null &&
    !context.replaying &&
    root.nodes.nodeOf(there.handle) === undefined
  ) {
    if (displace(root, place, there) === 'set-aside') toldAside(record, context);
  }
  if (record.victimNlink === 0) {
    if (there?.handle === handle && there?.attributes.nlink === 1) root.nodes.unbind(record.node);
    else vanish(root, record.node);
  }
  parentTimes(record, context);
}
