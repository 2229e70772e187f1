import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAGE, SparseContent } from './content.ts';

const SIZE = 6 * PAGE;
const offset = fc.nat(SIZE);
const length = fc.nat(3 * PAGE);
const pages = fc.nat(3);

const step = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), a: offset, b: length }),
  fc.record({ kind: fc.constant('zero' as const), a: offset, b: length }),
  fc.record({ kind: fc.constant('truncate' as const), a: offset, b: fc.constant(0) }),
  fc.record({ kind: fc.constant('collapse' as const), a: pages, b: pages }),
  fc.record({ kind: fc.constant('insert' as const), a: pages, b: pages }),
);

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

/** The same on a plain array of bytes; returns null where the file system would refuse the step. */
function naive(bytes: number[], kind: string, a: number, b: number, fill: number): number[] | null {
  const at = a * PAGE;
  const count = b * PAGE;
  if (kind === 'write') {
    const grown = [...bytes, ...zeros(Math.max(0, (b > 0 ? a + b : 0) - bytes.length))];
    return grown.map((byte, i) => (i >= a && i < a + b ? fill : byte));
  }
  if (kind === 'zero') return bytes.map((byte, i) => (i >= a && i < a + b ? 0 : byte));
  if (kind === 'truncate') return [...bytes.slice(0, a), ...zeros(Math.max(0, a - bytes.length))];
  if (kind === 'collapse')
    return count === 0 || at + count >= bytes.length ? null : [...bytes.slice(0, at), ...bytes.slice(at + count)];
  return count === 0 || at >= bytes.length ? null : [...bytes.slice(0, at), ...zeros(count), ...bytes.slice(at)];
}

function perform(content: SparseContent, kind: string, a: number, b: number, fill: number): void {
  if (kind === 'write') content.write(a, new Uint8Array(b).fill(fill));
  else if (kind === 'zero') content.zero(a, b);
  else if (kind === 'truncate') content.truncate(a);
  else if (kind === 'collapse') content.collapse(a * PAGE, b * PAGE);
  else content.insert(a * PAGE, b * PAGE);
}

function stretches(content: SparseContent): [number, number][] {
  const found: [number, number][] = [];
  for (let at = content.dataAfter(0); at !== null; at = content.dataAfter(at.end)) found.push([at.start, at.end]);
  return found;
}

describe('sparse content', () => {
  it('reads as a plain array of bytes does, whatever was done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const content = new SparseContent();
        let bytes: number[] = [];
        for (const [i, { kind, a, b }] of steps.entries()) {
          const next = naive(bytes, kind, a, b, i + 1);
          if (next === null) continue;
          bytes = next;
          perform(content, kind, a, b, i + 1);
        }
        const read = new Uint8Array(bytes.length + 10);
        expect(content.size).toBe(bytes.length);
        expect(content.read(0, read)).toBe(bytes.length);
        expect(Buffer.from(read.subarray(0, bytes.length)).equals(Buffer.from(bytes))).toBe(true);
        const inData = new Set(stretches(content).flatMap(([s, e]) => Array.from({ length: e - s }, (_, k) => s + k)));
        for (const [i, byte] of bytes.entries()) if (byte !== 0) expect(inData.has(i)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('holds a page for a byte written far out, and shows the hole before it', () => {
    const content = new SparseContent();
    content.write(2 ** 40, Uint8Array.of(7));
    expect(content.heldBytes).toBe(PAGE);
    expect(stretches(content)).toEqual([[2 ** 40, 2 ** 40 + 1]]);
  });

  it('brings back zeros, not old bytes, where a file shrinks and grows again', () => {
    const content = new SparseContent();
    content.write(0, new Uint8Array(100).fill(9));
    content.truncate(10);
    content.truncate(100);
    const read = new Uint8Array(100);
    content.read(0, read);
    expect([...read.subarray(9, 12)]).toEqual([9, 0, 0]);
  });
});
