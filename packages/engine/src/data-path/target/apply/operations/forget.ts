/** forget: the node left the replication set, with what is beneath it; kept aside. */
import type { OperationRecord } from '@understudy/wire';
import type { ApplyContext } from '../apply-context.ts';
import { inLimbo, setAside } from '../limbo.ts';
import { isDirectory } from '../replica-root.ts';

export function forget(record: OperationRecord, { root }: ApplyContext): void {
  for (let file = root.alive(record.node); file !== null; file = root.alive(record.node)) {
    const place = inLimbo(root, record.node, file.handle) ?? root.locate(file.handle);
    if (place === null) break;
    root.times.keep(place.parent);
    if (!isDirectory(file.attributes) && file.attributes.nlink > 1) root.files.unlink(place.parent, place.name);
    else setAside(root, place, { name: place.name, ...file }, record.sequence);
  }
  if (root.alive(record.node) === null) root.nodes.unbind(record.node);
}
