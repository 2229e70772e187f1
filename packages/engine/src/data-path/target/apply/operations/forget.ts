/**
 * forget: the node left the replication set, with what is beneath it; kept aside for a while under the path it had. A file that never had a name goes for good.
 * Where other rules put it out (FORGET_IN_PLACE) it stays where it is, nobody's from then on, and the source is told of it.
 */
import { FORGET_IN_PLACE, type OperationRecord, position } from '@understudy/wire';
import type { Handle, ReplicaEntry } from '../../../../ports.ts';
import { type ApplyContext, placeOf } from '../apply-context.ts';
import { pathTold } from '../base64.ts';
import { inLimbo, setAside, temporaryName, unbindGone } from '../limbo.ts';
import { isDirectory, type ReplicaRoot } from '../replica-root.ts';

export function forget(record: OperationRecord, context: ApplyContext): void {
  if (record.detail === FORGET_IN_PLACE) {
    leaveInPlace(record, context);
    return;
  }
  const { root } = context;
  for (let file = root.alive(record.node); file !== null; file = root.alive(record.node)) {
    const place = inLimbo(root, record.node, file.handle) ?? root.locate(file.handle);
    if (place === null) break;
    root.times.keep(place.parent);
    const nameless = place.parent === root.files.limbo && place.name === temporaryName(record.node);
    if (!isDirectory(file.attributes) && (nameless || file.attributes.nlink > 1))
      root.files.unlink(place.parent, place.name);
    else setAside(root, place, { name: place.name, ...file }, 'kept');
  }
  if (root.alive(record.node) === null) unbindGone(root, record.node);
}

/** Another node at that name has come there otherwise: the listing that speaks of the name decides about it. */
function leaveInPlace(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const place = placeOf(record, context);
  const there = place === null ? null : root.at(place);
  if (there === null) return;
  const node = root.nodes.nodeOf(there.handle);
  if (node !== undefined && node !== record.node) return;
  release(root, there);
  run.confirm(root.index, record.parent, record.name);
  const path = pathTold(root.pathFor(record.parent, record.parent, record.name));
  context.reply({ kind: 'orphan', at: position(record.sequence), root: root.index, path, fate: 'outside' });
}

/** A file that has further names may have one that the rules take in: it stays known. */
function release(root: ReplicaRoot, { handle, attributes }: Pick<ReplicaEntry, 'handle' | 'attributes'>): void {
  if (isDirectory(attributes)) releaseBeneath(root, handle);
  const now = root.files.attributes(handle);
  const node = root.nodes.nodeOf(handle);
  if (node === undefined || now === null || (!isDirectory(now) && now.nlink > 1)) return;
  root.times.flushOne(handle);
  root.nodes.unbind(node);
}

function releaseBeneath(root: ReplicaRoot, directory: Handle): void {
  for (const entry of root.files.list(directory) ?? []) release(root, entry);
}
