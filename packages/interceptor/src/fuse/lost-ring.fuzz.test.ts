/** The note about a ring that was lost, changed by a disk or a hand: a power cut of this form, or none; a start is never prevented by it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LostRing } from './lost-ring.ts';

const REGIONS = [
  { kind: 'names', node: '12', numbers: [1_700_000_000_000] },
  { kind: 'content', node: '18446744073709551615', numbers: [0, -1] },
  { kind: 'metadata', node: '13' },
  { kind: 'all' },
];
const CUT = { ring: 'aa', bootedAtMs: 1000, roots: [{ path: '2f737276', regions: REGIONS }], unknown: ['2f61'] };
const GOOD = JSON.stringify({ generation: 3, ring: 'bb', powerCut: CUT });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-lost-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string | Uint8Array) {
  writeFileSync(join(folder, 'ring.json'), text);
  return new LostRing(folder).powerCut;
}

describe('the note about a lost ring', () => {
  it('is read as it was written', () => {
    expect(read(GOOD)).toEqual({
      ring: 'aa',
      bootedAtMs: 1000,
      roots: [
        {
          path: '/srv',
          regions: [
            { kind: 'names', node: 12n, sinceMs: 1_700_000_000_000 },
            { kind: 'content', node: 0xffff_ffff_ffff_ffffn, from: 0, to: null },
            { kind: 'metadata', node: 13n },
            { kind: 'all' },
          ],
        },
      ],
      unknown: ['/a'],
    });
    // One that does not say which roots it leaves out may leave out any.
    expect(read(GOOD.replace('"unknown"', '"other"'))).toBeNull();
  });

  it('that was changed tells of a power cut or of none, and throws nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(GOOD.length - 1), kind: fc.nat(2), text: fc.string({ maxLength: 8 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        (list) => {
          let text = GOOD;
          for (const { at, kind, text: other } of list) {
            if (kind === 0) text = text.slice(0, at);
            else text = text.slice(0, at) + other + text.slice(at + (kind === 1 ? other.length : 0));
          }
          const cut = read(text);
          for (const { regions } of cut?.roots ?? []) expect(regions.length).toBeLessThanOrEqual(text.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of any bytes or any JSON tells of none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.jsonValue({ maxDepth: 3 }), (bytes, powerCut) => {
        expect(read(bytes)).toBeNull();
        expect(read(JSON.stringify({ generation: 3, ring: 'bb', powerCut }))).toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['roots that are none', { ...CUT, roots: 7 }],
    ['a root without regions', { ...CUT, roots: [{ path: '2f' }] }],
    ['a node that is no number', { ...CUT, roots: [{ path: '2f', regions: [{ kind: 'metadata', node: 'x' }] }] }],
  ])('with %s tells of none', (_, powerCut) => {
    expect(read(JSON.stringify({ generation: 3, ring: 'bb', powerCut }))).toBeNull();
  });
});
