/** A journal that was cut off or changed: what comes back is a state that it once was in, never another, and never an exception. */
import type { Handle } from '@understudy/engine';
import { type NodeId, position } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLine, encodeChanges, encodeLine, LineKind } from './journal-codec.ts';
import { bindingsOf, encodeMarks, loadState, shortened, u64 } from './journal-state.ts';

const BOOT = 'this boot';
const change = (node: number) => ({
  root: 0,
  node: BigInt(node) as NodeId,
  pending: false,
  handle: `handle-${node}` as Handle,
});
const start = { streamId: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11', epoch: 3, applied: 0 };
const lines = [
  encodeLine(LineKind.opened, Buffer.from(BOOT)),
  encodeLine(LineKind.restart, Buffer.from(JSON.stringify(start))),
];
for (let i = 1; i <= 20; i += 1) {
  const marks = encodeMarks({ applied: position(i * 10), complete: i > 10, compare: null });
  lines.push(
    encodeLine(LineKind.begin, u64(i * 10)),
    encodeLine(LineKind.note, encodeChanges([change(i)])),
    encodeLine(LineKind.commit, Buffer.concat([marks, encodeChanges([change(i), change(100 + i)])])),
  );
}
const whole = Buffer.concat(lines);
const described = (bytes: Buffer): string => {
  const loaded = loadState(bytes, BOOT);
  const nodes = [...bindingsOf(loaded, bytes)].map(({ node, handle }) => `${node}=${handle}`);
  return JSON.stringify({ ...loaded, nodes: nodes.sort() });
};
const states = new Set(lines.map((_, i) => described(Buffer.concat(lines.slice(0, i)))).concat(described(whole)));

const changes = fc.array(fc.record({ at: fc.nat(whole.length - 1), kind: fc.nat(2), value: fc.nat(0xffff_ffff) }), {
  minLength: 1,
  maxLength: 4,
});

function changed(list: readonly { at: number; kind: number; value: number }[]): Buffer {
  let bytes = Buffer.from(whole);
  for (const { at, kind, value } of list) {
    const where = at % Math.max(1, bytes.length);
    if (kind === 0) bytes[where] = value & 255;
    else if (kind === 1 && where + 4 <= bytes.length) bytes.writeUInt32LE(value, where);
    else bytes = bytes.subarray(0, where);
  }
  return bytes;
}

describe("a damaged target's journal", () => {
  it('[TCM5] is read up to its damage', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = changed(list);
        expect(states.has(described(bytes))).toBe(true);
        expect(described(Buffer.concat([...shortened(bytes, BOOT)]))).toEqual(expect.any(String));
      }),
      { numRuns: 400 },
    );
  });

  it('is any bytes at all: no line, or a line within them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, at) => {
        const line = decodeLine(Buffer.from(bytes), at);
        expect(line === null || line.end <= bytes.length).toBe(true);
        expect(loadState(Buffer.from(bytes), BOOT).applied).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
