/** What an operation that will not be sent leaves to be repaired. In: one record. Out: items of a dirty map. */
import { NO_NODE, type OperationRecord, Verb } from '@understudy/wire';
import type { DirtyMap, DirtyReason } from './dirty-map.ts';
import { TO_THE_END } from './ranges.ts';

/** Bits of fallocate(2)'s mode. */
const Mode = { keepSize: 1, punchHole: 2, collapse: 8, zero: 16, insert: 32, unshare: 64 } as const;

export function noteOperation(dirty: DirtyMap, record: OperationRecord, reason: DirtyReason): void {
  const { root, verb, node, offset } = record;
  switch (verb) {
    case Verb.rename:
    case Verb.rmdir:
    case Verb.create:
    case Verb.mkdir:
    case Verb.symlink:
    case Verb.mknod:
    case Verb.link:
    case Verb.unlink:
    case Verb.entry:
    case Verb.detach:
      noteNames(dirty, record, reason);
      return;
    case Verb.write:
    case Verb.block:
      dirty.addRange(root, node, offset, offset + record.extent, reason);
      return;
    // What lay beyond may have come back as zeros since: of that only the new size tells nothing.
    case Verb.truncate:
      dirty.addRange(root, node, record.extent, TO_THE_END, reason);
      return;
    case Verb.fallocate:
      noteFallocate(dirty, record, reason);
      return;
    case Verb.setattr:
    case Verb.setxattr:
    case Verb.removexattr:
    case Verb.xattrs:
      dirty.addMetadata(root, node, reason);
      return;
    case Verb.marker:
    case Verb.check:
    case Verb.checkEntry:
    case Verb.checkListingEnd:
    case Verb.mirrorBegin:
    case Verb.mirrorEnd:
      return;
    default:
      dirty.addNode(root, node, reason);
  }
}

function noteNames(dirty: DirtyMap, record: OperationRecord, reason: DirtyReason): void {
  const { root, verb } = record;
  // The removal of nobody only carries times; see the scope filter.
  if (verb === Verb.rmdir && record.node === NO_NODE) {
    dirty.addMetadata(root, record.parent, reason);
    if (record.parent2 !== NO_NODE) dirty.addMetadata(root, record.parent2, reason);
    return;
  }
  dirty.addEntry(root, record.parent, record.name, reason);
  if (verb === Verb.rename) dirty.addEntry(root, record.parent2, record.name2, reason);
  // A name left the set for a directory that is ours: that one has its time of change from it.
  else if (record.parent2 !== NO_NODE && record.parent2 !== record.parent)
    dirty.addMetadata(root, record.parent2, reason);
}

function noteFallocate(dirty: DirtyMap, record: OperationRecord, reason: DirtyReason): void {
  const { root, node, offset, extent, detail } = record;
  if ((detail & (Mode.collapse | Mode.insert)) !== 0) dirty.addRange(root, node, offset, TO_THE_END, reason);
  else if ((detail & (Mode.punchHole | Mode.zero)) !== 0) dirty.addRange(root, node, offset, offset + extent, reason);
  else if ((detail & ~(Mode.keepSize | Mode.unshare)) === 0) dirty.addMetadata(root, node, reason);
  else dirty.addNode(root, node, reason);
}
