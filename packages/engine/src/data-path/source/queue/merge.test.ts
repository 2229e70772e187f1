import { brand, type RawName } from '@understudy/base';
import { decodeRecord, encodeRecord, NO_ATTRIBUTES, type NodeId, RecordFlag, record, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { COMMUNICATION_BLOCK, mergeWrite } from './merge.ts';

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
      attributes: { ...NO_ATTRIBUTES, size, mtimeSec: size },
    }),
  );

function target(first: Uint8Array, room = 1 << 20) {
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
    ['a write that leaves a gap', write({ offset: 4, data: Uint8Array.of(9) })],
    ['a write that overlaps', write({ offset: 2, data: Uint8Array.of(9) })],
    ['a write of another file', write({ n: 2, offset: 3, data: Uint8Array.of(9) })],
    ['more than a communication block', write({ offset: 3, data: new Uint8Array(COMMUNICATION_BLOCK) })],
  ] as const)
    it(`[SCM1] ${what} stays by itself, and the first untouched`, () => {
      const first = target(write({ offset: 0, data: Uint8Array.of(1, 2, 3) }));
      const before = first.bytes.slice();
      expect(mergeWrite(first, second, 0, 0)).toBe(-1);
      expect(first.bytes).toEqual(before);
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
