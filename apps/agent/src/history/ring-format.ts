/**
 * The bytes of a ring of figures: a header that says what it is, then slots of fixed length, each for one stretch of time and in the place
 * that its time gives it. In: figures, or bytes from the disk. Out: the other, or what is wrong with them. Promised: what was changed by
 * anybody else is found out, and no slot crosses a sector, so that a power cut leaves the old one or the new one. Pure.
 */
import { crc32 } from 'node:zlib';

/** One measurement; NaN: not known. */
export interface Figures {
  /** Bytes a second. */
  readonly wire: number;
  readonly queue: number;
  readonly disk: number;
  /** Received by the target and not applied, bytes. */
  readonly waiting: number;
  /** Of the recovery point, ms. */
  readonly age: number;
}

export interface Slot extends Figures {
  /** Stretches since 1970. */
  readonly stretch: number;
  /** How many measurements `wire` is the average of. */
  readonly wires: number;
}

export interface RingShape {
  /** One stretch, ms. */
  readonly stepMs: number;
  readonly count: number;
}

export const HEADER_BYTES = 64;
export const SLOT_BYTES = 32;
const MAGIC = 'USTHIST1';
const VALUES = ['wire', 'queue', 'disk', 'waiting', 'age'] as const;

export const ringBytes = ({ count }: RingShape): number => HEADER_BYTES + count * SLOT_BYTES;
export const slotOffset = (stretch: number, { count }: RingShape): number =>
  HEADER_BYTES + (stretch % count) * SLOT_BYTES;

/** `owner`: what the figures are of; a ring of another is not taken for it. */
export function headerOf(shape: RingShape, owner: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(shape.stepMs, 8);
  header.writeUInt32LE(shape.count, 12);
  header.write(owner, 16, 40, 'latin1');
  return sealed(header);
}

export function encodeSlot(slot: Slot): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES);
  bytes.writeUInt32LE(slot.stretch, 0);
  bytes.writeUInt32LE(slot.wires, 4);
  for (const [index, name] of VALUES.entries()) bytes.writeFloatLE(slot[name], 8 + index * 4);
  return sealed(bytes);
}

/** Null: nothing was ever written there. Throws a sentence. */
export function decodeSlot(bytes: Buffer, index: number, shape: RingShape): Slot | null {
  if (bytes.every((byte) => byte === 0)) return null;
  if (!isSealed(bytes)) throw new DamagedRing(`slot ${index} was not written like this`);
  const [wire, queue, disk, waiting, age] = VALUES.map((_, i) => bytes.readFloatLE(8 + i * 4)) as Five;
  const slot = { stretch: bytes.readUInt32LE(0), wires: bytes.readUInt32LE(4), wire, queue, disk, waiting, age };
  if (slot.stretch % shape.count !== index) throw new DamagedRing(`slot ${index} is not in its place`);
  if (VALUES.some((name) => slot[name] < 0 || slot[name] === Number.POSITIVE_INFINITY))
    throw new DamagedRing(`slot ${index} holds what is no figure`);
  return slot;
}
type Five = [number, number, number, number, number];

/** Every slot that was ever written. Throws DamagedRing. */
export function decodeRing(bytes: Buffer, shape: RingShape, owner: string): Slot[] {
  checkSize(bytes.length, shape);
  checkHeader(bytes.subarray(0, HEADER_BYTES), shape, owner);
  const slots: Slot[] = [];
  for (let index = 0; index < shape.count; index += 1) {
    const at = HEADER_BYTES + index * SLOT_BYTES;
    const slot = decodeSlot(bytes.subarray(at, at + SLOT_BYTES), index, shape);
    if (slot !== null) slots.push(slot);
  }
  return slots;
}

export function checkSize(size: number, shape: RingShape): void {
  if (size !== ringBytes(shape)) throw new DamagedRing(`it has ${size} bytes and should have ${ringBytes(shape)}`);
}

export function checkHeader(header: Buffer, shape: RingShape, owner: string): void {
  if (!header.equals(headerOf(shape, owner))) throw new DamagedRing('its beginning is not that of this history');
}

/** What a stretch comes to when something more is known of it: the average of what was sent, of the rest the greatest. */
export function withMore(before: Slot | null, stretch: number, more: Figures): Slot {
  const known = before !== null && before.stretch === stretch ? before : null;
  const wires = (known?.wires ?? 0) + (Number.isNaN(more.wire) ? 0 : 1);
  return {
    stretch,
    wires,
    wire: averaged(known, more.wire, wires),
    queue: greater(known?.queue, more.queue),
    disk: greater(known?.disk, more.disk),
    waiting: greater(known?.waiting, more.waiting),
    age: greater(known?.age, more.age),
  };
}

function averaged(before: Slot | null, more: number, count: number): number {
  if (before === null || before.wires === 0) return more;
  return Number.isNaN(more) ? before.wire : before.wire + (more - before.wire) / count;
}

export function greater(one: number | undefined, other: number): number {
  if (one === undefined || Number.isNaN(one)) return other;
  return Number.isNaN(other) ? one : Math.max(one, other);
}

/** What lies on the disk is not what was written there. */
export class DamagedRing extends Error {
  override readonly name = 'DamagedRing';
}

/** The last four bytes are the checksum of those before; of zeros alone it is no zero. */
function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4);
  return bytes;
}

const isSealed = (bytes: Buffer): boolean =>
  bytes.readUInt32LE(bytes.length - 4) === crc32(bytes.subarray(0, bytes.length - 4));
