/** rename: afterwards (parent2, name2) is the node and (parent, name) is not; with exchange each has the other's name. */
import { NO_NODE, type OperationRecord, RenameFlag } from '@understudy/wire';
import type { Handle } from '../../../../ports.ts';
import { type ApplyContext, contradiction, needed, placeOf, placeTwoOf } from '../apply-context.ts';
import { parentTimes } from '../attributes.ts';
import { toldAside } from '../establish.ts';
import { displace, vanish } from '../limbo.ts';
import { type Placing, place } from '../placement.ts';
import { isDirectory, type Place, type ReplicaRoot } from '../replica-root.ts';

export function rename(record: OperationRecord, context: ApplyContext): void {
  if (record.victim === record.node) return;
  if ((record.detail & RenameFlag.exchange) !== 0) exchange(record, context);
  else move(record, context);
}

function move(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const handle = needed(record.node, record, context);
  const to = placeTwoOf(record, context);
  run.confirm(root.index, record.parent2, record.name2);
  const victim = overwritable(record, context);
  const from = firstPlace(record, context);
  const placing = placingOf(record, context, handle, to, from);
  if (placing !== null) place(root, { ...placing, victim });
  else if (to === null && from !== null) leave(root, from, handle);
  if (context.replaying && to !== null) evict(record, context, to);
  if (record.victim !== NO_NODE && record.victimNlink === 0) vanish(root, record.victim);
  parentTimes(record, context);
}

/** Where it goes is gone by an operation that a replay repeats: the next one that moves it finds it in limbo. */
function leave(root: ReplicaRoot, from: Place, handle: Handle | null): void {
  const there = root.at(from);
  if (there !== null && there.handle === handle) displace(root, from, there);
}

/** The node got away by an operation that follows; what it overwrote, and a replay has put back, loses the name all the same. */
function evict(record: OperationRecord, { root }: ApplyContext, to: Place): void {
  const there = root.at(to);
  if (there === null || record.victim === NO_NODE || there.handle !== root.nodes.handleOf(record.victim)) return;
  displace(root, to, there);
}

/** The old name's directory may be gone, or never have been here; the new place is what counts. */
function firstPlace(record: OperationRecord, { root }: ApplyContext): Place | null {
  const parent = root.nodes.handleOf(record.parent);
  return parent === undefined ? null : { parent, name: record.name };
}

/** The victim, unless the name here is its last and the source has others. */
function overwritable(record: OperationRecord, { root }: ApplyContext): Handle | null {
  if (record.victim === NO_NODE) return null;
  const victim = root.alive(record.victim);
  if (victim === null) return null;
  return record.victimNlink === 0 || victim.attributes.nlink > 1 ? victim.handle : null;
}

function placingOf(
  record: OperationRecord,
  context: ApplyContext,
  handle: Handle | null,
  to: Place | null,
  from: Place | null,
): Placing | null {
  if (handle === null || to === null) return null;
  const attributes = context.root.files.attributes(handle);
  if (attributes === null && !context.replaying) throw contradiction('rename', 'the file is gone');
  if (attributes === null) return null;
  return {
    node: record.node,
    handle,
    isDirectory: isDirectory(attributes),
    to,
    from,
    victim: null,
    soleName: record.attributes.nlink === 1,
    replaying: context.replaying,
    onSetAside: () => toldAside(record, context),
  };
}

function exchange(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const handle = needed(record.node, record, context);
  const other = needed(record.victim, record, context);
  const one = placeOf(record, context);
  const two = placeTwoOf(record, context);
  if (one !== null) run.confirm(root.index, record.parent, record.name);
  if (two !== null) run.confirm(root.index, record.parent2, record.name2);
  if (one !== null && two !== null && root.at(one)?.handle === handle && root.at(two)?.handle === other) {
    root.files.rename(one.parent, one.name, two.parent, two.name, 'exchange');
  } else {
    place2(record, context, handle, two, one);
    place2({ ...record, node: record.victim }, context, other, one, two);
  }
  parentTimes(record, context);
}

function place2(
  record: OperationRecord,
  context: ApplyContext,
  handle: Handle | null,
  to: Place | null,
  from: Place | null,
): void {
  const placing = placingOf(record, context, handle, to, from);
  if (placing !== null) place(context.root, { ...placing, soleName: false });
  else if (to === null && from !== null) leave(context.root, from, handle);
}
