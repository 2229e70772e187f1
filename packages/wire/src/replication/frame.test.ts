import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Codec,
  decodeFrameHeader,
  encodeFrameHeader,
  FRAME_HEADER,
  FrameError,
  FrameType,
  MAX_FRAME,
  setFrameCrc,
} from './frame.ts';
import { position } from './record.ts';

function encoded(...[fields, length]: [Parameters<typeof encodeFrameHeader>[0], number]): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER);
  encodeFrameHeader(fields, length, bytes);
  return bytes;
}

function faultOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof FrameError) return error.fault;
    throw error;
  }
  return 'none';
}

const operations = { type: FrameType.operations, from: position(1), to: position(2), records: 2 } as const;

describe('the frame header', () => {
  it('comes back as it was written', () => {
    const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(
        number,
        number,
        fc.integer({ min: 1, max: MAX_FRAME }),
        fc.nat(0xffff_ffff),
        fc.nat(Number.MAX_SAFE_INTEGER),
        (a, b, length, epoch, origin) => {
          const fields = { ...operations, from: position(Math.min(a, b)), to: position(Math.max(a, b)), epoch, origin };
          const bytes = encoded(fields, length);
          setFrameCrc(bytes, 0xdead_beef);
          const header = { ...fields, codec: Codec.none, payloadLength: length, rawLength: length, crc: 0xdead_beef };
          expect(decodeFrameHeader(bytes)).toEqual(header);
        },
      ),
    );
  });

  it('never makes anything but a checked header or a named fault of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: FRAME_HEADER, maxLength: FRAME_HEADER }), fc.nat(15), (bytes, type) => {
        const plausible = encoded(operations, 100);
        plausible.set(bytes.subarray(8), 8);
        plausible[8] = type;
        for (const candidate of [bytes, plausible]) {
          const fault = faultOf(() => {
            const header = decodeFrameHeader(candidate);
            expect(header.payloadLength).toBeLessThanOrEqual(MAX_FRAME);
            expect(header.rawLength).toBeLessThanOrEqual(MAX_FRAME);
          });
          expect(fault).toMatch(/^(none|bad-magic|too-long|unknown-type|unknown-codec|bad-length|bad-positions)$/);
        }
      }),
    );
  });

  it.each([
    ['a payload over the limit', { ...operations }, MAX_FRAME + 1, 'too-long'],
    [
      'an expanded payload over the limit',
      { ...operations, codec: Codec.lz4, rawLength: MAX_FRAME + 1 },
      10,
      'too-long',
    ],
    ['a ping with a payload', { type: FrameType.ping }, 1, 'bad-length'],
    ['a hello without one', { type: FrameType.hello }, 0, 'bad-length'],
    ['compressed JSON', { type: FrameType.hello, codec: Codec.zstd, rawLength: 10 }, 5, 'bad-length'],
    ['operations without records', { ...operations, records: 0 }, 10, 'bad-positions'],
    ['operations from nowhere', { ...operations, from: position(0) }, 10, 'bad-positions'],
    ['an origin where there are no operations', { type: FrameType.ping, origin: 7 }, 0, 'bad-positions'],
    ['operations backwards', { ...operations, from: position(3) }, 10, 'bad-positions'],
  ])('is refused for %s', (_, fields, length, fault) => {
    expect(faultOf(() => encoded(fields, length))).toBe(fault);
  });
});
