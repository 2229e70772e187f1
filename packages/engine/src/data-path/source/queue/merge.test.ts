import { brand, bytesEqual, type RawName } from '@understudy/base';
import {
  decodeRecord,
  encodeRecord,
  NO_ATTRIBUTES,
  type NodeId,
  peekLength,
  RecordFlag,
  record,
  Verb,
} from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { LooseBytes } from '../../../testing/loose-bytes.ts';
import { COMMUNICATION_BLOCK, mergeNeighbours, mergeWrite } from './merge.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));

interface Write {
  readonly n?: number;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly size?: number;
  readonly flags?: number;
}

const write = ({ n = 1, offset, data, size = 0, flags = 0 }: Write): Uint8Array =>
  encodeRecord(
    record({
      verb: Verb.write,
      node: node(n),
      offset,
      extent: data.length,
      data,
      flags,
      timeMs: size,
      attributes: { ...NO_ATTRIBUTES, size, mtimeSec: size },
    }),
  );

function target(first: Uint8Array, room = 1 << 17) {
  const bytes = new Uint8Array(room);
  bytes.set(first);
  return { bytes, used: first.length, lastAt: 0 };
}

describe('merging writes', () => {
  it('[SCM1] the merged write carries both pieces and what the file was after the second', () => {
    const first = target(write({ offset: 10, data: Uint8Array.of(1, 2, 3), size: 13 }));
    const second = write({ offset: 13, data: Uint8Array.of(4, 5), size: 15, flags: RecordFlag.modeChanged });
    expect(mergeWrite(first, second, 0, 0)).toBeGreaterThanOrEqual(0);
    const merged = decodeRecord(first.bytes, 0);
    expect([merged.offset, merged.extent, [...merged.data]]).toEqual([10, 5, [1, 2, 3, 4, 5]]);
    expect([merged.attributes.size, merged.attributes.mtimeSec, merged.flags]).toEqual([
      15,
      15,
      RecordFlag.modeChanged,
    ]);
    expect(first.used % 8).toBe(0);
  });

  for (const [what, second] of [
    ['a write that leaves a gap', write({ offset: 6, data: Uint8Array.of(9) })],
    ['a write that ends before it', write({ offset: 0, data: Uint8Array.of(9) })],
    ['a write of another file', write({ n: 2, offset: 3, data: Uint8Array.of(9) })],
    ['more than a communication block', write({ offset: 5, data: new Uint8Array(COMMUNICATION_BLOCK) })],
  ] as const)
    it(`[SCM1] ${what} stays by itself, and the first untouched`, () => {
      const first = target(write({ offset: 2, data: Uint8Array.of(1, 2, 3) }));
      const before = first.bytes.slice();
      expect(mergeWrite(first, second, 0, 0)).toBe(-1);
      expect(bytesEqual(first.bytes, before)).toBe(true);
    });

  for (const [what, offset, data, merged] of [
    ['begins within', 12, [8, 9], [10, [1, 2, 8, 9]]],
    ['lies within', 11, [9], [10, [1, 9, 3]]],
    ['covers all', 9, [5, 6, 7, 8, 9], [9, [5, 6, 7, 8, 9]]],
    ['ends where it begins', 8, [8, 9], [8, [8, 9, 1, 2, 3]]],
    ['ends within', 9, [8, 9], [9, [8, 9, 2, 3]]],
  ] as const)
    it(`[SCM1] of a write that ${what} the later bytes win, and its time`, () => {
      const first = target(write({ offset: 10, data: Uint8Array.of(1, 2, 3), size: 13 }));
      const grown = mergeWrite(first, write({ offset, data: Uint8Array.from(data), size: 14 }), 0, 0);
      const one = decodeRecord(first.bytes, 0);
      expect([one.offset, [...one.data]]).toEqual(merged);
      expect([one.extent, one.attributes.mtimeSec, one.timeMs]).toEqual([one.data.length, 14, 14]);
      expect(first.used).toBe(176 + grown);
      expect([...first.bytes.subarray(168 + one.data.length, 200)].every((byte) => byte === 0)).toBe(true);
    });

  it('[SCM1] neighbours that were stored one by one are joined, in any order, and nothing between them is overtaken', () => {
    const one = (offset: number, n = 1) => write({ n, offset, data: new Uint8Array(10).fill(offset), size: offset });
    const all = [one(0), one(20), one(10), one(30, 2), one(30), one(35), one(5)].flatMap((bytes) => [...bytes]);
    const bytes = Uint8Array.from(all);
    const left = mergeNeighbours(bytes, { used: bytes.length, count: 7 });
    const records = [];
    for (let at = 0; at < left.used; at += peekLength(bytes, at)) records.push(decodeRecord(bytes, at));
    expect(records.map((r) => [Number(r.node), r.offset, r.extent])).toEqual([
      [1, 0, 30],
      [2, 30, 10],
      [1, 30, 15],
      [1, 5, 10],
    ]);
    expect(left.count).toBe(4);
    expect([...(records[0]?.data ?? [])].map((byte) => byte / 10)).toEqual([0, 1, 2].flatMap((n) => Array(10).fill(n)));
  });

  it('[SCM1] what was stored is joined as well where its bytes are of the kind whose `slice` copies nothing', () => {
    const one = (offset: number) => write({ offset, data: new Uint8Array(300).fill(offset / 10), size: offset });
    const bytes = new LooseBytes([one(200), one(500), one(100)].flatMap((each) => [...each]));
    const left = mergeNeighbours(bytes, { used: bytes.length, count: 3 });
    const merged = decodeRecord(bytes, 0);
    expect([left.count, merged.offset, merged.extent, merged.flags, merged.timeMs]).toEqual([1, 100, 700, 0, 100]);
    expect(merged.attributes).toEqual({ ...NO_ATTRIBUTES, size: 100, mtimeSec: 100 });
    expect([...merged.data]).toEqual([...Array(300).fill(10), ...Array(100).fill(20), ...Array(300).fill(50)]);
  });

  it('[SCM1] never merges into anything but a write, across roots, nor beyond the segment', () => {
    const add = write({ offset: 3, data: Uint8Array.of(9) });
    const block = record({ verb: Verb.block, node: node(1), offset: 0, extent: 3, data: Uint8Array.of(1, 2, 3) });
    expect(mergeWrite(target(encodeRecord(block)), add, 0, 0)).toBe(-1);
    expect(mergeWrite(target(write({ offset: 0, data: Uint8Array.of(1, 2, 3) })), add, 0, 1)).toBe(-1);
    const first = write({ offset: 0, data: new Uint8Array(8) });
    const long = write({ offset: 8, data: new Uint8Array(64) });
    expect(mergeWrite(target(first, first.length + 8), long, 0, 0)).toBe(-1);
    const named = encodeRecord(record({ verb: Verb.write, node: node(1), offset: 3, name: 'x' as RawName }));
    expect(mergeWrite(target(write({ offset: 0, data: Uint8Array.of(1, 2, 3) })), named, 0, 0)).toBe(-1);
  });
});
