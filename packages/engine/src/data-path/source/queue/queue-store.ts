/**
 * Where packets of the send queue lie that memory or the ring cannot keep: a port. The agent's is segment files in a folder.
 * In: packets in order. Out: the same, whole or not at all, also after the process was killed. Promise of an implementation: an entry
 * is there once `append` has returned; numbers of entries are dense and in order; what cannot be read is said to be damaged.
 */

import { decodeRecord, peekLength, RECORD_HEADER, RecordError } from '@understudy/wire';

/** `full`: a limit of ours or the disk's; `failed`: the disk refuses; `damaged`: what was kept is not there any more. */
export type QueueStoreFault = 'full' | 'failed' | 'damaged';

export class QueueStoreError extends Error {
  override readonly name = 'QueueStoreError';
  readonly fault: QueueStoreFault;
  /** The sentence names the file and the cause. */
  constructor(fault: QueueStoreFault, sentence: string) {
    super(sentence);
    this.fault = fault;
  }
}

export interface QueueStore {
  /** Number of the oldest entry; equal to `next` where there is none. */
  readonly oldest: number;
  readonly next: number;
  /** Bytes that the entries take. */
  readonly bytes: number;
  /** Throws QueueStoreError; then nothing was appended. */
  append(head: Uint8Array, body: Uint8Array): void;
  /** The `head` of an entry, at least. */
  head(entry: number): Uint8Array;
  /** The `body` of an entry. The bytes are the caller's. */
  body(entry: number): Uint8Array;
  /** Entries up to this one are not needed any more. */
  free(through: number): void;
  /** Nothing is needed any more; numbers go on. Never throws. */
  clear(): void;
  close(): void;
}

// ------------------------------------------------------------------------------------------------ what an entry says

const notAsWritten = (): QueueStoreError =>
  new QueueStoreError('damaged', 'an entry of the queue says of itself what cannot be');

export interface StoredHead {
  /** Positions of the records where they have some already: the packet had left the queue. 0: none yet. */
  readonly from: number;
  readonly to: number;
  /** Lowest and highest ring sequence of its operations, the highest only where all that belongs to it is in; 0: none. */
  readonly first: number;
  readonly last: number;
  readonly timeMs: number;
  readonly count: number;
  /** Bytes of records. */
  readonly bytes: number;
}

export const STORED_HEAD = 56;

export function encodeStoredHead(head: StoredHead): Uint8Array {
  const bytes = new Uint8Array(STORED_HEAD);
  const view = new DataView(bytes.buffer);
  const fields = [head.from, head.to, head.first, head.last, head.timeMs, head.count, head.bytes];
  for (const [i, value] of fields.entries()) view.setFloat64(i * 8, value, true);
  return bytes;
}

/** Throws QueueStoreError where the bytes make no sense. */
export function decodeStoredHead(bytes: Uint8Array): StoredHead {
  if (bytes.length < STORED_HEAD) throw new QueueStoreError('damaged', 'an entry of the queue is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, STORED_HEAD);
  const at = (i: number): number => view.getFloat64(i * 8, true);
  const head = { from: at(0), to: at(1), first: at(2), last: at(3), timeMs: at(4), count: at(5), bytes: at(6) };
  const whole = [head.from, head.to, head.first, head.last, head.count, head.bytes];
  const isWhole = whole.every((value) => Number.isSafeInteger(value) && value >= 0) && Number.isFinite(head.timeMs);
  const isNumbered = head.from > 0 ? head.to >= head.from : head.to === 0;
  if (!isWhole || !isNumbered || head.count < 1 || head.count * RECORD_HEADER > head.bytes) throw notAsWritten();
  return head;
}

/** Throws QueueStoreError where an entry does not hold the records that its head tells of: behind this nobody looks again. */
export function checkStoredBody({ bytes, count }: StoredHead, body: Uint8Array): void {
  if (body.length !== bytes) throw notAsWritten();
  let found = 0;
  try {
    for (let at = 0; at < body.length; at += peekLength(body, at), found += 1) decodeRecord(body, at);
  } catch (error) {
    if (error instanceof RecordError) throw new QueueStoreError('damaged', `an entry of the queue: ${error.message}`);
    throw error;
  }
  if (found !== count) throw notAsWritten();
}
