import { crc32 } from 'node:zlib';
import { encodeFrameHeader, FRAME_HEADER, FrameType, position, setFrameCrc } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from './buffer-pool.ts';
import { FrameReader } from './frame-reader.ts';

function frame(at: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(FRAME_HEADER);
  encodeFrameHeader(
    { type: FrameType.operations, from: position(at), to: position(at), records: 1 },
    payload.length,
    header,
  );
  setFrameCrc(header, crc32(payload, crc32(header)));
  return Buffer.concat([header, payload]);
}

describe('the frame reader', () => {
  it('finds the same frames however the bytes are cut', () => {
    const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(payloads, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map((payload, i) => frame(i + 1, payload)));
        const found: Buffer[] = [];
        const reader = new FrameReader((_, payload) => found.push(Buffer.from(payload)));
        for (let at = 0, i = 0; at < bytes.length; i += 1) {
          const end = at + (cuts[i % cuts.length] ?? 1);
          reader.push(bytes.subarray(at, end));
          at = end;
        }
        expect(found).toEqual(sent.map((payload) => Buffer.from(payload)));
      }),
    );
  });

  it('notices every flipped bit', () => {
    const bytes = frame(1, Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let delivered = 0;
      const reader = new FrameReader(() => {
        delivered += 1;
      });
      try {
        // A length that grew makes it wait for more than there is: that is not accepting it either.
        reader.push(damaged);
      } catch (error) {
        expect((error as Error).name).toBe('FrameError');
      }
      expect(delivered).toBe(0);
    }
  });
});

describe('the buffer pool', () => {
  it('hands a buffer out again only after it came back, and keeps no more than its limit', () => {
    const pool = new BufferPool(64 * 1024);
    const first = pool.take(40_000);
    expect(pool.take(40_000).buffer).not.toBe(first.buffer);
    pool.give(first);
    pool.give(first);
    expect(pool.heldBytes).toBe(65_536);
    pool.give(pool.take(60_000_0));
    expect(pool.heldBytes).toBe(65_536);
    expect(pool.take(50_000).buffer).toBe(first.buffer);
    pool.give(new Uint8Array(50_000));
    expect(pool.heldBytes).toBe(0);
  });
});
