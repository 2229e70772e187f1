import { brand, type RawName, rawFromText } from '@understudy/base';
import {
  encodeRecord,
  NO_ATTRIBUTES,
  type NodeId,
  type OperationRecord,
  type RecordInput,
  RenameFlag,
  record,
  Verb,
} from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Scope } from '../../../ports.ts';
import { DirtyMap } from './dirty-map.ts';
import { RootScope } from './root-scope.ts';
import { filterRecord, isForeign } from './scope-filter.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));
const name = rawFromText;
const FILE = { ...NO_ATTRIBUTES, mode: 0o100644, nlink: 1 };
const TWICE = { ...FILE, nlink: 2 };
const FOLDER = { ...NO_ATTRIBUTES, mode: 0o040755, nlink: 2 };
const ROOT = node(1);

/** Everything but what is called `out`, and what lies beneath that. */
const RULES: Scope = {
  whole: false,
  decide: (path) => (path.split('/').includes('out') ? 'outside' : 'inside'),
};
const WHOLE: Scope = { whole: true, decide: () => 'inside' };

let scope: RootScope;
let dirty: DirtyMap;

function begin(rules: Scope): void {
  scope = new RootScope({ scope: rules, rootPath: name('/data'), rootNode: ROOT });
  scope.addNameless(ROOT);
  dirty = new DirtyMap();
}

const at = (parent: number, text: string) => ({ parent: node(parent), name: name(text), parentMtimeSec: 5 });
const to = (parent: number, text: string) => ({ parent2: node(parent), name2: name(text), parent2MtimeSec: 6 });

/** What goes on the wire in the record's place: verbs with the node, or the parent where there is none. */
function said(input: RecordInput): string[] | 'send' | 'drop' {
  const verdict = filterRecord(scope, dirty, record(input));
  return typeof verdict === 'string' ? verdict : verdict.instead.map(shown);
}
const VERBS = new Map<number, string>(Object.entries(Verb).map(([verb, number]) => [number, verb]));
const shown = (r: OperationRecord): string => `${VERBS.get(r.verb)} ${r.node === 0n ? `in ${r.parent}` : r.node}`;

const make = (n: number, parent: number, text: string, attributes = FILE) =>
  said({ verb: attributes === FOLDER ? Verb.mkdir : Verb.create, node: node(n), ...at(parent, text), attributes });
const rename = (n: number, from: [number, string], into: [number, string], attributes = FILE) =>
  said({ verb: Verb.rename, node: node(n), ...at(...from), ...to(...into), attributes });
const write = (n: number) => said({ verb: Verb.write, node: node(n) });

describe('a root that is whole', () => {
  beforeEach(() => begin(WHOLE));

  it('a file without a name that was closed is told of once, and nobody else’s', () => {
    const forget = (n: number) => said({ verb: Verb.forget, node: node(n) });
    said({ verb: Verb.tmpfile, node: node(2), parent: ROOT, attributes: FILE });
    expect(write(2)).toBe('send');
    expect([forget(2), forget(2), forget(3)]).toEqual(['send', 'drop', 'drop']);
    expect(write(2)).toBe('drop');
    make(4, 1, 'f');
    said({ verb: Verb.unlink, node: node(4), victim: node(4), victimNlink: 0, ...at(1, 'f') });
    expect(forget(4)).toBe('drop');
  });

  it('sends what lies in known directories and drops what the mirror has not come to', () => {
    expect(make(2, 1, 'a')).toBe('send');
    expect(make(3, 77, 'b')).toBe('drop');
    expect([write(2), write(3)]).toEqual(['send', 'drop']);
  });

  it('[MIR1] what a mirror has told of stays known when the record of its making, beneath another directory, comes late', () => {
    scope.add(node(5), ROOT, name('moved'), true);
    expect(make(5, 77, 'made', FOLDER)).toBe('drop');
    expect(make(6, 5, 'in')).toBe('send');
  });

  it('[MIR6] what comes from an unknown directory is dirty, and the rename itself is not said', () => {
    expect(rename(9, [77, 'x'], [1, 'a'])).toBe('drop');
    expect(dirty.take()).toEqual([{ kind: 'entry', root: 0, parent: 1n, name: 'a' }]);
  });

  it('[MIR1] what goes to an unknown directory is detached and stays known: the mirror will find it', () => {
    make(2, 1, 'a');
    expect(rename(2, [1, 'a'], [77, 'x'])).toEqual(['detach in 1']);
    expect(scope.knows(node(2))).toBe(true);
  });

  describe('[SRM2] what a repair has told of, and which may not arrive, strays with every name that it gets', () => {
    beforeEach(() => {
      make(2, 1, 'a');
      make(3, 1, 'b');
      scope.complete([node(3)]);
      scope.add(node(3), ROOT, name('b'), false);
    });

    it('where it went; what is certain to be there does not', () => {
      expect([rename(3, [1, 'b'], [1, 'c']), rename(2, [1, 'a'], [1, 'd'])]).toEqual(['send', 'send']);
      expect([...scope.strays]).toEqual([3n]);
      expect(dirty.size).toBe(0);
    });

    it('what else it is called', () => {
      for (const n of [2, 3])
        expect(said({ verb: Verb.link, node: node(n), ...at(1, `${n}`), attributes: TWICE })).toBe('send');
      expect([...scope.strays]).toEqual([3n]);
    });

    it('what it changed places with', () => {
      const exchange = { verb: Verb.rename, detail: RenameFlag.exchange, attributes: FILE };
      expect(said({ ...exchange, node: node(2), victim: node(3), ...at(1, 'a'), ...to(1, 'b') })).toBe('send');
      expect([...scope.strays]).toEqual([3n]);
    });

    it('that is written down once, and not again with each name', () => {
      const { version } = scope;
      rename(3, [1, 'b'], [1, 'c']);
      const strayed = scope.version;
      expect(strayed).toBeGreaterThan(version);
      rename(3, [1, 'c'], [1, 'd']);
      expect(scope.version).toBe(strayed);
    });

    it('not once it has arrived, is gone, or is to be told of anew; nor when the repair tells of it again', () => {
      const stray = () => rename(3, [1, 'b'], [1, 'b']);
      scope.add(node(3), ROOT, name('b'), false);
      expect(scope.strays.size).toBe(0);
      for (const end of [() => scope.complete(), () => scope.forget(node(3)), () => scope.clear()]) {
        scope.complete([node(3)]);
        scope.add(node(3), ROOT, name('b'), false);
        stray();
        expect(scope.strays.size).toBe(1);
        end();
        expect(scope.strays.size).toBe(0);
      }
    });
  });

  it('[FSI6] notes of the ring become dirty: a known node, nothing of an unknown one, a whole root', () => {
    make(2, 1, 'a');
    said({ verb: Verb.dirty, node: node(2) });
    said({ verb: Verb.dirty, node: node(99) });
    expect(dirty.size).toBe(1);
    said({ verb: Verb.gap });
    expect(dirty.take()).toEqual([{ kind: 'root', root: 0 }]);
  });
});

describe('a root with rules', () => {
  beforeEach(() => {
    begin(RULES);
    make(10, 1, 'in', FOLDER);
    make(2, 10, 'a');
  });

  it('[TRM4] a name that is not ours is not said, but its directory’s new times are', () => {
    expect(make(3, 1, 'out')).toEqual(['rmdir in 1']);
    expect(write(3)).toBe('drop');
    expect(said({ verb: Verb.unlink, node: node(3), victim: node(3), ...at(1, 'out') })).toEqual(['rmdir in 1']);
    expect(rename(3, [1, 'out'], [10, 'out'])).toEqual(['rmdir in 1']);
  });

  it('[promise] the times of both directories of a rename that is not ours come at one position', () => {
    const verdict = filterRecord(scope, dirty, record({ verb: Verb.rename, ...at(1, 'out'), ...to(10, 'out') }));
    const [only, ...more] = typeof verdict === 'string' ? [] : verdict.instead;
    expect(more).toEqual([]);
    expect([only?.parent, only?.parentMtimeSec, only?.parent2, only?.parent2MtimeSec]).toEqual([1n, 5, 10n, 6]);
  });

  it('[MIR6] what is renamed out is detached and forgotten, and nothing of it is said any more', () => {
    expect(rename(2, [10, 'a'], [10, 'out'])).toEqual(['detach in 10', 'forget 2']);
    expect(write(2)).toBe('drop');
  });

  it('[MIR6] a directory renamed out takes everything beneath it along, but not what has a name elsewhere', () => {
    make(11, 10, 'deeper', FOLDER);
    make(4, 11, 'b');
    said({ verb: Verb.link, node: node(4), ...at(1, 'second'), attributes: TWICE });
    make(5, 11, 'c');
    expect(rename(10, [1, 'in'], [1, 'out'], FOLDER)).toEqual(['detach in 1', 'forget 10']);
    expect([2, 5, 10, 11].map((n) => scope.knows(node(n)))).toEqual([false, false, false, false]);
    expect(write(4)).toBe('send');
    expect(scope.size).toBe(2);
  });

  it('[MIR6] once there is nothing left to list, what is not known is none of ours, and goes as if it were', () => {
    scope.isListed = () => true;
    expect(rename(2, [10, 'a'], [900, 'a'])).toEqual(['detach in 10', 'forget 2']);
    expect(rename(10, [1, 'in'], [900, 'in'], FOLDER)).toEqual(['detach in 1', 'forget 10']);
  });

  it('[MIR6] a file that may have names elsewhere is detached and not forgotten on the target', () => {
    expect(rename(2, [10, 'a'], [10, 'out'], TWICE)).toEqual(['detach in 10']);
    expect(write(2)).toBe('drop');
  });

  it('[MIR6] what is renamed in is dirty as a whole', () => {
    make(3, 1, 'out');
    rename(3, [1, 'out'], [10, 'b']);
    expect(dirty.take()).toEqual([{ kind: 'entry', root: 0, parent: 10n, name: 'b' }]);
  });

  it('[MIR6] a directory with another name is looked at again: rules may decide otherwise beneath it', () => {
    expect(rename(10, [1, 'in'], [1, 'inside'], FOLDER)).toBe('send');
    expect(dirty.take()).toEqual([{ kind: 'entry', root: 0, parent: 1n, name: 'inside' }]);
    expect(scope.pathOf(node(10))).toBe('/data/inside');
  });

  it('[MIR6] an unlink in a directory that has just left the set is still said', () => {
    make(12, 10, 'sub', FOLDER);
    make(6, 12, 'd');
    // As after a rename of which the repair has not come to `sub` yet.
    scope.moved(node(12), { parent: node(10), name: name('sub') }, { parent: node(10), name: name('out') });
    expect(said({ verb: Verb.unlink, node: node(6), victim: node(6), ...at(12, 'd') })).toBe('send');
  });

  it('exchanges two that stay, and looks at the names again where one does not', () => {
    make(7, 1, 'b');
    const exchange = { verb: Verb.rename, detail: RenameFlag.exchange, attributes: FILE } as const;
    expect(said({ ...exchange, node: node(2), victim: node(7), ...at(10, 'a'), ...to(1, 'b') })).toBe('send');
    make(3, 1, 'out');
    const outwards = said({ ...exchange, node: node(2), victim: node(3), ...at(1, 'b'), ...to(1, 'out') });
    expect(outwards).toEqual(['detach in 1', 'rmdir in 1']);
    expect(dirty.take()).toEqual([{ kind: 'entry', root: 0, parent: 1n, name: 'b' as RawName }]);
    expect(scope.knows(node(2))).toBe(false);
  });

  it('a rename over the last name of all tells the target that the overwritten file is gone', () => {
    make(7, 1, 'b');
    said({ verb: Verb.link, node: node(7), ...at(10, 'b2'), attributes: TWICE });
    const over = { verb: Verb.rename, node: node(8), victim: node(7), ...at(1, 'out'), attributes: FILE } as const;
    expect(said({ ...over, parent2: node(1), name2: name('out'), victimNlink: 0 })).toContain('forget 7');
    expect(scope.knows(node(7))).toBe(false);
  });
});

describe('a root beneath a wider one of the interceptor', () => {
  beforeEach(() => {
    begin({ ...WHOLE, within: true });
    make(2, 1, 'folder', FOLDER);
    make(3, 2, 'file');
  });
  const foreign = (input: RecordInput): boolean => isForeign(scope, encodeRecord(record(input)), 0);

  it('what happens outside is not looked into, and costs no memory', () => {
    const before = scope.size;
    for (let n = 1000; n < 3000; n += 1) {
      expect(foreign({ verb: Verb.create, node: node(n), ...at(900, `f${n}`), attributes: FILE })).toBe(true);
      expect(make(n, 900, `f${n}`)).toBe('drop');
      expect(write(n)).toBe('drop');
    }
    expect([scope.size, scope.exceptions, dirty.size]).toEqual([before, null, 0]);
    expect(foreign({ verb: Verb.write, node: node(3) })).toBe(false);
    expect(foreign({ verb: Verb.rename, node: node(900), ...at(901, 'a'), ...to(1, 'b') })).toBe(false);
    expect(foreign({ verb: Verb.gap })).toBe(false);
  });

  it('[MIR6] what moves in is dirty as a whole, what moves out is detached with all beneath it', () => {
    expect(rename(50, [900, 'tree'], [1, 'came'], FOLDER)).not.toBe('send');
    expect(dirty.take()).toMatchObject([{ kind: 'entry', parent: ROOT, name: name('came') }]);
    expect(rename(2, [1, 'folder'], [900, 'gone'], FOLDER)).toEqual(['detach in 1']);
    expect([scope.knows(node(2)), scope.knows(node(3)), write(3)]).toEqual([false, false, 'drop']);
  });

  it('a directory that is renamed within stays known with all beneath it, and nothing is sent twice', () => {
    expect(rename(2, [1, 'folder'], [1, 'other'], FOLDER)).toBe('send');
    expect([dirty.size, write(3)]).toEqual([0, 'send']);
  });

  it('[SAFE3] nothing is detached or forgotten for what happens to the root itself', () => {
    const empty = { attributes: FOLDER };
    expect(rename(1, [900, 'data'], [900, 'away'], FOLDER)).toBe('drop');
    expect(said({ verb: Verb.rmdir, node: ROOT, victim: ROOT, ...at(900, 'data'), ...empty })).toBe('drop');
    expect([scope.knows(ROOT), scope.knows(node(3))]).toEqual([true, true]);
  });
});
