/** fallocate: space, holes, zeros, and ranges taken out or put in. */
import type { OperationRecord } from '@understudy/wire';
import { FileError, type Handle } from '../../../../ports.ts';
import { type ApplyContext, needed } from '../apply-context.ts';
import { afterContent } from '../attributes.ts';
import type { ReplicaRoot } from '../replica-root.ts';

/** The kernel's FALLOC_FL_* values. */
const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;
const COLLAPSE_RANGE = 8;
const ZERO_RANGE = 16;
const INSERT_RANGE = 32;

/** Taking out or putting in a range is the one change of content that may not be done twice: it gets a commit before and behind it. */
export function shiftsContent(mode: number): boolean {
  return (mode & (COLLAPSE_RANGE | INSERT_RANGE)) !== 0;
}

export function fallocate(record: OperationRecord, context: ApplyContext): void {
  const handle = needed(record.node, record, context);
  if (handle === null) return;
  if (shiftsContent(record.detail) && context.root.nodes.isPending(record.node))
    throw new FileError('CONTENT-PENDING', 'fallocate', 'content was shifted while it was being sent');
  if (shiftsContent(record.detail) && context.powerLost)
    throw new FileError('CONTENT-UNSURE', 'fallocate', 'content was shifted, in part perhaps, before a power cut');
  if (!isDone(record, handle, context)) allocate(record, handle, context.root);
  afterContent(record, handle, context);
}

/** Alone between two commits, the size tells whether the range has been shifted. */
function isDone(record: OperationRecord, handle: Handle, { replaying, root }: ApplyContext): boolean {
  if (!replaying || !shiftsContent(record.detail)) return false;
  return root.files.attributes(handle)?.size === record.attributes.size;
}

function allocate(record: OperationRecord, handle: Handle, root: ReplicaRoot): void {
  const { detail: mode, offset, extent } = record;
  try {
    root.files.allocate(handle, mode, offset, extent);
  } catch (error) {
    if (!(error instanceof FileError && error.code === 'EOPNOTSUPP') || shiftsContent(mode)) throw error;
    withoutSupport(record, handle, root);
  }
}

/** The replica's file system cannot reserve space or zero ranges: what readers see comes out the same. */
function withoutSupport({ detail: mode, offset, extent }: OperationRecord, handle: Handle, root: ReplicaRoot): void {
  const size = root.files.attributes(handle)?.size ?? 0;
  const end = (mode & KEEP_SIZE) === 0 ? offset + extent : Math.min(offset + extent, size);
  if ((mode & (PUNCH_HOLE | ZERO_RANGE)) !== 0 && end > offset) root.files.punch(handle, offset, end - offset);
  if ((mode & KEEP_SIZE) === 0 && end > size) root.files.truncate(handle, end);
}
