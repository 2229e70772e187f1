/**
 * compression: the machinery behind a frame's codec. In: a level or a codec, bytes. Out: promises of shorter or of the original bytes.
 * Promises: the work is done in other threads; what is expanded is exactly as long as its frame says, or an error.
 */
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { Codec, type Compression, MAX_FRAME } from '@understudy/wire';
import { compress as lz4Compress, uncompress as lz4Expand } from 'lz4-napi';

export interface Compressor {
  readonly codec: Codec;
  compress(bytes: Uint8Array): Promise<Uint8Array>;
}

type Buffers = (bytes: Uint8Array, options: object) => Promise<Buffer>;
type Callback = (bytes: Uint8Array, options: object, done: (error: Error | null, result: Buffer) => void) => void;

/** Newer than the oldest Node that is supported. */
const zstd = zlib as unknown as {
  zstdCompress?: Callback;
  zstdDecompress?: Callback;
  constants: Record<string, number>;
};
const zstdCompress = zstd.zstdCompress === undefined ? null : (promisify(zstd.zstdCompress) as Buffers);
const zstdExpand = zstd.zstdDecompress === undefined ? null : (promisify(zstd.zstdDecompress) as Buffers);
const brotliCompress = promisify(zlib.brotliCompress) as Buffers;
const brotliExpand = promisify(zlib.brotliDecompress) as Buffers;

/** As a target names in its welcome what it can expand. */
export const CODEC_NAMES: readonly string[] = ['lz4', 'brotli', ...(zstdExpand === null ? [] : ['zstd'])];
/** What every target of this protocol can expand. */
const EVERYWHERE = new Set(['lz4', 'brotli']);

const LZ4: Compressor = { codec: Codec.lz4, compress: (bytes) => lz4Compress(bytes) };

function brotli(quality: number): Compressor {
  return {
    codec: Codec.brotli,
    compress: (bytes) => {
      const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
      // A window as long as the frame and no longer: memory is allocated anew for each.
      const window = Math.min(20, Math.max(16, Math.ceil(Math.log2(bytes.length + 16))));
      const params = {
        [BROTLI_PARAM_QUALITY]: quality,
        [BROTLI_PARAM_LGWIN]: window,
        [BROTLI_PARAM_SIZE_HINT]: bytes.length,
      };
      return brotliCompress(bytes, { params });
    },
  };
}

function zstd3(compress: Buffers): Compressor {
  const params = { [zstd.constants.ZSTD_c_compressionLevel ?? 100]: 3 };
  return { codec: Codec.zstd, compress: (bytes) => compress(bytes, { params }) };
}

/** Null: frames go as they are. `peer`: names of codecs that the other end can expand; undefined: those that every one can. */
export function compressorFor(level: Compression, peer: readonly string[] | undefined): Compressor | null {
  const can = peer === undefined ? EVERYWHERE : new Set(peer);
  if (level === 'none') return null;
  if (level === 'low' && can.has('lz4')) return LZ4;
  if (level === 'medium' && zstdCompress !== null && can.has('zstd')) return zstd3(zstdCompress);
  return can.has('brotli') ? brotli(level === 'high' ? 5 : 1) : null;
}

const LZ4_PREFIX = 4;

/** The original of a payload. Throws for damage, for another length than said, and before anything as long is allocated. */
export async function expand(codec: Codec, payload: Uint8Array, rawLength: number): Promise<Uint8Array> {
  if (rawLength > MAX_FRAME) throw new Error(`${rawLength} bytes are more than a frame may hold`);
  const bytes = await expanded(codec, payload, rawLength);
  if (bytes.length !== rawLength) throw new Error(`it expands to ${bytes.length} bytes, not to ${rawLength}`);
  return bytes;
}

async function expanded(codec: Codec, payload: Uint8Array, rawLength: number): Promise<Uint8Array> {
  if (codec === Codec.lz4) {
    // The length that lz4 itself would believe and allocate.
    const said = payload.length < LZ4_PREFIX ? -1 : new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
    if (said !== rawLength) throw new Error(`its own length is ${said}, the frame's ${rawLength}`);
    return lz4Expand(payload);
  }
  if (codec === Codec.brotli) return brotliExpand(payload, { maxOutputLength: rawLength });
  if (codec === Codec.zstd && zstdExpand !== null) return zstdExpand(payload, { maxOutputLength: rawLength });
  throw new Error(`codec ${codec} cannot be expanded here`);
}
