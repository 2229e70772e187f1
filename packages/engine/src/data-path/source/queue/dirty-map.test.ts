import { brand, rawFromText } from '@understudy/base';
import { type NodeId, record, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { DirtyMap, MAX_DIRTY_ITEMS } from './dirty-map.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));
const name = rawFromText;

describe('dirty map', () => {
  it('[SRM2] notes both names of a rename, the name of whatever else changes names, and else the node', () => {
    const dirty = new DirtyMap();
    const rename = { parent: node(1), name: name('a'), parent2: node(2), name2: name('b'), node: node(9) };
    dirty.addOperation(record({ verb: Verb.rename, ...rename }), 'queue-full');
    dirty.addOperation(record({ verb: Verb.unlink, parent: node(3), name: name('c'), node: node(8) }), 'queue-full');
    dirty.addOperation(record({ verb: Verb.write, node: node(7), offset: 5000, extent: 10 }), 'queue-full');
    dirty.addOperation(record({ verb: Verb.marker }), 'queue-full');
    expect(dirty.take()).toEqual([
      { kind: 'entry', root: 0, parent: 1n, name: 'a' },
      { kind: 'entry', root: 0, parent: 2n, name: 'b' },
      { kind: 'entry', root: 0, parent: 3n, name: 'c' },
      { kind: 'ranges', root: 0, node: 7n, ranges: [4096, 8192] },
    ]);
  });

  it('[SRM2] the removal of nobody, which carries times only, notes its directories and no name', () => {
    const dirty = new DirtyMap();
    const nobody = { verb: Verb.rmdir, parent: node(1), name: name('out'), parent2: node(2) } as const;
    dirty.addOperation(record(nobody), 'queue-full');
    expect(dirty.take()).toEqual([
      { kind: 'metadata', root: 0, node: 1n },
      { kind: 'metadata', root: 0, node: 2n },
    ]);
  });

  it('[SRM2] a name that left the set for a directory of it notes that one, too', () => {
    const dirty = new DirtyMap();
    const detach = { verb: Verb.detach, parent: node(1), name: rawFromText('gone') };
    dirty.addOperation(record({ ...detach, parent2: node(2) }), 'queue-full');
    expect(dirty.items()).toMatchObject([
      { kind: 'entry', parent: node(1), name: 'gone' },
      { kind: 'metadata', node: node(2) },
    ]);
  });

  it('counts an item once, and its reason once', () => {
    const dirty = new DirtyMap();
    for (let i = 0; i < 5; i += 1) dirty.addNode(0, node(4), 'refused-by-target');
    dirty.addNode(1, node(4), 'refused-by-target');
    expect([dirty.size, dirty.reasons()]).toEqual([2, [{ reason: 'refused-by-target', items: 2 }]]);
    dirty.take();
    expect([dirty.size, dirty.reasons()]).toEqual([0, []]);
  });

  it('[FSI6] a root stands for everything beneath it, and swallows what comes later', () => {
    const dirty = new DirtyMap();
    dirty.addNode(0, node(1), 'ring-full');
    dirty.addNode(1, node(2), 'ring-full');
    dirty.addRoot(0, 'interception-gap');
    dirty.addEntry(0, node(5), name('x'), 'ring-full');
    expect(dirty.take()).toEqual([
      { kind: 'node', root: 1, node: 2n },
      { kind: 'root', root: 0 },
    ]);
  });

  it('[SRM2] is bounded: beyond its limit it stands for the whole root', () => {
    const dirty = new DirtyMap();
    for (let i = 1; i <= MAX_DIRTY_ITEMS + 10; i += 1) dirty.addNode(0, node(i), 'queue-full');
    expect(dirty.take()).toEqual([{ kind: 'root', root: 0 }]);
  });
});
