/**
 * A packet as it comes from the wire: consecutive positions, whole records. Here it is looked at for the first time, and for the last
 * time with suspicion: what passes is applied.
 */
import {
  decodeRecord,
  MIRROR_GOES_ON,
  MIRROR_REPAIR,
  MirrorCompare,
  NO_NODE,
  type OperationRecord,
  type Position,
  peekLength,
  RecordError,
  Verb,
} from '@understudy/wire';

export interface Packet {
  readonly from: Position;
  readonly to: Position;
  readonly epoch: number;
  /** Sequence in the source's ring of the newest intercepted operation at or before `to`; 0: none. */
  readonly origin?: number;
  /** Encoded records; the queue keeps them, so the caller must not reuse the bytes before `done`. */
  readonly records: Uint8Array;
  /** Called when an accepted packet has left the queue and nobody looks at its bytes any more. */
  readonly done?: () => void;
}

/** Verbs from here on are spoken within the source's machine only. */
const RING_ONLY = 64;

/** A sentence about what is wrong with the packet; null: nothing. */
export function faultOf(packet: Packet): string | null {
  if (packet.from < 1 || packet.to < packet.from) return `positions ${packet.from} to ${packet.to} are no range`;
  let expected: number = packet.from;
  try {
    for (let at = 0; at < packet.records.length; at += peekLength(packet.records, at)) {
      const fault = recordFault(decodeRecord(packet.records, at), expected);
      if (fault !== null) return fault;
      expected += 1;
    }
  } catch (error) {
    if (error instanceof RecordError) return error.message;
    throw error;
  }
  if (expected - 1 === packet.to) return null;
  return `the packet ends at position ${expected - 1} where ${packet.to} was announced`;
}

function recordFault(record: OperationRecord, expected: number): string | null {
  if (record.sequence !== expected) return `position ${record.sequence} stands where ${expected} was due`;
  if (record.verb >= RING_ONLY) return `verb ${record.verb} does not belong on the wire`;
  if (!Number.isSafeInteger(record.offset + record.extent)) return `position ${expected} reaches beyond any file`;
  if (record.verb === Verb.mirrorBegin && !isKindOfRun(record.detail))
    return `position ${expected} begins a run of the unknown kind ${record.detail}`;
  if (namesTwo(record.verb) && !isName(record.name2)) return `position ${expected} has a second name that is none`;
  if (namesOne(record.verb) && !isName(record.name) && !isOfRoot(record))
    return `position ${expected} has a name that is none`;
  return null;
}

const NAMED = new Set<number>([
  Verb.create,
  Verb.mkdir,
  Verb.symlink,
  Verb.mknod,
  Verb.link,
  Verb.unlink,
  Verb.rmdir,
  Verb.rename,
  Verb.entry,
  Verb.checkEntry,
  Verb.detach,
]);
/** The root itself is compared, and has no name. */
const isOfRoot = ({ verb, parent, name }: OperationRecord): boolean =>
  verb === Verb.checkEntry && parent === NO_NODE && name === '';
const namesOne = (verb: number): boolean => NAMED.has(verb);
const namesTwo = (verb: number): boolean => verb === Verb.rename;

const COMPARES = new Set<number>(Object.values(MirrorCompare));
const isKindOfRun = (detail: number): boolean => COMPARES.has(detail & ~(MIRROR_REPAIR | MIRROR_GOES_ON));

/** One component: anything with a slash or a dot-dot would reach out of its directory. */
function isName(name: string): boolean {
  return (
    name !== '' && name !== '.' && name !== '..' && name.length <= 255 && !name.includes('/') && !name.includes('\0')
  );
}

/** The records from position `to` on; the first stands at `from`. */
export function cutRecords(records: Uint8Array, from: number, to: number): Uint8Array {
  let at = 0;
  for (let p = from; p < to; p += 1) at += peekLength(records, at);
  return records.subarray(at);
}
