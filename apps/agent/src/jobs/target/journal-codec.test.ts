import type { Handle, NodeChange } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChanges, decodeLine, encodeChanges, encodeLine, LINE_HEADER, LineKind } from './journal-codec.ts';

const change = fc.record({
  root: fc.integer({ min: 0, max: 65_535 }),
  node: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((node) => node as NodeId),
  pending: fc.boolean(),
  handle: fc.option(
    fc.uint8Array({ minLength: 1, maxLength: 136 }).map((b) => Buffer.from(b).toString('latin1') as Handle),
  ),
});

describe("the journal's lines", () => {
  it('node changes come back as they were, whatever the bytes of a handle', () => {
    fc.assert(
      fc.property(fc.array(change), (changes: NodeChange[]) => {
        expect(decodeChanges(encodeChanges(changes))).toEqual(changes);
      }),
    );
  });

  it('lines follow each other', () => {
    const bytes = Buffer.concat([
      encodeLine(LineKind.begin, Buffer.from('one')),
      encodeLine(LineKind.clear, Buffer.alloc(0)),
      encodeLine(LineKind.commit, Buffer.from('three')),
    ]);
    const found: [number, string][] = [];
    for (let line = decodeLine(bytes, 0); line !== null; line = decodeLine(bytes, line.end))
      found.push([line.kind, line.payload.toString()]);
    expect(found).toEqual([
      [LineKind.begin, 'one'],
      [LineKind.clear, ''],
      [LineKind.commit, 'three'],
    ]);
  });

  it('a line that is cut anywhere, or has one flipped bit, is none', () => {
    const line = encodeLine(LineKind.note, Buffer.from('payload'));
    for (let length = 0; length < line.length; length += 1) expect(decodeLine(line.subarray(0, length), 0)).toBeNull();
    for (let bit = 0; bit < line.length * 8; bit += 1) {
      const damaged = Buffer.from(line);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeLine(damaged, 0), `bit ${bit}`).toBeNull();
    }
  });

  it('believes no length beyond what a line can be', () => {
    const line = Buffer.alloc(LINE_HEADER + 8);
    line.writeUInt32LE(0xffff_ffff, 0);
    expect(decodeLine(line, 0)).toBeNull();
  });
});
