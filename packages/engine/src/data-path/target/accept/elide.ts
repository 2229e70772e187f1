/**
 * The journal leaves out what a mirror has read: the source has it still, and a first mirror would be written twice. In: encoded records.
 * Out: the same records with empty blocks, or the same bytes where there are none. An empty block met in a replay is given up.
 */
import { dropRecordData, peekLength, recordDataLength, recordVerb, Verb } from '@understudy/wire';

export interface Elided {
  readonly records: Uint8Array;
  readonly elided: boolean;
}

export function elideBlocks(records: Uint8Array): Elided {
  const kept = keptLength(records);
  if (kept === records.length) return { records, elided: false };
  const out = new Uint8Array(kept);
  let to = 0;
  for (let at = 0; at < records.length; ) {
    const length = peekLength(records, at);
    out.set(records.subarray(at, isBlock(records, at) ? at + length - recordDataLength(records, at) : at + length), to);
    to += isBlock(records, at) ? dropRecordData(out, to) : length;
    at += length;
  }
  return { records: out.subarray(0, to), elided: true };
}

/** Less than a word of data is not worth leaving out. */
const isBlock = (records: Uint8Array, at: number): boolean =>
  recordVerb(records, at) === Verb.block && recordDataLength(records, at) >= 8;

/** What stays, at most: whole words of data go, so that the padding of what is left has room. */
function keptLength(records: Uint8Array): number {
  let kept = records.length;
  for (let at = 0; at < records.length; at += peekLength(records, at))
    if (isBlock(records, at)) kept -= recordDataLength(records, at) & ~7;
  return kept;
}
