import { brand, rawFromText } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { RootScope } from './root-scope.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));
const name = rawFromText;
const scopeAt = (path: string, whole = false): RootScope => {
  const asked = { whole, decide: (at: string) => (at.endsWith('/no') ? ('outside' as const) : ('inside' as const)) };
  const scope = new RootScope({ scope: asked, rootPath: name(path), rootNode: node(1) });
  scope.addNameless(node(1));
  return scope;
};

describe('root scope', () => {
  it('knows the path of a directory by its parents, also beneath / and with bytes that are no text', () => {
    const scope = scopeAt('/data');
    scope.add(node(2), node(1), name('a'), true);
    scope.add(node(3), node(2), name('\udcff'), true);
    expect([scope.pathOf(node(1)), scope.pathOf(node(3))]).toEqual(['/data', '/data/a/\udcff']);
    const top = scopeAt('/');
    top.add(node(2), node(1), name('a'), true);
    expect(top.pathOf(node(2))).toBe('/a');
  });

  it('wants nothing in a directory that it does not know, nor beneath one whose parent is unknown', () => {
    const scope = scopeAt('/data');
    scope.add(node(3), node(2), name('b'), true);
    expect([scope.wants(node(9), name('x'), false), scope.wants(node(3), name('x'), false)]).toEqual([false, false]);
    expect([scope.wants(node(1), name('x'), false), scope.wants(node(1), name('no'), false)]).toEqual([true, false]);
  });

  it('keeps every name of a file, and lets it go with the last', () => {
    const scope = scopeAt('/data');
    for (const text of ['a', 'b', 'b', 'c']) scope.add(node(5), node(1), name(text), false);
    expect(scope.placesOf(node(5)).map((place) => place.name)).toEqual(['a', 'b', 'c']);
    expect([scope.lost(node(5), node(1), name('a')), scope.lost(node(5), node(1), name('c'))]).toEqual([false, false]);
    expect([scope.lost(node(5), node(1), name('b')), scope.knows(node(5))]).toEqual([true, false]);
  });

  it('[MIR3] forgets what lies beneath directories that it does not know: the rules could not be asked', () => {
    const scope = scopeAt('/data');
    scope.add(node(2), node(1), name('a'), true);
    scope.add(node(3), node(2), name('b'), false);
    scope.add(node(5), node(4), name('c'), true);
    scope.add(node(6), node(5), name('d'), false);
    scope.addNameless(node(7));
    scope.forgetUnplaced();
    expect([1, 2, 3, 4, 5, 6, 7].filter((n) => scope.knows(node(n)))).toEqual([1, 2, 3, 7]);
  });

  it('a whole root keeps no names at all', () => {
    const scope = scopeAt('/data', true);
    scope.add(node(5), node(1), name('a'), true);
    expect([scope.placesOf(node(5)), scope.lost(node(5), node(1), name('a')), scope.knows(node(5))]).toEqual([
      [],
      false,
      true,
    ]);
  });

  it('[SRM2] what a repair has told of is unknown to the next process until the repair has ended, and then only what was refused', () => {
    const scope = scopeAt('/data', true);
    scope.complete([]);
    for (const id of [2, 3]) scope.except(node(id));
    for (const id of [2, 3]) scope.add(node(id), node(1), name(`n${id}`), false);
    scope.strayed(node(2));
    expect([scope.knows(node(2)), scope.remembered, [...scope.strays]]).toEqual([true, [node(2), node(3)], [node(2)]]);
    const { version } = scope;
    scope.arrived(new Set([node(3)]));
    expect([scope.remembered, [...scope.strays]]).toEqual([[node(3)], []]);
    // So that it is written down.
    expect(scope.version).toBeGreaterThan(version);
  });

  it('a loop of directories, which only a bug can make, does not hang', () => {
    const scope = scopeAt('/data');
    scope.add(node(2), node(3), name('a'), true);
    scope.add(node(3), node(2), name('b'), true);
    expect(scope.pathOf(node(2))).toBeNull();
  });
});
