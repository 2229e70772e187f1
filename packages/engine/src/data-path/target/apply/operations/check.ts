/** check: a stretch of content by its digests, at exactly this position. Each run of blocks that differ is one reply. */
import { bytesEqual } from '@understudy/base';
import { DIGEST_BYTES, type OperationRecord, RecordFlag } from '@understudy/wire';
import { FileError } from '../../../../ports.ts';
import { type ApplyContext, differs } from '../apply-context.ts';

/** Read at once, in bytes. */
const MAX_EXTENT = 16 << 20;
const NOTHING = new Uint8Array(0);

export function check(record: OperationRecord, context: ApplyContext): void {
  const { root } = context;
  const block = blockOf(record);
  const hash = hashOf(record, context);
  const handle = root.nodes.handleOf(record.node);
  const bytes = handle === undefined ? null : root.files.read(handle, record.offset, record.extent);
  if (bytes === null) {
    differs(record, context, 'missing');
    return;
  }
  const end = record.offset + record.extent;
  let from = -1;
  for (let at = 0; at * block < record.extent; at += 1) {
    const here = bytes.length > at * block ? bytes.subarray(at * block, (at + 1) * block) : NOTHING;
    const equal = bytesEqual(hash(here), record.data.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES));
    const offset = record.offset + at * block;
    if (equal && from >= 0) tell(record, context, from, offset);
    if (equal) from = -1;
    else if (from < 0) from = offset;
  }
  if (from >= 0) tell(record, context, from, end);
}

function tell(record: OperationRecord, context: ApplyContext, offset: number, end: number): void {
  differs({ ...record, offset, extent: end - offset }, context, 'content');
}

/** Bytes of a block. Throws FileError where digests and blocks do not fit each other. */
function blockOf({ detail, extent, data }: OperationRecord): number {
  if (extent > MAX_EXTENT)
    throw new FileError('EINVAL', 'check', `${extent} bytes are more than the ${MAX_EXTENT} of one check`);
  const block = detail === 0 ? Math.max(1, extent) : detail;
  if (data.length !== Math.ceil(extent / block) * DIGEST_BYTES)
    throw new FileError('EINVAL', 'check', `${data.length} bytes of digests for ${extent} bytes in blocks of ${block}`);
  return block;
}

function hashOf({ flags }: OperationRecord, { digest }: ApplyContext): (bytes: Uint8Array) => Uint8Array {
  if ((flags & RecordFlag.blake3) === 0) return (bytes) => digest.sha256(bytes);
  const { blake3 } = digest;
  if (blake3 === undefined) throw new FileError('EINVAL', 'check', 'this target makes no BLAKE3');
  return (bytes) => blake3(bytes);
}
