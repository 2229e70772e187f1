import { brotliCompressSync } from 'node:zlib';
import { Codec, type FrameHeader, FrameType, MAX_FRAME, position } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { expand } from '../compression/index.ts';
import { EXPANDED_AT_ONCE, Expander, HELD_BYTES } from './expander.ts';

const header = (at: number, codec: Codec, payloadLength: number, rawLength: number): FrameHeader => ({
  ...{ type: FrameType.operations, codec, payloadLength, rawLength, records: 1 },
  ...{ from: position(at), to: position(at), epoch: 1, origin: 0, crc: 0 },
});

/** Counts what is being expanded, and what is and has not been delivered. */
class Bench {
  readonly delivered: number[] = [];
  readonly rests: boolean[] = [];
  failed: string | null = null;
  most = { bytes: 0, atOnce: 0 };
  #alive = 0;
  #atOnce = 0;
  #heard: () => void = () => {};
  readonly expander = new Expander(
    {
      deliver: ({ from, rawLength, codec }, payload) => {
        expect([codec, payload.length]).toEqual([Codec.none, rawLength]);
        this.delivered.push(from);
        if (this.#begun.delete(from)) this.#alive -= rawLength;
        this.#heard();
      },
      spent: () => {},
      failed: (sentence) => {
        this.failed = sentence;
        this.#heard();
      },
      full: (full) => this.rests.push(full),
    },
    (codec, payload, rawLength) => this.#expand(codec, payload, rawLength),
  );
  readonly #begun = new Set<number>();
  #next = 0;
  readonly #order: number[] = [];

  push(at: number, codec: Codec, payload: Uint8Array, rawLength: number): void {
    if (codec !== Codec.none) this.#order.push(at);
    this.expander.push(header(at, codec, payload.length, rawLength), payload);
  }

  until(done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = () => {
        if (done()) resolve();
      };
      this.#heard();
    });
  }

  async #expand(codec: Codec, payload: Uint8Array, rawLength: number): Promise<Uint8Array> {
    this.#begun.add(this.#order[this.#next] as number);
    this.#next += 1;
    this.#alive += rawLength;
    this.#atOnce += 1;
    this.most = { bytes: Math.max(this.most.bytes, this.#alive), atOnce: Math.max(this.most.atOnce, this.#atOnce) };
    try {
      return await expand(codec, payload, rawLength);
    } finally {
      this.#atOnce -= 1;
    }
  }
}

const bomb = brotliCompressSync(new Uint8Array(MAX_FRAME));
const small = brotliCompressSync(Buffer.from('abc'));

describe('frames that are expanded', () => {
  let bench: Bench;
  afterEach(() => bench.expander.end());

  it('a flood of small frames that declare much has no more than a fixed number of bytes alive at once, in order', async () => {
    bench = new Bench();
    expect(bomb.length).toBeLessThan(64);
    for (let at = 1; at <= 60; at += 1) bench.push(at, Codec.brotli, bomb, MAX_FRAME);
    await bench.until(() => bench.delivered.length === 60);
    expect(bench.most.bytes).toBe(HELD_BYTES);
    expect(bench.delivered).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(bench.rests).toEqual([true, false]);
  });

  it('many short ones are not begun all at once either, and none of what follows overtakes them', async () => {
    bench = new Bench();
    for (let at = 1; at <= 300; at += 1)
      if (at % 3 === 0) bench.push(at, Codec.none, Buffer.from('raw'), 3);
      else bench.push(at, Codec.brotli, small, 3);
    await bench.until(() => bench.delivered.length === 300);
    expect(bench.most.atOnce).toBe(EXPANDED_AT_ONCE);
    expect(bench.delivered).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
  });

  it('behind a damaged one none is begun any more', async () => {
    bench = new Bench();
    for (let at = 1; at <= 50; at += 1) bench.push(at, Codec.brotli, Buffer.from('no brotli at all'), MAX_FRAME);
    await bench.until(() => bench.failed !== null);
    bench.expander.end();
    expect(bench.delivered).toEqual([]);
    expect(bench.most.bytes).toBeLessThanOrEqual(HELD_BYTES);
  });
});
