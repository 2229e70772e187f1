import { randomBytes } from 'node:crypto';
import { brotliCompressSync } from 'node:zlib';
import { Codec, MAX_FRAME } from '@understudy/wire';
import { compress as lz4 } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import { CODEC_NAMES, compressorFor, expand } from './index.ts';

const text = Buffer.from('the quick brown fox jumps over the lazy dog; '.repeat(5000));

describe.each(['low', 'medium', 'high'] as const)('[SCM3] compression %s', (level) => {
  const compressor = compressorFor(level, CODEC_NAMES);
  if (compressor === null) throw new Error('there is always one');

  it.each([
    ['text', text],
    ['noise', randomBytes(200_000)],
    ['one byte', Buffer.from([7])],
    ['a whole frame of zeros', Buffer.alloc(MAX_FRAME)],
  ])('gives back what it was: %s', async (_what, bytes) => {
    const packed = await compressor.compress(bytes);
    expect(Buffer.compare(await expand(compressor.codec, packed, bytes.length), bytes)).toBe(0);
  });

  it('makes text smaller', async () => {
    expect((await compressor.compress(text)).length).toBeLessThan(text.length / 10);
  });

  it('damage and a length that is not so are errors', async () => {
    const packed = Buffer.from(await compressor.compress(text));
    await expect(expand(compressor.codec, packed, text.length - 1)).rejects.toThrow();
    await expect(expand(compressor.codec, packed, text.length + 1)).rejects.toThrow();
    await expect(expand(compressor.codec, packed.subarray(0, packed.length / 2), text.length)).rejects.toThrow();
    await expect(expand(compressor.codec, Buffer.alloc(0), text.length)).rejects.toThrow();
  });
});

it('[SCM3] none compresses nothing, and what the other end cannot expand is not used', () => {
  expect(compressorFor('none', CODEC_NAMES)).toBeNull();
  expect(compressorFor('low', [])).toBeNull();
  expect(compressorFor('medium', undefined)?.codec).toBe(Codec.brotli);
});

it('a bomb is not expanded', async () => {
  const huge = Buffer.alloc(64 * 1024 * 1024);
  await expect(expand(Codec.brotli, brotliCompressSync(huge), MAX_FRAME)).rejects.toThrow();
  await expect(expand(Codec.lz4, await lz4(huge), MAX_FRAME)).rejects.toThrow(/length/);
  await expect(expand(Codec.lz4, await lz4(huge), huge.length)).rejects.toThrow(/more than a frame/);
});
