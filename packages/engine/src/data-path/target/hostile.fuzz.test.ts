/** Any records that pass for such: each is applied or fails by name, and the target can begin again from what it noted. */
import { position, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attributes,
  begin,
  bytesOf,
  FILE,
  FOLDER,
  id,
  limited,
  next,
  raw,
  rig,
  said,
} from './testing/hostile-source.ts';
import { ROOT_PATH } from './testing/rig.ts';

describe('[TRM2] any records at all', () => {
  const VERBS = Object.values(Verb).filter((verb) => verb < 64);
  const someNode = fc.constantFrom(0n, 1n, 2n, 3n, 4n, 5n, 100n, 0xffff_ffff_ffff_ffffn).map(id);
  const name = fc.constantFrom('folder', 'inner', 'file', 'other', '.understudy-x').map(raw);
  const big = fc.constantFrom(0, 1, 4096, 1 << 20, 2 ** 32, 2 ** 51);
  const mode = fc.constantFrom(0, FILE, FOLDER, 0o120777, 0o010644, 0o060644, 0o104755, 0o170000, 0xffff_ffff);
  const detail = fc.constantFrom(0, 1, 2, 3, 8, 16, 31, 32, 64, 67, 99);
  const one = fc.record({
    verb: fc.constantFrom(...VERBS),
    flags: fc.nat(255),
    root: fc.constantFrom(0, 0, 0, 1, 65_535),
    node: someNode,
    parent: someNode,
    parent2: someNode,
    victim: someNode,
    victimNlink: fc.nat(2),
    offset: big,
    extent: big,
    detail,
    name,
    name2: name,
    data: fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.constant(bytesOf(ROOT_PATH))),
    attributes: fc
      .record({ mode, nlink: fc.nat(2), size: big, mtimeSec: fc.integer() })
      .map(({ mode: m, ...o }) => attributes(m, o)),
  });

  const known = one.map((input) => (input.verb === Verb.mirrorBegin ? { ...input, detail: input.detail & 99 } : input));

  it('are applied or fail by name; the stream goes on, the root stays, and what is held is let go of', () => {
    fc.assert(
      fc.property(fc.array(known, { minLength: 1, maxLength: 25 }), (inputs) => {
        begin();
        const { root, limbo } = rig.replica;
        said(...inputs);
        expect(said({ verb: Verb.marker })).toEqual([]);
        expect(rig.accept.queued).toEqual({ records: 0, bytes: 0, memoryBytes: 0 });
        expect([rig.replica.root, rig.replica.limbo]).toEqual([root, limbo]);
        expect(rig.replica.attributes(root)).not.toBeNull();
      }),
      { numRuns: 600 },
    );
  });

  it('leave a journal from which the target can begin again', () => {
    fc.assert(
      fc.property(fc.array(known, { minLength: 5, maxLength: 25 }), (inputs) => {
        begin();
        said(...inputs);
        const files = limited(rig.replica);
        rig.openRoot = () => files;
        rig.restart();
        rig.openRoot = () => files;
        expect(rig.hello({ next: position(next) })).toMatchObject({ kind: 'welcome', welcome: { resumes: true } });
        expect(said({ verb: Verb.marker })).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
