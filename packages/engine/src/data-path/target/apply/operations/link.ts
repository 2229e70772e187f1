/** link: the node gains the name (parent, name). */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, needed, placeOf } from '../apply-context.ts';
import { parentTimes } from '../attributes.ts';
import { toldAside } from '../establish.ts';
import { displace, inLimbo } from '../limbo.ts';
import { dropNote } from '../waiting.ts';

export function link(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const handle = needed(record.node, record, context);
  const place = placeOf(record, context);
  if (handle === null || place === null) {
    parentTimes(record, context);
    return;
  }
  run.confirm(root.index, record.parent, record.name);
  const there = root.at(place);
  if (there?.handle !== handle) {
    if (there !== null && displace(root, place, there) === 'set-aside') toldAside(record, context);
    const waiting = inLimbo(root, record.node, handle);
    if (waiting === null) root.files.link(handle, place.parent, place.name);
    else {
      dropNote(root.files, handle);
      root.files.rename(waiting.parent, waiting.name, place.parent, place.name, 'no-replace');
    }
  }
  parentTimes(record, context);
}
