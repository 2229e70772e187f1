/** Frames as they were on a link, changed: the reader delivers those before the damage as they were, and then a FrameError or nothing. */
import { crc32 } from 'node:zlib';
import {
  encodeFrameHeader,
  FRAME_HEADER,
  FrameError,
  FrameType,
  MAX_FRAME,
  position,
  setFrameCrc,
} from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from './frame-reader.ts';

function frame(at: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(FRAME_HEADER);
  const fields = { type: FrameType.operations, from: position(at), to: position(at), records: 1, epoch: 1, origin: at };
  encodeFrameHeader(fields, payload.length, header);
  setFrameCrc(header, crc32(payload, crc32(header)));
  return Buffer.concat([header, payload]);
}

const payloads = Array.from({ length: 8 }, (_, i) => Buffer.alloc(20 + i * 37, i + 1));
const recorded = Buffer.concat(payloads.map((payload, i) => frame(i + 1, payload)));

describe('a recorded stream of frames that was changed', () => {
  const changes = fc.array(
    fc.record({ at: fc.nat(recorded.length - 1), kind: fc.nat(3), value: fc.nat(0xffff_ffff) }),
    { minLength: 1, maxLength: 4 },
  );

  it('is delivered up to the damage, or ends by name', () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 500 }), (list, cut) => {
        let bytes = Buffer.from(recorded);
        for (const { at, kind, value } of list) {
          const where = at % Math.max(1, bytes.length);
          if (kind === 0) bytes[where] = value & 255;
          else if (kind === 1 && where + 4 <= bytes.length) bytes.writeUInt32LE(value, where);
          else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + (value % 60))]);
          else bytes = bytes.subarray(0, where);
        }
        const seen: number[] = [];
        const reader = new FrameReader((header, payload) => {
          const sent = payloads[header.from - 1];
          expect(sent !== undefined && Buffer.compare(sent, payload) === 0).toBe(true);
          seen.push(header.from);
        });
        try {
          for (let at = 0; at < bytes.length; at += cut) reader.push(bytes.subarray(at, at + cut));
        } catch (error) {
          if (!(error instanceof FrameError)) throw error;
        }
        expect(seen).toEqual([...seen].sort((a, b) => a - b));
      }),
      { numRuns: 800 },
    );
  });

  it('never has the reader wait for more than one frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: FRAME_HEADER, maxLength: 400 }), (noise) => {
        const good = frame(1, Buffer.alloc(10));
        const reader = new FrameReader((header) => expect(header.payloadLength).toBeLessThanOrEqual(MAX_FRAME));
        const push = () => reader.push(Buffer.concat([good.subarray(0, 8), noise]));
        try {
          push();
        } catch (error) {
          if (!(error instanceof FrameError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
