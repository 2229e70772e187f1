/**
 * The frame: what a replication link carries, after the HTTP upgrade, in both directions. A header of 48 bytes, then the payload.
 * Little-endian. Layout (offset, type, field):
 *
 *   0 u32 magic          4 u32 payload length      8 u8 type    9 u8 codec    10 u16 record count
 *  12 u32 CRC-32 of the header (with this field zero) and the payload
 *  16 u64 from          24 u64 to                  32 u32 epoch              36 u32 length of the payload before compression
 *  40 u64 origin        of operations only; 0 elsewhere
 *
 * Everything is bounded and checked before a byte of payload is waited for; whatever breaks a rule ends the link by name.
 */
import { brand } from '@understudy/base';
import type { Position } from './record.ts';

/** Numbers are never reused. */
export const FrameType = {
  /** JSON: `helloSchema`. The source's first frame. */
  hello: 1,
  /** JSON: `welcomeSchema`. */
  welcome: 2,
  /** JSON: `refuseSchema`; the link ends behind it. */
  refuse: 3,
  /** Encoded records with the positions from–to, perhaps compressed. */
  operations: 4,
  /** from = received, to = applied. */
  acknowledge: 5,
  /** Send again from position `from`. */
  resend: 6,
  /** JSON: `repliesSchema`. */
  replies: 7,
  /** JSON: `conditionSchema`. */
  condition: 8,
  /** The target's queue is full: send no operations until `resume`, or until a new link's welcome behind which this is not said again. */
  pause: 9,
  resume: 10,
  /** `from` comes back in the pong. */
  ping: 11,
  pong: 12,
  /** An orderly end. */
  bye: 13,
  /** JSON: `standingSchema`. */
  standing: 14,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** How a payload is compressed. Numbers are never reused. */
export const Codec = { none: 0, lz4: 1, zstd: 2, brotli: 3 } as const;
export type Codec = (typeof Codec)[keyof typeof Codec];

export const FRAME_HEADER = 48;
/** The payload as it travels, and what it may grow to when it is expanded. */
export const MAX_FRAME = 2 * 1024 * 1024;
export const FRAME_MAGIC = 0x31_52_44_55;

export interface FrameHeader {
  readonly type: FrameType;
  readonly codec: Codec;
  /** Bytes of payload on the wire. */
  readonly payloadLength: number;
  /** Bytes of payload once expanded; equal to payloadLength without a codec. */
  readonly rawLength: number;
  readonly records: number;
  readonly from: Position;
  readonly to: Position;
  readonly epoch: number;
  /**
   * Operations: sequence in the source's ring of the newest intercepted operation at or before `to`; 0: none. It never falls within a
   * stream. The target keeps it with its received mark and gives it back in `welcome`, so that a source that was killed knows what of
   * its ring has arrived.
   */
  readonly origin: number;
  readonly crc: number;
}

/** What the sender says; the rest follows from the payload. */
export type FrameFields = Pick<FrameHeader, 'type'> &
  Partial<Pick<FrameHeader, 'codec' | 'rawLength' | 'records' | 'from' | 'to' | 'epoch' | 'origin'>>;

export type FrameFault =
  | 'bad-magic'
  | 'too-long'
  | 'unknown-type'
  | 'unknown-codec'
  | 'bad-length'
  | 'bad-positions'
  | 'bad-crc'
  | 'bad-payload';

/** Why bytes are not a frame. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly fault: FrameFault;
  constructor(fault: FrameFault, sentence: string) {
    super(sentence);
    this.fault = fault;
  }
}

const CRC_AT = 12;
const ORIGIN_AT = 40;
const TWO32 = 4294967296;
const KNOWN_TYPES = new Set<number>(Object.values(FrameType));
const KNOWN_CODECS = new Set<number>(Object.values(Codec));
const JSON_TYPES = new Set<FrameType>([
  FrameType.hello,
  FrameType.welcome,
  FrameType.refuse,
  FrameType.replies,
  FrameType.condition,
  FrameType.standing,
]);

/** Types whose payload is JSON; all others but `operations` have none. */
export function isJsonFrame(type: FrameType): boolean {
  return JSON_TYPES.has(type);
}

function setPosition(v: DataView, at: number, value: number): void {
  v.setUint32(at, value % TWO32, true);
  v.setUint32(at + 4, Math.floor(value / TWO32), true);
}

function getPosition(v: DataView, at: number): Position {
  const value = v.getUint32(at + 4, true) * TWO32 + v.getUint32(at, true);
  if (!Number.isSafeInteger(value)) throw new FrameError('bad-positions', 'a position in the header is beyond 2^53');
  return brand<Position>(value);
}

/** A header with its CRC still zero: the CRC runs over it and the payload, then `setFrameCrc` puts it in. */
export function encodeFrameHeader(fields: FrameFields, payloadLength: number, into: Uint8Array): void {
  const v = new DataView(into.buffer, into.byteOffset, FRAME_HEADER);
  v.setUint32(0, FRAME_MAGIC, true);
  v.setUint32(4, payloadLength, true);
  v.setUint8(8, fields.type);
  v.setUint8(9, fields.codec ?? Codec.none);
  v.setUint16(10, fields.records ?? 0, true);
  v.setUint32(CRC_AT, 0, true);
  setPosition(v, 16, fields.from ?? 0);
  setPosition(v, 24, fields.to ?? 0);
  v.setUint32(32, fields.epoch ?? 0, true);
  v.setUint32(36, fields.rawLength ?? payloadLength, true);
  setPosition(v, ORIGIN_AT, fields.origin ?? 0);
  checkFrameHeader(decodeUnchecked(v));
}

export function setFrameCrc(header: Uint8Array, crc: number): void {
  new DataView(header.buffer, header.byteOffset, FRAME_HEADER).setUint32(CRC_AT, crc, true);
}

function decodeUnchecked(v: DataView): FrameHeader {
  return {
    type: v.getUint8(8) as FrameType,
    codec: v.getUint8(9) as Codec,
    payloadLength: v.getUint32(4, true),
    rawLength: v.getUint32(36, true),
    records: v.getUint16(10, true),
    from: getPosition(v, 16),
    to: getPosition(v, 24),
    epoch: v.getUint32(32, true),
    origin: getPosition(v, ORIGIN_AT),
    crc: v.getUint32(CRC_AT, true),
  };
}

/** Throws FrameError unless the 48 bytes are a header that keeps every rule; the CRC is the caller's to check. */
export function decodeFrameHeader(bytes: Uint8Array): FrameHeader {
  if (bytes.length < FRAME_HEADER)
    throw new FrameError('bad-length', `a header of ${bytes.length} bytes is cut off; it has ${FRAME_HEADER}`);
  const v = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER);
  if (v.getUint32(0, true) !== FRAME_MAGIC)
    throw new FrameError('bad-magic', 'the bytes are no replication frame: the stream is out of step or not ours');
  const header = decodeUnchecked(v);
  checkFrameHeader(header);
  return header;
}

function checkFrameHeader(h: FrameHeader): void {
  if (!KNOWN_TYPES.has(h.type)) throw new FrameError('unknown-type', `frame type ${h.type} is unknown`);
  if (!KNOWN_CODECS.has(h.codec)) throw new FrameError('unknown-codec', `codec ${h.codec} is unknown`);
  if (h.payloadLength > MAX_FRAME || h.rawLength > MAX_FRAME)
    throw new FrameError('too-long', `a frame of ${h.payloadLength} (${h.rawLength}) bytes is over ${MAX_FRAME}`);
  const operations = h.type === FrameType.operations;
  const wantsPayload = operations || isJsonFrame(h.type);
  if (h.payloadLength > 0 !== wantsPayload)
    throw new FrameError('bad-length', `a frame of type ${h.type} came with ${h.payloadLength} bytes of payload`);
  if (h.codec === Codec.none ? h.rawLength !== h.payloadLength : !operations || h.rawLength === 0)
    throw new FrameError('bad-length', `codec ${h.codec} with ${h.payloadLength} bytes for ${h.rawLength}`);
  if (!operations) {
    if (h.origin !== 0) throw new FrameError('bad-positions', `a frame of type ${h.type} came with an origin`);
    return;
  }
  if (h.from < 1 || h.to < h.from || h.records < 1)
    throw new FrameError('bad-positions', `operations ${h.from} to ${h.to} in ${h.records} records make no sense`);
}
