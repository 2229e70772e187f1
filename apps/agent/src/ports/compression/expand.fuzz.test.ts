/**
 * Compressed frames with any bytes in them, or recorded and changed: the original in the length that the frame says, or an error; never
 * another length, and nothing that is longer than a frame may be.
 */
import { brotliCompressSync, constants } from 'node:zlib';
import { Codec, MAX_FRAME } from '@understudy/wire';
import fc from 'fast-check';
import { compress as lz4 } from 'lz4-napi';
import { beforeAll, describe, expect, it } from 'vitest';
import { CODEC_NAMES, compressorFor, expand } from './index.ts';

const original = Buffer.concat([
  Buffer.from('the quick brown fox jumps over the lazy dog; '.repeat(60)),
  Buffer.from(Array.from({ length: 700 }, (_, i) => (i * 7919) % 251)),
  Buffer.alloc(5000),
]);
const CODECS = [Codec.lz4, Codec.brotli, ...(CODEC_NAMES.includes('zstd') ? [Codec.zstd] : [])];
const recorded = new Map<Codec, Buffer>();
beforeAll(async () => {
  for (const level of ['low', 'medium', 'high'] as const) {
    const compressor = compressorFor(level, CODEC_NAMES);
    if (compressor !== null) recorded.set(compressor.codec, Buffer.from(await compressor.compress(original)));
  }
});

/** Null: refused, in words. */
async function expandedOrNull(codec: Codec, payload: Uint8Array, rawLength: number): Promise<Uint8Array | null> {
  const before = Buffer.from(payload);
  try {
    const bytes = await expand(codec, payload, rawLength);
    expect(bytes).toHaveLength(rawLength);
    return bytes;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    // What is no word of the codec's would be a fault of ours.
    expect(['Error', 'RangeError']).toContain((error as Error).name);
    expect((error as Error).message.length).toBeGreaterThan(3);
    expect((error as Error).message.length).toBeLessThan(300);
    return null;
  } finally {
    expect(before.equals(payload)).toBe(true);
  }
}

const rawLength = fc.oneof(
  fc.constantFrom(
    0,
    1,
    original.length - 1,
    original.length,
    original.length + 1,
    MAX_FRAME,
    MAX_FRAME + 1,
    2 ** 32 - 1,
  ),
  fc.nat(20_000),
);

describe('[SCM3] a compressed frame', () => {
  it('as it was recorded is the original, for every codec', async () => {
    expect([...recorded.keys()].sort()).toEqual([...CODECS].sort());
    for (const [codec, payload] of recorded)
      expect(original.equals((await expandedOrNull(codec, payload, original.length)) ?? Buffer.alloc(0))).toBe(true);
  });

  it('of any bytes is refused or of its length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), rawLength, fc.boolean(), async (bytes, length, prefixed) => {
        for (const codec of CODECS) await expandedOrNull(codec, bytes, length);
        // With lz4's own length in front, so that its blocks are come to.
        const said = Buffer.concat([Buffer.alloc(4), bytes]);
        said.writeUInt32LE(length >>> 0);
        if (prefixed) await expandedOrNull(Codec.lz4, said, length);
        for (const none of [Codec.none, 99 as Codec]) expect(await expandedOrNull(none, bytes, length)).toBeNull();
      }),
      { numRuns: 400 },
    );
  });

  it('that was changed is refused or of its length', async () => {
    const change = fc.record({ at: fc.nat(5000), kind: fc.nat(3), value: fc.nat(0xffff_ffff) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), rawLength, async (list, length) => {
        for (const [codec, good] of recorded) {
          let bytes: Buffer = Buffer.from(good);
          for (const { at, kind, value } of list) {
            const where = at % Math.max(1, bytes.length);
            if (kind === 0) bytes[where] = value & 255;
            else if (kind === 1 && where + 4 <= bytes.length) bytes.writeUInt32LE(value, where);
            else if (kind === 2)
              bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + (value % 60))]);
            else bytes = bytes.subarray(0, where);
          }
          await expandedOrNull(codec, bytes, original.length);
          await expandedOrNull(codec, bytes, length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of another codec than it says is refused', async () => {
    for (const [of, payload] of recorded)
      for (const codec of CODECS.filter((each) => each !== of))
        expect(await expandedOrNull(codec, payload, original.length)).toBeNull();
  });

  it('that would be a thousand times its length is refused before it is, however often it comes', async () => {
    const huge = Buffer.alloc(16 * 1024 * 1024);
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 1,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    };
    const bombs = [
      [Codec.brotli, brotliCompressSync(huge, { params })] as const,
      [Codec.lz4, await lz4(huge)] as const,
    ];
    for (let round = 0; round < 20; round += 1)
      for (const [codec, bomb] of bombs)
        for (const length of [1, 4096, MAX_FRAME, huge.length])
          expect(await expandedOrNull(codec, bomb, length)).toBeNull();
  });
});
