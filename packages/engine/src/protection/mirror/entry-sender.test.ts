import { brand, type RawName } from '@understudy/base';
import { ENTRY_NAMES_ONLY, type NodeId, RecordFlag, type RecordInput, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../ports.ts';
import { EntrySender } from './entry-sender.ts';
import type { ContentTask } from './world.ts';

const node = (id: number): NodeId => brand<NodeId>(BigInt(id));
const name = (text: string) => brand<RawName>(text);
const file = { mode: 0o100644, size: 10, nlink: 1 };

/** A source on which node 7 is called `now`, in directory 1. */
function sender(xattrs: () => unknown[] = () => []) {
  const said: RecordInput[] = [];
  const content: ContentTask[] = [];
  const found = { name: name('now'), node: node(7), attributes: file };
  const root = {
    index: 0,
    files: {
      entry: (_: NodeId, at: RawName) => (at === 'now' ? found : null),
      stat: () => file,
      xattrs,
    },
    scope: { whole: true, knows: () => true, wants: () => true, add: () => {}, lost: () => {}, placesOf: () => [] },
  } as never;
  const entries = new EntrySender({
    world: { say: (input: RecordInput) => said.push(input), unreadable: () => {} },
    progress: { filesTotal: 0, bytesTotal: 0 },
    inFlight: { asked: () => {} },
    compare: 'checksum',
    repair: true,
    orphans: {},
    directory: () => {},
    content: (task: ContentTask) => content.push(task),
    isFinished: () => false,
  } as never);
  return { root, entries, said, content };
}

describe('[MIR3] a question whose answer was lost', () => {
  it('is asked again at its place', () => {
    const { root, entries, said, content } = sender();
    entries.askedBefore(root, { node: node(7), parent: node(1), name: name('now') });
    expect(said[0]).toMatchObject({ node: node(7), parent: node(1), name: 'now' });
    expect(content).toEqual([]);
  });

  it('is asked of the file itself where that has another name by now', () => {
    const { root, entries, content } = sender();
    entries.askedBefore(root, { node: node(7), parent: node(1), name: name('before') });
    expect(content).toMatchObject([{ node: node(7), how: 'check', ranges: null }]);
  });
});

describe('[TRM2] extended attributes that cannot be read', () => {
  it('are not told as none: the target keeps what it has', () => {
    const flagsOf = (xattrs: () => unknown[]) => {
      const { root, entries, said } = sender(xattrs);
      entries.askedBefore(root, { node: node(7), parent: node(1), name: name('now') });
      expect(said.filter(({ verb }) => verb === Verb.xattrs)).toEqual([]);
      return (said[0]?.flags ?? 0) & RecordFlag.entryHasXattrs;
    };
    expect(flagsOf(() => [])).toBe(0);
    const refused = () => {
      throw new FileError('EIO', 'flistxattr');
    };
    expect(flagsOf(refused)).toBe(RecordFlag.entryHasXattrs);
  });
});

describe('[SRM3] a directory in one that was active when the power went', () => {
  const directory = { mode: 0o040755, size: 10, nlink: 2 };
  const listedBeneath = (stands: (at: NodeId) => boolean) => {
    const said: RecordInput[] = [];
    const listed: NodeId[] = [];
    const entries = new EntrySender({
      world: { say: (input: RecordInput) => said.push(input) },
      progress: { filesTotal: 0, bytesTotal: 0 },
      inFlight: { asked: () => {}, askedSilently: () => {} },
      compare: 'checksum',
      repair: true,
      orphans: {},
      directory: (_: number, one: NodeId) => listed.push(one),
      activeDirectory: () => {},
      content: () => {},
      isFinished: () => false,
    } as never);
    const scope = { whole: false, knows: () => true, wants: () => true, add: () => {}, stands };
    const files = { ages: () => ({ bornMs: 1, changedMs: 1 }), xattrs: () => [] };
    for (const [parent, one] of [
      [node(1), node(9)],
      [node(9), node(10)],
    ] as const) {
      const entry = { name: name('below'), node: one, attributes: directory } as never;
      entries.active({ index: 0, files, scope } as never, parent, entry, 5);
    }
    expect(said).toMatchObject([{ node: node(9) }, { node: node(10) }]);
    return listed;
  };

  it('is not listed where it stands as it stood, though rules are asked, and is where it has come from elsewhere', () => {
    expect(listedBeneath(() => true)).toEqual([]);
    expect(listedBeneath((at) => at !== node(10))).toEqual([node(10)]);
  });

  it('is listed where it stands as it stood in one that has come from elsewhere: the rules see another path', () => {
    expect(listedBeneath((at) => at !== node(9))).toEqual([node(9), node(10)]);
  });
});

describe('[SRM3] an old file in a directory that was active when the power went', () => {
  const asksForContent = (known: boolean) => {
    const said: RecordInput[] = [];
    let asked = 0;
    const entries = new EntrySender({
      world: { say: (input: RecordInput) => said.push(input) },
      progress: { filesTotal: 0, bytesTotal: 0 },
      inFlight: { asked: () => (asked += 1), askedQuietly: () => {} },
      compare: 'checksum',
      repair: true,
      orphans: {},
      isFinished: () => false,
    } as never);
    const scope = { whole: false, knows: () => known, wants: () => true, add: () => {}, stands: () => known };
    const files = { ages: () => ({ bornMs: 1, changedMs: 9 }), xattrs: () => [] };
    const entry = { name: name('below'), node: node(9), attributes: file } as never;
    entries.active({ index: 0, files, scope } as never, node(1), entry, 5);
    return { namesOnly: said[0]?.detail === ENTRY_NAMES_ONLY, asked };
  };

  it('is asked for its content only where it came into the set since: what was written to it before then nobody was told', () => {
    expect(asksForContent(true)).toEqual({ namesOnly: true, asked: 0 });
    expect(asksForContent(false)).toEqual({ namesOnly: false, asked: 1 });
  });
});

describe('[MIR3] what a mirror before the restart had finished', () => {
  it.each([0o040755, 0o100644])(
    'is asked for before its name makes it known: what it was not seen to do counts (%o)',
    (mode) => {
      const known = new Set([node(1)]);
      const asked: boolean[] = [];
      const entries = new EntrySender({
        world: { say: () => {} },
        progress: { filesTotal: 0, bytesTotal: 0 },
        inFlight: { asked: () => {}, askedSilently: () => {} },
        compare: 'checksum',
        repair: false,
        orphans: {},
        directory: () => {},
        content: () => {},
        isFinished: (_: number, one: NodeId) => {
          asked.push(known.has(one));
          return known.has(one);
        },
      } as never);
      const scope = {
        whole: false,
        knows: (one: NodeId) => known.has(one),
        wants: () => true,
        add: (one: NodeId) => known.add(one),
      };
      const entry = { name: name('n'), node: node(9), attributes: { mode, size: 10, nlink: 1 } } as never;
      entries.listed({ index: 0, files: { xattrs: () => [] }, scope } as never, node(1), entry);
      expect([asked[0], known.has(node(9))]).toEqual([false, true]);
    },
  );

  it('is told of by its name alone, and asked for by a target that has lost it: nothing says that all of its content has come', () => {
    const said: RecordInput[] = [];
    let quietly = 0;
    const entries = new EntrySender({
      world: { say: (input: RecordInput) => said.push(input) },
      progress: { filesTotal: 0, bytesTotal: 0, filesDone: 0, bytesSkipped: 0 },
      inFlight: { askedQuietly: () => (quietly += 1) },
      compare: 'everything',
      repair: false,
      orphans: {},
      isFinished: () => true,
    } as never);
    const scope = { whole: true, knows: () => true, wants: () => true, add: () => {} };
    const entry = { name: name('n'), node: node(9), attributes: file } as never;
    entries.listed({ index: 0, files: { xattrs: () => [] }, scope } as never, node(1), entry);
    expect([said, quietly]).toMatchObject([[{ verb: Verb.entry, detail: ENTRY_NAMES_ONLY, flags: 0 }], 1]);
  });
});
