import { randomBytes } from 'node:crypto';
import type { LoggedPacket } from '@understudy/engine';
import { Codec, type FrameFields, FrameType, position } from '@understudy/wire';
import { afterEach, expect, it, vi } from 'vitest';
import { compressorFor } from '../compression/index.ts';
import { Sender } from './sender.ts';

const packet = (number: number, bytes: Uint8Array): LoggedPacket => ({
  ...{ from: position(number), to: position(number), bytes, count: 1, firstTimeMs: 0, origin: 0, first: 0 },
});

function bench() {
  const frames: (FrameFields & { length: number })[] = [];
  let heard: () => void = () => {};
  const sender = new Sender({
    fields: ({ from, to }) => ({ type: FrameType.operations, from, to, records: 1 }),
    put: (fields, payload) => {
      frames.push({ ...fields, length: payload.length });
      heard();
      return true;
    },
    writable: () => {},
    fault: (error) => {
      throw error;
    },
  });
  const arrived = (count: number) =>
    new Promise<void>((resolve) => {
      heard = () => {
        if (frames.length >= count) resolve();
      };
      heard();
    });
  return { sender, frames, arrived };
}

afterEach(() => {
  vi.useRealTimers();
});

it('[SCM3] order is kept though the packets take different times, and each says its codec', async () => {
  const { sender, frames, arrived } = bench();
  sender.setCompressor(compressorFor('high', undefined));
  const text = Buffer.alloc(200_000, 'abcdefgh');
  sender.send(packet(1, text));
  sender.send(packet(2, Buffer.from('short')));
  sender.send(packet(3, randomBytes(100_000)));
  sender.send(packet(4, text));
  await arrived(4);
  expect(frames.map(({ from, codec, rawLength }) => [from, codec, rawLength])).toEqual([
    [1, Codec.brotli, 200_000],
    [2, Codec.none, undefined],
    [3, Codec.none, undefined],
    [4, Codec.brotli, 200_000],
  ]);
  expect(sender.traffic.sentBytes).toBe(500_005);
  expect(sender.traffic.sentCompressedBytes).toBe(frames.reduce((sum, { length }) => sum + length, 0));
});

it('[SCM2] what was under work when the link went is not sent on the next one', async () => {
  const { sender, frames, arrived } = bench();
  sender.setCompressor(compressorFor('high', undefined));
  sender.send(packet(1, Buffer.alloc(500_000, 'abc')));
  sender.reset();
  sender.send(packet(2, Buffer.alloc(500_000, 'abc')));
  await arrived(1);
  expect(frames.map(({ from }) => from)).toEqual([2]);
});

it('[SCM4] what is ready to go stays while anybody holds the job, and goes in its order afterwards', async () => {
  const { sender, frames } = bench();
  const shorter = { codec: Codec.brotli, compress: async (bytes: Uint8Array) => bytes.subarray(0, 10) };
  sender.setCompressor(shorter);
  for (const at of [1, 2, 3]) sender.send(packet(at, new Uint8Array(100_000)));
  sender.hold('person', true);
  sender.hold('limits', true);
  await new Promise((resolve) => setImmediate(resolve));
  sender.drained();
  sender.setRate(1_000_000_000);
  sender.setRate(null);
  sender.hold('person', false);
  expect([frames, sender.writable]).toEqual([[], false]);
  sender.hold('limits', false);
  expect([frames.map(({ from }) => from), sender.writable]).toEqual([[1, 2, 3], true]);
});

it('[SCM4] what is held counts as it was handed in until it is known how much it shrinks to', async () => {
  const { sender, arrived } = bench();
  sender.setCompressor(compressorFor('high', undefined));
  sender.send(packet(1, Buffer.alloc(200_000, 'abcdefgh')));
  expect(sender.committedBytes).toBeGreaterThan(200_000);
  await arrived(1);
  expect(sender.committedBytes).toBe(sender.traffic.wireBytes);
  expect(sender.committedBytes).toBeLessThan(20_000);
});

it('[SCM4] a rate holds the packets back, is changed at once, and counts what the wire carries', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const { sender } = bench();
  const bytes = new Uint8Array(50_000);
  let number = 0;
  const offer = () => {
    while (sender.writable) {
      number += 1;
      sender.send(packet(number, bytes));
    }
  };
  const carried = (ms: number) => {
    const before = sender.traffic.wireBytes;
    for (let passed = 0; passed < ms; passed += 5) {
      offer();
      vi.advanceTimersByTime(5);
    }
    return sender.traffic.wireBytes - before;
  };
  sender.setRate(1_000_000);
  expect(carried(10_000) / 10_000_000).toBeCloseTo(1, 1);
  sender.setRate(4_000_000);
  expect(carried(1000) / 4_000_000).toBeCloseTo(1, 1);
  sender.setRate(200_000);
  expect(carried(1000)).toBeLessThan(280_000);
  sender.reset();
});
