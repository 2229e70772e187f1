/**
 * Whatever bytes come, a decoder of the replication protocol answers with the whole of what it was given or with its own named error:
 * no other exception, no endless loop, and nothing allocated that the bytes do not hold.
 */
import { brand, type RawName } from '@understudy/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrameHeader, encodeFrameHeader, FRAME_HEADER, FrameError, FrameType, MAX_FRAME } from './frame.ts';
import { decodeRecord, encodeRecord, MAX_RECORD, peekLength, position, RecordError, record, Verb } from './record.ts';
import { decodeXattrs, encodeXattrs, type Xattr } from './xattrs.ts';

const raw = (text: string) => brand<RawName>(text);
const node = (value: bigint) => brand<ReturnType<typeof record>['node']>(value);

/** Null where it was refused by the error that belongs there; any other exception fails the test. */
function refusedOr<T>(error: new (...args: never[]) => Error, decode: () => T): T | null {
  try {
    return decode();
  } catch (thrown) {
    if (thrown instanceof error) return null;
    throw thrown;
  }
}

/** A stream as a source sends it: one of each kind of content. */
const RECORDED: readonly Uint8Array[] = [
  record({ verb: Verb.create, sequence: 1, node: node(7n), parent: node(1n), name: raw('file') }),
  record({ verb: Verb.write, sequence: 2, node: node(7n), extent: 5000, data: new Uint8Array(5000).fill(9) }),
  record({ verb: Verb.rename, sequence: 3, node: node(7n), name: raw('file'), name2: raw('b'.repeat(255)) }),
  record({
    verb: Verb.xattrs,
    sequence: 4,
    node: node(7n),
    data: encodeXattrs([[raw('user.a'), Uint8Array.of(1, 2)]]),
  }),
  record({ verb: Verb.marker, sequence: 5 }),
].map(encodeRecord);
const STREAM = Uint8Array.from(RECORDED.flatMap((bytes) => [...bytes]));

interface Change {
  readonly at: number;
  readonly kind: number;
  readonly value: number;
}
const changes = fc.array(fc.record({ at: fc.nat(STREAM.length - 1), kind: fc.nat(3), value: fc.nat(0xffff_ffff) }), {
  minLength: 1,
  maxLength: 6,
});

/** Flipped bytes, whole words replaced, a piece taken out, an end cut off. */
function mutated(from: Uint8Array, list: readonly Change[]): Uint8Array {
  let bytes = from.slice();
  for (const { at, kind, value } of list) {
    const where = at % Math.max(1, bytes.length);
    if (kind === 0) bytes[where] = value & 255;
    else if (kind === 1 && where + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(where & ~3, value, true);
    else if (kind === 2)
      bytes = Uint8Array.from([...bytes.subarray(0, where), ...bytes.subarray(where + (value % 64))]);
    else if (kind === 3) bytes = bytes.slice(0, where);
  }
  return bytes;
}

/** All records up to the first that is none; each takes the loop forward, or it would never end. */
function decodeAll(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; count += 1) {
    const length = refusedOr(RecordError, () => peekLength(bytes, at));
    if (length === null) break;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThanOrEqual(MAX_RECORD);
    const found = refusedOr(RecordError, () => decodeRecord(bytes, at));
    if (found === null) break;
    expect(found.name.length + found.name2.length + found.data.length).toBeLessThanOrEqual(length);
    expect(found.data.buffer === bytes.buffer || found.data.length === 0).toBe(true);
    at += length;
  }
  return count;
}

describe('the record decoder', () => {
  it('answers any bytes with records or a RecordError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => decodeAll(bytes) >= 0),
      { numRuns: 300 },
    );
  });

  it('takes from a damaged stream what is there and refuses the rest by name', () => {
    expect(decodeAll(STREAM)).toBe(RECORDED.length);
    fc.assert(
      fc.property(changes, (list) => {
        expect(decodeAll(mutated(STREAM, list))).toBeLessThanOrEqual(STREAM.length / 168);
      }),
      { numRuns: 1500 },
    );
  });

  it('gives back the records before the damage unchanged', () => {
    const ends = RECORDED.map((_, i) => RECORDED.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
    fc.assert(
      fc.property(fc.nat(STREAM.length - 1), (cut) => {
        expect(decodeAll(STREAM.subarray(0, cut))).toBe(ends.filter((end) => end <= cut).length);
      }),
    );
  });

  it('carries numbers of the whole range through, or says that they are none', () => {
    const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    fc.assert(
      fc.property(u64, u64, (a, b) => {
        const bytes = encodeRecord(record({ verb: Verb.write, node: node(a) }));
        new DataView(bytes.buffer).setBigUint64(56, b, true);
        const found = decodeRecord(bytes);
        expect(found.node).toBe(a);
        expect(found.offset).toBe(Number(b));
      }),
    );
  });
});

describe('the attribute list', () => {
  it('answers any bytes with a list that they hold, or a RecordError', () => {
    const list: Xattr[] = [
      [raw('user.one'), Uint8Array.of(1, 2, 3)],
      [raw('security.capability'), new Uint8Array(20)],
    ];
    const whole = encodeXattrs(list);
    expect(decodeXattrs(whole)).toEqual(list);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), changes, (bytes, damage) => {
        for (const candidate of [bytes, mutated(whole, damage)]) {
          const found = refusedOr(RecordError, () => decodeXattrs(candidate)) ?? [];
          const held = found.reduce((sum, [name, value]) => sum + 6 + name.length + value.length, 0);
          expect(held).toBeLessThanOrEqual(candidate.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('does not make four thousand million attributes of a count', () => {
    expect(() => decodeXattrs(Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0, 0, 0))).toThrow(RecordError);
  });
});

describe('the frame header', () => {
  it('never asks for more payload than a frame may have, whatever is changed in it', () => {
    const good = new Uint8Array(FRAME_HEADER);
    const fields = { type: FrameType.operations, from: position(5), to: position(9), records: 5, epoch: 2, origin: 77 };
    encodeFrameHeader(fields, 4096, good);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(FRAME_HEADER - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (flips) => {
          const bytes = good.slice();
          for (const [at, value] of flips) bytes[at] = value;
          const header = refusedOr(FrameError, () => decodeFrameHeader(bytes));
          if (header === null) return;
          expect(Math.max(header.payloadLength, header.rawLength)).toBeLessThanOrEqual(MAX_FRAME);
          for (const value of [header.from, header.to, header.origin]) expect(Number.isSafeInteger(value)).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each([0, 1, FRAME_HEADER - 1])('is not made of %i bytes', (length) => {
    expect(() => decodeFrameHeader(new Uint8Array(length))).toThrow(FrameError);
  });
});
