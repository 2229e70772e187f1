import type { Position } from '@understudy/wire';

/** What leaves the send queue. */
export interface QueuedPacket {
  readonly from: Position;
  readonly to: Position;
  /** Encoded records, each stamped with its position. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Source wall clock of the oldest operation in it, ms. */
  readonly firstTimeMs: number;
  /** Ids of the markers in it and their positions. */
  readonly markers: readonly { readonly id: number; readonly at: Position }[];
  /** Ring sequence of the newest operation at or before `to`. */
  readonly origin: number;
  /** Lowest ring sequence in it; 0: none. */
  readonly first: number;
  /** Where it is kept beside memory: an entry of the store, NOT_STORED or NOTED (segment.ts). */
  entry: number;
}
