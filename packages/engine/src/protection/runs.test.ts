import { brand, type RawName } from '@understudy/base';
import { type NodeId, OrphanFate, position, type RecordInput, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { DirtyMap } from '../data-path/source/queue/dirty-map.ts';
import { RootScope } from '../data-path/source/queue/root-scope.ts';
import type { MarkOutcome } from '../data-path/source-path.ts';
import { remember, restore } from './job-memory.ts';
import { AttributeTrust } from './mirror/attribute-trust.ts';
import { VolatileMirrorMemory } from './mirror/memory.ts';
import { DEFAULT_OPTIONS } from './mirror/plan.ts';
import { Refusals } from './refusals.ts';
import { Runs } from './runs.ts';

const node = (id: number): NodeId => brand<NodeId>(BigInt(id));

function runsWith(memory: VolatileMirrorMemory, whole = true) {
  const rootNode = node(1);
  const scope = new RootScope({
    scope: { whole, decide: () => 'inside' },
    rootPath: brand<RawName>('/srv'),
    rootNode,
  });
  const stats = new Map<NodeId, { readonly mode: number }>();
  const files = { rootNode, stat: (of: NodeId) => stats.get(of) ?? null } as never;
  const root = { index: 0, path: new Uint8Array(), files, scope };
  const roots = new Map([[0, root]]);
  const world = { roots, wallMs: () => 0, next: () => position(1), say: () => {} } as never;
  const parts = { dirty: new DirtyMap(), refusals: new Refusals(), event: () => {}, completed: () => {} };
  return {
    scope,
    stats,
    roots,
    dirty: parts.dirty,
    refusals: parts.refusals,
    runs: new Runs({ ...parts, world, memory }),
  };
}

function remembering(...finished: number[]): VolatileMirrorMemory {
  const memory = new VolatileMirrorMemory();
  memory.begin({ ...DEFAULT_OPTIONS, compare: 'checksum' });
  memory.finished(0, finished.map(node));
  return memory;
}

describe('[MIR3] after a restart of the source', () => {
  it('what a mirror had finished is known again before anything is intercepted, so that operations on it pass', () => {
    const { scope, runs } = runsWith(remembering(1, 7, 8));
    expect(runs.takeUp(null)).toBe(true);
    expect([1, 7, 8, 9].map((id) => scope.knows(node(id)))).toEqual([true, true, true, false]);
  });

  it('a mirror that a person had ordered goes on, though the target may not have come to its beginning yet', () => {
    const { runs, scope } = runsWith(remembering());
    scope.complete([]);
    runs.complete = true;
    const welcome = { resumes: true, complete: true, received: position(9), applied: position(3) };
    runs.linkUp(welcome as never);
    runs.startDue();
    expect([runs.mirror?.repairing, runs.mirror?.compare]).toEqual([false, 'checksum']);
  });

  it.each([
    ['nothing is remembered', new VolatileMirrorMemory(), true],
    ['not even the root was listed', remembering(7), true],
    ['rules decide what belongs to the set', remembering(1, 7), false],
  ])('nothing goes on where %s', (_what, memory, whole) => {
    const { scope, runs } = runsWith(memory, whole);
    expect([runs.takeUp(null), scope.knows(node(7))]).toEqual([false, false]);
  });

  describe('a mirror from position 50 on', () => {
    const rootNode = node(1);
    let memory: VolatileMirrorMemory;
    let marks: ((outcome: MarkOutcome) => void)[];
    let said: RecordInput[];
    let runs: Runs;
    const settle = (taken: typeof marks) => {
      for (const one of taken) one({ kind: 'applied', at: position(60) });
    };
    const has = (at: number) => runs.replied({ kind: 'have', at: position(at), root: 0, node: rootNode });
    const isFinished = () => memory.load()?.finished.get(0)?.has(rootNode) === true;
    const begin = () => {
      runs.startDue();
      runs.step(1 << 20);
    };

    beforeEach(() => {
      memory = new VolatileMirrorMemory();
      marks = [];
      said = [];
      const nothing = { next: () => [], takeUnreadable: () => [], close: () => {} };
      const files = { rootNode, stat: () => ({ mode: 0o40755 }), xattrs: () => [], openDirectory: () => nothing };
      const scope = new RootScope({
        scope: { whole: true, decide: () => 'inside' },
        rootPath: brand<RawName>('/srv'),
        rootNode,
      });
      const root = { index: 0, path: new Uint8Array(), files: files as never, scope };
      const world = {
        ...{ roots: new Map([[0, root]]), wallMs: () => 90_000, next: () => position(50) },
        ...{ say: (one: RecordInput) => said.push(one) },
        ...{ mark: (one: (outcome: MarkOutcome) => void) => marks.push(one), asksIfEmpty: () => false },
      };
      const parts = { dirty: new DirtyMap(), refusals: new Refusals(), event: () => {}, completed: () => {} };
      runs = new Runs({ ...parts, world: world as never, memory });
      runs.want('checksum');
      begin();
    });

    it.each([
      [49, false],
      [55, true],
    ])('an answer at %d is one to its own question: %s', (at, isAnswer) => {
      has(at);
      settle(marks.splice(0));
      expect(isFinished()).toBe(isAnswer);
    });

    it('[MIR4] says at the end of each listing what becomes of orphans, and of which by their age', () => {
      runs.lose();
      runs.command('checksum', { orphans: 'move', orphansOlderThanMs: 30_000 });
      begin();
      const orders = said.filter(({ verb }) => verb === Verb.listingEnd);
      expect(orders).toMatchObject([
        { detail: OrphanFate.report, extent: 0, offset: 90_000 },
        { detail: OrphanFate.move, extent: 60, offset: 90_000 },
      ]);
    });

    it('that was lost says nothing of what another has finished, though what it had said arrives later', () => {
      has(55);
      const late = marks.splice(0);
      runs.lose();
      runs.command('checksum');
      begin();
      settle(late);
      expect([marks.length, isFinished()]).toEqual([1, false]);
      has(55);
      settle(marks.splice(0));
      expect(isFinished()).toBe(true);
    });
  });

  it('a mirror that was paused is still paused', () => {
    const memory = remembering(1);
    memory.setPaused(true);
    expect(runsWith(memory).runs.mirrorPaused).toBe(true);
  });
});

describe('[SRM1] [MIR3] a queue that could not be read', () => {
  const left = { complete: false, items: [], reasons: [] };

  it.each([
    ['counts what a mirror had finished no more', [], false],
    ['not where it was whole', [{ exceptions: null, nameless: [] }], true],
  ])('%s', (_what, scopes, goesOn) => {
    const { scope, dirty, runs, roots } = runsWith(remembering(1, 7));
    const rooms = { dirty, runs, roots, scopes: new Map([[0, scope]]), refusals: new Refusals() };
    restore({ memory: { ...left, scopes } }, rooms, { seenThrough: () => {} });
    expect(scope.knows(node(7))).toBe(goesOn);
  });
});

describe('[SRM2] a repair that is lost', () => {
  it('gives back what it had taken, and the directories that it had come to: by their names nobody would list them again', () => {
    const { dirty, runs, scope, stats } = runsWith(new VolatileMirrorMemory());
    runs.complete = true;
    scope.add(node(7), node(1), brand<RawName>('new'), true);
    dirty.addEntry(0, node(1), brand<RawName>('new'), 'queue-full');
    runs.startDue();
    stats.set(node(7), { mode: 0o040755 });
    runs.replied({ kind: 'want', at: position(1), root: 0, node: node(7) });
    expect([dirty.size, runs.mirror?.repairing]).toEqual([0, true]);
    runs.lose();
    expect(dirty.items()).toEqual([
      { kind: 'entry', root: 0, parent: node(1), name: 'new' },
      { kind: 'node', root: 0, node: node(7) },
    ]);
  });
});

describe('[MIR2] size and time decide', () => {
  it.each([
    ['at the first greeting of all', (_: AttributeTrust) => {}, 'attributes'],
    [
      'where the target goes on',
      (trust: AttributeTrust) => trust.greeted({ resumes: true, incomplete: false }),
      'attributes',
    ],
    [
      'not where it could not go on',
      (trust: AttributeTrust) => trust.greeted({ resumes: false, incomplete: false }),
      'checksum',
    ],
    [
      'not where a run was lost',
      (trust: AttributeTrust) => trust.greeted({ resumes: true, incomplete: true }),
      'checksum',
    ],
    ['not where a comparison was given up', (trust: AttributeTrust) => trust.gaveUp('checksum'), 'checksum'],
    ['where such a one was', (trust: AttributeTrust) => trust.gaveUp('attributes'), 'attributes'],
  ] as const)('%s', (_what, happens, compare) => {
    const trust = new AttributeTrust(false);
    trust.greeted({ resumes: false, incomplete: true });
    happens(trust);
    expect(trust.compare('attributes')).toBe(compare);
    expect(trust.compare('everything')).toBe('everything');
    trust.ended('attributes');
    expect(trust.compare('attributes')).toBe(compare);
    trust.ended('checksum');
    expect(trust.compare('attributes')).toBe('attributes');
  });
});

describe('[MIR2] size and time do not decide', () => {
  it('where the source knows nothing, and the target has applied what it does not go on with', () => {
    const trust = new AttributeTrust(false);
    trust.greeted({ resumes: false, replaces: true, incomplete: true });
    expect(trust.compare('attributes')).toBe('checksum');
  });

  it.each([
    [true, 'checksum'],
    [false, 'attributes'],
  ])('where a file could not be brought over before: %s', (isLeftOut, compare) => {
    const { runs, refusals } = runsWith(new VolatileMirrorMemory());
    if (isLeftOut) refusals.giveUp(0, node(7), '/srv/seven: lseek: EIO');
    runs.command('attributes');
    runs.startDue();
    expect([runs.mirror?.compare, refusals.unrepairable.size]).toEqual([compare, 0]);
  });
});

describe('[SRM2] what is dirty keeps its reason', () => {
  it('while a repair is at it, and when the repair is lost', () => {
    const { runs, dirty } = runsWith(new VolatileMirrorMemory());
    runs.complete = true;
    dirty.addRange(0, node(7), 0, 8192, 'queue-disk-full');
    runs.startDue();
    expect(dirty.size).toBe(0);
    expect(runs.mirror?.taken).toEqual({ bytes: 8192, reasons: [{ reason: 'queue-disk-full', items: 1 }] });
    runs.lose();
    expect(dirty.bytes).toBe(8192);
    expect(dirty.reasons().map(({ reason }) => reason)).toContain('queue-disk-full');
  });

  it('and so does what a repair had told of and what got another name since: the next process looks for it by itself', () => {
    const before = runsWith(new VolatileMirrorMemory());
    before.runs.complete = true;
    before.scope.complete([node(7)]);
    before.scope.add(node(7), node(1), brand<RawName>('told'), false);
    const place = (name: string) => ({ parent: node(1), name: brand<RawName>(name) });
    before.scope.moved(node(7), place('told'), place('new'));
    const rooms = ({ dirty, runs, scope }: ReturnType<typeof runsWith>) => ({
      ...{ dirty, runs, refusals: new Refusals(), scopes: new Map([[0, scope]]) },
    });
    const memory = remember(rooms(before));
    const after = runsWith(new VolatileMirrorMemory());
    restore({ memory }, { ...rooms(after), roots: after.roots as never }, { seenThrough: () => {} });
    expect([after.scope.knows(node(7)), after.dirty.items()]).toEqual([false, [{ kind: 'node', root: 0, node: 7n }]]);
    expect(after.dirty.reasons()).toEqual([{ reason: 'repair-lost', items: 1 }]);
  });

  it('and is remembered while a mirror of everything is at it, for the process may die before that is known anywhere', () => {
    const { runs, dirty, scope } = runsWith(new VolatileMirrorMemory());
    runs.complete = true;
    dirty.addRange(0, node(7), 0, 8192, 'queue-disk-full');
    runs.command('everything');
    runs.startDue();
    expect([dirty.size, runs.mirror?.repairing]).toEqual([0, false]);
    const remembered = remember({ dirty, runs, refusals: new Refusals(), scopes: new Map([[0, scope]]) });
    expect(remembered.items).toEqual([{ kind: 'ranges', root: 0, node: '7', ranges: [0, 8192] }]);
  });
});

describe('[SCM4] what a run has to send is due', () => {
  it('before the first mirror, when one is asked for, while it runs, and for what is dirty', () => {
    const { runs, dirty } = runsWith(new VolatileMirrorMemory());
    expect(runs.due).toBe(true);
    runs.complete = true;
    expect(runs.due).toBe(false);
    dirty.addRange(0, node(7), 0, 4096, 'queue-full');
    expect(runs.due).toBe(true);
    runs.startDue();
    expect([dirty.size, runs.due]).toEqual([0, true]);
    const other = runsWith(new VolatileMirrorMemory()).runs;
    other.complete = true;
    other.command('checksum');
    expect(other.due).toBe(true);
    other.startDue();
    expect([other.mirror === null, other.due]).toEqual([false, true]);
  });

  it('but not while a person has stopped or paused it: nothing of it would go', () => {
    const { runs } = runsWith(new VolatileMirrorMemory());
    runs.command('checksum');
    runs.startDue();
    runs.pauseMirror(true);
    expect(runs.due).toBe(false);
    runs.pauseMirror(false);
    expect(runs.due).toBe(true);
    runs.stopMirror();
    expect([runs.complete, runs.due]).toEqual([false, false]);
  });

  it('while a verification runs', () => {
    const { runs } = runsWith(new VolatileMirrorMemory());
    runs.complete = true;
    expect(runs.verify({ repair: false, onDone: () => {} })).not.toBeNull();
    expect(runs.due).toBe(true);
    runs.endVerification();
    expect(runs.due).toBe(false);
  });
});
