/** entry: what the source has at (parent, name). Afterwards the replica has that node there; its content is asked for or not. */
import { type Attributes, ENTRY_NAMES_ONLY, MirrorCompare, type OperationRecord, RecordFlag } from '@understudy/wire';
import type { Handle, ReplicaEntry } from '../../../../ports.ts';
import { type ApplyContext, placeOf, say } from '../apply-context.ts';
import { makeExact } from '../attribute-set.ts';
import { nodeTimes, setOwnerAndMode } from '../attributes.ts';
import { SENTINEL } from '../deferred-times.ts';
import { madeInLimbo, make, sameKind, toldAside } from '../establish.ts';
import { displace } from '../limbo.ts';
import { place } from '../placement.ts';
import { isDirectory, isRegular, type Place } from '../replica-root.ts';

export function entry(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const at = placeOf(record, context);
  if (at === null) {
    if (context.powerLost && root.nodes.handleOf(record.node) === undefined) foundInGone(record, context);
    return;
  }
  run.confirm(root.index, record.parent, record.name);
  root.times.keep(at.parent);
  const { handle, created, known } = bring(record, context, at);
  if (!known && isDirectory(record.attributes)) run.found.note(record);
  const now = root.files.attributes(handle);
  if (now === null) return;
  // Made, and then something failed before its content was asked for, or whoever was asked has died: it is asked for now. What it holds
  // says nothing: operations may have changed it since.
  const isDue = root.nodes.isPending(record.node);
  if (known && !isDue && record.detail === ENTRY_NAMES_ONLY) {
    attributesOnly(record, context, handle, now);
    return;
  }
  const content = created ? 'different' : compareContent(record, context, handle);
  setOwnerAndMode(root, handle, now, record.attributes);
  if ((record.flags & RecordFlag.entryHasXattrs) === 0) makeExact(record, context, handle, []);
  const timesToo = !isRegular(record.attributes) || answer(record, context, created ? null : handle, content);
  if (timesToo) nodeTimes(root, record.node, handle, record.attributes);
  // Until its listing has ended nobody knows that nothing is missing in it. New here though the source took it for known: what lies beneath has to be listed too.
  const isUnlisted = isDirectory(record.attributes) && (created || isDue);
  if (isUnlisted && (record.flags & RecordFlag.contentFollows) === 0) say('want', record, context);
}

/** It is not whole before that has come: content, or names. */
const hasContent = (attributes: Attributes): boolean => isRegular(attributes) || isDirectory(attributes);

/** [TCM5] What the mirror found there got out by an operation that follows. Its content is not known; the end of the run says so. */
function foundInGone(record: OperationRecord, context: ApplyContext): void {
  const handle = madeInLimbo(record, context, hasContent(record.attributes));
  nodeTimes(context.root, record.node, handle, record.attributes);
}

/** What it holds is looked at elsewhere, if at all; a file that is being sent keeps its sign of that. */
function attributesOnly(record: OperationRecord, context: ApplyContext, handle: Handle, now: Attributes): void {
  const { root } = context;
  setOwnerAndMode(root, handle, now, record.attributes);
  if ((record.flags & RecordFlag.entryHasXattrs) === 0) makeExact(record, context, handle, []);
  if (!isRegular(now) || !root.nodes.isPending(record.node)) nodeTimes(root, record.node, handle, record.attributes);
}

interface Brought {
  readonly handle: Handle;
  readonly created: boolean;
  /** It was the replica of that node before. */
  readonly known: boolean;
}

function bring(record: OperationRecord, context: ApplyContext, at: Place): Brought {
  const known = knownOfKind(record, context);
  if (known === null) return { ...adoptOrMake(record, context, at), known: false };
  place(context.root, {
    node: record.node,
    handle: known,
    isDirectory: isDirectory(record.attributes),
    to: at,
    from: null,
    victim: null,
    soleName: record.attributes.nlink === 1,
    replaying: false,
    onSetAside: () => toldAside(record, context),
  });
  return { handle: known, created: false, known: true };
}

/** A node cannot change what it is; one that seems to was bound wrongly, and is let go. */
function knownOfKind(record: OperationRecord, { root }: ApplyContext): Handle | null {
  const known = root.alive(record.node);
  if (known === null) return null;
  const found: ReplicaEntry = { name: record.name, handle: known.handle, attributes: known.attributes };
  if (sameKind(root, found, record.attributes, record.data)) return known.handle;
  root.nodes.unbind(record.node);
  return null;
}

function adoptOrMake(record: OperationRecord, context: ApplyContext, at: Place): { handle: Handle; created: boolean } {
  const { root } = context;
  const there = root.at(at);
  if (there !== null && adoptable(record, context, there)) {
    root.nodes.bind(record.node, there.handle);
    return { handle: there.handle, created: false };
  }
  if (there !== null && displace(root, at, there) === 'set-aside') toldAside(record, context);
  const handle = make(root, at, record.attributes, record.data);
  root.nodes.bind(record.node, handle, hasContent(record.attributes));
  return { handle, created: true };
}

/** Nobody's, of the same kind, and not a hard link where the source has none: its other name would change with it. */
function adoptable(record: OperationRecord, { root }: ApplyContext, there: ReplicaEntry): boolean {
  if (root.nodes.nodeOf(there.handle) !== undefined) return false;
  if (root.sparesOthers && isRegular(there.attributes) && !looksSame(record.attributes, there.attributes)) return false;
  const shared = !isDirectory(there.attributes) && there.attributes.nlink > 1 && record.attributes.nlink === 1;
  return !shared && sameKind(root, there, record.attributes, record.data);
}

const looksSame = (one: Attributes, other: Attributes): boolean =>
  one.size === other.size && one.mtimeSec === other.mtimeSec && one.mtimeNsec === other.mtimeNsec;

/** How content and times here stand to the source's, as far as attributes tell. */
type Content = 'equal' | 'same-size' | 'different';

function compareContent(record: OperationRecord, context: ApplyContext, handle: Handle): Content {
  const { root } = context;
  if (!isRegular(record.attributes)) return 'equal';
  if (root.nodes.isPending(record.node)) return 'different';
  root.times.flushOne(handle);
  const now = root.files.attributes(handle);
  if (now === null || now.size !== record.attributes.size) return 'different';
  if (now.mtimeSec === SENTINEL.sec && now.mtimeNsec === SENTINEL.nsec) return 'different';
  const { mtimeSec, mtimeNsec } = record.attributes;
  return now.mtimeSec === mtimeSec && now.mtimeNsec === mtimeNsec ? 'equal' : 'same-size';
}

/** Whether nothing need be sent, by the rule of this run. In a checksum mirror the blocks decide later. */
function isEnough(content: Content, compare: number | null): boolean {
  if (compare === MirrorCompare.checksum) return content !== 'different';
  return compare === MirrorCompare.attributes && content === 'equal';
}

/**
 * Asks for the content where it is needed and does not follow anyway. Returns whether the record's times may be set: a file whose
 * blocks are still to be compared keeps its own until `settle`, lest it be taken for equal when the mirror breaks off.
 */
function answer(record: OperationRecord, context: ApplyContext, existing: Handle | null, content: Content): boolean {
  const { root, run } = context;
  const follows = (record.flags & RecordFlag.contentFollows) !== 0;
  const isFurtherName = !follows && run.wasAnswered(root.index, record.node);
  const isWanted = !isFurtherName && (follows || !isEnough(content, run.compare));
  if (isWanted) {
    root.nodes.setPending(record.node, true);
    // At once, not with the batch: the content may be changed before the times are set.
    if (existing !== null) root.files.setMtime(existing, SENTINEL.sec, SENTINEL.nsec);
  }
  // Not before nothing can fail any more: tried again this would pass for a further name, and nobody would send the content.
  if (record.attributes.nlink > 1) run.answered(root.index, record.node);
  if (!isWanted) {
    say('have', record, context);
    return content === 'equal' || root.nodes.isPending(record.node);
  }
  if (!follows) say('want', record, context);
  return true;
}
