/** rmdir: the directory is gone; what the source did not have in it is kept. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, placeOf, tell } from '../apply-context.ts';
import { parentTimes } from '../attributes.ts';
import { BESIDE } from '../establish.ts';
import { removeDirectory, vanish } from '../limbo.ts';
import { isDirectory } from '../replica-root.ts';

export function rmdir(record: OperationRecord, context: ApplyContext): void {
  const { root } = context;
  const place = placeOf(record, context);
  if (place === null) {
    if (context.replaying) vanish(root, record.node);
    return;
  }
  const there = root.at(place);
  if (there !== null && there.handle === root.nodes.handleOf(record.node) && isDirectory(there.attributes)) {
    const asides = removeDirectory(root, place, there.handle);
    root.nodes.unbind(record.node);
    if (asides > 0)
      tell(record, context, {
        kind: 'set-aside',
        severity: 'warning',
        sentence: `the directory is gone on the source; ${asides} entries here did not come from it and were set aside, ${BESIDE}`,
      });
  } else vanish(root, record.node);
  parentTimes(record, context);
}
