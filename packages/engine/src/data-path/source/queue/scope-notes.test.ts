import { brand, type RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Scope } from '../../../ports.ts';
import { RootScope } from './root-scope.ts';
import { readScopeNotes, ScopeNotes } from './scope-notes.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));
const name = (n: number): RawName => brand<RawName>(`n${n}`);
const RULED: Scope = { whole: false, decide: () => 'inside' };
const newScope = () => new RootScope({ scope: RULED, rootPath: brand<RawName>('/r'), rootNode: node(1) });

const picture = (scope: RootScope) =>
  [...scope.nodes()].map((one) => [String(one), scope.noteOf(one)] as const).sort(([a], [b]) => (a < b ? -1 : 1));

const change = fc.record({ kind: fc.nat(5), a: fc.integer({ min: 2, max: 9 }), b: fc.integer({ min: 1, max: 4 }) });

function apply(scope: RootScope, { kind, a, b }: { kind: number; a: number; b: number }): void {
  const isDirectory = a < 5;
  if (kind < 2) scope.add(node(a), node(b), name(a + kind * 10), isDirectory);
  else if (kind === 2) scope.lost(node(a), node(b), name(a));
  else if (kind === 3) scope.forget(node(a));
  else if (kind === 4) scope.addNameless(node(5 + (a % 5)));
  else scope.moved(node(a), { parent: node(b), name: name(a) }, { parent: node(1), name: name(a + 20) });
}

describe('notes of which nodes are known', () => {
  it('[SRM3] read back, the picture is the one at the place up to which the ring was let go of', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), fc.nat(60), fc.nat(60), (changes, from, to) => {
        const scope = newScope();
        const notes = new ScopeNotes();
        notes.kept = true;
        const pieces: Uint8Array[] = [];
        let at = picture(scope);
        const through = Math.min(from, to, changes.length);
        for (const [i, one] of changes.entries()) {
          apply(scope, one);
          notes.collect(scope, 0, { sequence: i + 1, said: false });
          if (i + 1 === through) at = picture(scope);
          // Written down now and then, also of what lies behind the place.
          if (i % 3 === 0) pieces.push(notes.take(Math.min(i, through)));
        }
        pieces.push(notes.take(through));
        const restored = newScope();
        restored.restore(readScopeNotes(pieces)?.roots.get(0)?.nodes ?? []);
        expect(picture(restored)).toEqual(at);
      }),
    );
  });

  it('[SRM3] what a repair told of and is not known to have arrived is not known, and named', () => {
    const scope = newScope();
    const notes = new ScopeNotes();
    notes.kept = true;
    scope.addNameless(node(1));
    scope.add(node(2), node(1), name(2), false);
    notes.collect(scope, 0, { sequence: 5, said: false });
    scope.add(node(3), node(1), name(3), false);
    notes.collect(scope, 0, { sequence: 5, said: true });
    const before = [notes.take(9)];
    expect(readScopeNotes(before)?.roots.get(0)).toMatchObject({ doubtful: [{ parent: node(1), name: name(3) }] });
    expect(readScopeNotes(before)?.roots.get(0)?.nodes.has(node(3))).toBe(false);
    notes.settle();
    const after = readScopeNotes([...before, notes.take(9)])?.roots.get(0);
    expect([after?.nodes.has(node(3)), after?.doubtful]).toEqual([true, []]);
  });

  it('[SRM3] a picture that a mirror had begun from nothing counts as none', () => {
    const scope = newScope();
    const notes = new ScopeNotes();
    notes.kept = true;
    scope.add(node(2), node(1), name(2), false);
    notes.collect(scope, 0, { sequence: 1, said: false });
    scope.clear();
    scope.addNameless(node(1));
    notes.collect(scope, 0, { sequence: 1, said: true });
    expect(readScopeNotes([notes.take(2)])?.roots.get(0)?.partial).toBe(true);
  });

  it('bytes that nobody wrote are no notes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (pieces) => {
        const read = readScopeNotes(pieces);
        expect(read === null || read.through >= Number.NEGATIVE_INFINITY || Number.isNaN(read.through)).toBe(true);
      }),
    );
  });
});
