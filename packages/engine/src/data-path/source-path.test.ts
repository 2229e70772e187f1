import { brand, rawFromText } from '@understudy/base';
import { encodeRecord, type NodeId, position, record, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { MemoryQueueStore } from '../testing/memory-queue-store.ts';
import { RootScope } from './source/queue/root-scope.ts';
import { type MarkOutcome, SourcePath, type SourcePathOptions } from './source-path.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));

function path(memoryBytes = 1 << 20, more: Partial<SourcePathOptions> = {}): SourcePath {
  const made = new SourcePath({ next: position(1), limits: { memoryBytes }, ...more });
  const whole = { whole: true, decide: () => 'inside' as const };
  const scope = new RootScope({ scope: whole, rootPath: rawFromText('/data'), rootNode: node(1) });
  scope.addNameless(node(1));
  scope.addNameless(node(2));
  made.srm.roots.set(0, scope);
  made.scm.linkUp(position(0), position(0));
  return made;
}

function write(made: SourcePath, length = 100, sequence = 0): void {
  const data = new Uint8Array(length);
  const bytes = encodeRecord(record({ verb: Verb.write, node: node(2), extent: length, data, sequence }));
  made.intercepted(bytes, 0, bytes.length, 0);
}

function marked(made: SourcePath): MarkOutcome[] {
  const outcomes: MarkOutcome[] = [];
  made.mark(0, (outcome) => outcomes.push(outcome));
  return outcomes;
}

describe('marks in the stream', () => {
  it('are not counted as operations, though they take positions', () => {
    const made = path();
    write(made);
    marked(made);
    made.nextPacket();
    expect([made.srm.operations, made.next]).toEqual([1, 3]);
  });

  it('[TCM4] settle when what came before them is applied, not when it is received', () => {
    const made = path();
    write(made);
    const outcomes = marked(made);
    made.nextPacket();
    made.acknowledged(position(2), position(1));
    expect(outcomes).toEqual([]);
    made.acknowledged(position(2), position(2));
    expect(outcomes).toEqual([{ kind: 'applied', at: 2 }]);
  });

  it('do not settle while they are still queued, whatever is acknowledged', () => {
    const made = path();
    const outcomes = marked(made);
    made.acknowledged(position(9), position(9));
    expect(outcomes).toEqual([]);
  });

  it('[SRM2] are lost with a queue that is folded, unless they have left it', () => {
    const made = path(2000);
    const early = marked(made);
    made.nextPacket();
    write(made, 3000);
    const late = marked(made);
    made.enforceLimit();
    expect(made.takeFolds().map(({ reason }) => reason)).toEqual(['queue-full']);
    expect([early, late]).toEqual([[], [{ kind: 'lost' }]]);
    expect(made.srm.dirty.take()).toEqual([{ kind: 'ranges', root: 0, node: 2n, ranges: [0, 4096] }]);
    made.acknowledged(position(1), position(1));
    expect(early).toEqual([{ kind: 'applied', at: 1 }]);
  });

  it('are all lost with the stream, whose positions go on', () => {
    const made = path();
    const early = marked(made);
    made.nextPacket();
    write(made);
    made.restart();
    expect([early, made.next, made.oldest]).toEqual([[{ kind: 'lost' }], 2, 2]);
    expect([made.scm.inFlightBytes, made.srm.queue.bytes, made.srm.dirty.size]).toEqual([0, 0, 1]);
  });

  it('[SRM2] a creation that is folded is not known any more: the repair must find it as new', () => {
    const made = path(500);
    const made9 = record({ verb: Verb.create, node: node(9), parent: node(1), name: rawFromText('n') });
    const bytes = encodeRecord(made9);
    made.intercepted(bytes, 0, bytes.length, 0);
    expect(made.srm.roots.get(0)?.knows(node(9))).toBe(true);
    write(made, 1000);
    made.enforceLimit();
    expect(made.srm.roots.get(0)?.knows(node(9))).toBe(false);
  });

  it('the oldest time that the target lacks is that of the log, then of the queue', () => {
    const made = path();
    expect(made.oldestTimeMs()).toBeNull();
    const late = record({ verb: Verb.marker, timeMs: 70 });
    made.srm.say(late);
    made.srm.say({ ...late, timeMs: 60 });
    expect(made.oldestTimeMs()).toBe(60);
    made.nextPacket();
    made.srm.say({ ...late, timeMs: 90 });
    expect(made.oldestTimeMs()).toBe(60);
    made.acknowledged(position(2), position(2));
    expect(made.oldestTimeMs()).toBe(90);
  });
});

describe('what the target may forget', () => {
  it('[TRM2] is what came before an acknowledgement: a welcome goes before what there is to say', () => {
    const made = path();
    made.srm.say(record({ verb: Verb.marker, timeMs: 1 }));
    made.srm.say(record({ verb: Verb.marker, timeMs: 1 }));
    made.nextPacket();
    made.acknowledged(position(1), position(1));
    expect(made.heard).toBe(1);
    made.scm.linkDown();
    made.scm.linkUp(position(2), position(2));
    made.welcomed(position(2), position(2));
    expect([made.scm.applied, made.heard]).toEqual([2, 1]);
    made.acknowledged(position(2), position(2));
    expect(made.heard).toBe(2);
    // After a power cut there it may say it again.
    made.scm.linkUp(position(2), position(1));
    expect(made.heard).toBe(1);
  });

  it('[TRM2] is nothing as long as this process has heard nothing', () => {
    const received = { received: position(5), origin: 0 };
    const made = path(1 << 20, { next: position(9), goesOn: received });
    expect(made.heard).toBe(0);
    made.goOn({ received: position(5), applied: position(5), origin: 0 });
    expect([made.awaiting, made.heard]).toEqual([false, 0]);
  });
});

describe('a queue that is let go of', () => {
  it('[SRM2] [SRM3] is dirty, and that can be written down, before its store forgets it', () => {
    const store = new MemoryQueueStore();
    const seen: number[][] = [];
    const made = path(1 << 20, { store, lettingGo: () => seen.push([made.srm.dirty.size, store.next - store.oldest]) });
    write(made, 100, 1);
    made.keepAll();
    write(made, 100, 2);
    expect(store.next - store.oldest).toBe(1);
    store.failing = 'full';
    made.keepAll();
    expect(seen).toEqual([[1, 1]]);
    expect([made.srm.dirty.size, store.next - store.oldest]).toEqual([1, 0]);
  });

  it('[SRM2] also where it cannot be read any more: then everything is', () => {
    const store = new MemoryQueueStore();
    const seen: string[][] = [];
    const lettingGo = () => seen.push(made.srm.dirty.items().map(({ kind }) => kind));
    const made = path(1 << 20, { store, lettingGo });
    write(made, 200_000, 1);
    made.keepAll();
    for (let i = 2; i < 9; i += 1) write(made, 200_000, i);
    store.damage(0.99);
    while (made.nextPacket() !== undefined);
    expect(seen.at(-1)).toEqual(['root']);
  });

  it('[SRM1] is lacking on the target though its store cannot be read: nobody knows since when', () => {
    const store = new MemoryQueueStore();
    const before = path(1 << 20, { store });
    write(before, 200_000, 1);
    before.keepAll();
    const made = path(1 << 20, { store });
    store.damage(0);
    expect(made.oldestTimeMs()).toBe(0);
  });
});

describe('files of which the target lacks something', () => {
  it('count until the last operation on them is received, whether queued or on its way', () => {
    const made = path();
    write(made, 100, 1);
    expect(made.unreceived.count).toBe(1);
    made.nextPacket();
    expect(made.unreceived.count).toBe(1);
    made.acknowledged(position(1), position(0));
    expect(made.unreceived.count).toBe(0);
  });

  it('are dirty, and count here no more, once the queue is folded', () => {
    const made = path(1000);
    for (const sequence of [1, 2]) write(made, 2000, sequence);
    made.enforceLimit();
    expect([made.srm.folds, made.unreceived.count, made.srm.dirty.size]).toEqual([1, 0, 1]);
  });

  it('are dirty, and count here no more, where the next process lets go of what was stored, and the ring brings it once more', () => {
    const store = new MemoryQueueStore();
    const before = path(1 << 20, { store });
    write(before, 100, 1);
    before.keepAll();
    const goesOn = { received: position(0), origin: 0 };
    const made = path(1 << 20, { store, goesOn });
    made.restart();
    write(made, 100, 1);
    expect([made.srm.dirty.size, made.unreceived.count]).toEqual([1, 0]);
    write(made, 100, 2);
    expect(made.unreceived.count).toBe(1);
  });
});
