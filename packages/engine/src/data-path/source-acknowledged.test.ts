import { brand, rawFromText } from '@understudy/base';
import { encodeRecord, type NodeId, position, type RecordInput, record, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { RootScope } from './source/queue/root-scope.ts';
import { SourcePath } from './source-path.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));

describe('[FSI4] up to which ring sequence the target has everything', () => {
  let path: SourcePath;
  const through = (drained: number) => path.acknowledgedMark.through('received', drained);
  const applied = (drained: number) => path.acknowledgedMark.through('applied', drained);
  const say = (verb: RecordInput['verb'], sequence: number, length = 100) => {
    const data = new Uint8Array(verb === Verb.write ? length : 0);
    const bytes = encodeRecord(record({ verb, node: node(2), extent: length, data, sequence }));
    path.intercepted(bytes, 0, bytes.length, 0);
  };
  const send = () => {
    while (path.nextPacket() !== undefined);
  };

  beforeEach(() => {
    path = new SourcePath({ next: position(1), limits: { memoryBytes: 4000 } });
    const whole = { whole: true, decide: () => 'inside' as const };
    const scope = new RootScope({ scope: whole, rootPath: rawFromText('/data'), rootNode: node(1) });
    scope.addNameless(node(1));
    scope.addNameless(node(2));
    path.srm.roots.set(0, scope);
    path.scm.linkUp(position(0), position(0));
  });

  it('is all that was drained where nothing of the job is under way', () => {
    expect([through(0), through(40)]).toEqual([0, 40]);
  });

  it('ends before what is queued, and before what is sent and not received', () => {
    say(Verb.write, 11);
    expect(through(15)).toBe(10);
    send();
    expect(through(15)).toBe(10);
    path.acknowledged(position(1), position(0));
    expect([through(15), applied(15)]).toEqual([15, 10]);
    path.acknowledged(position(1), position(1));
    expect(applied(15)).toBe(15);
  });

  it('of several packets goes with the first that is not there', () => {
    say(Verb.setattr, 11);
    send();
    say(Verb.setattr, 12);
    send();
    path.acknowledged(position(1), position(1));
    expect([through(20), applied(20)]).toEqual([11, 11]);
    say(Verb.setattr, 30);
    path.acknowledged(position(2), position(1));
    expect([through(30), applied(30)]).toEqual([29, 11]);
  });

  it('waits for the repair of what the ring had no room for', () => {
    say(Verb.dirty, 7);
    expect(through(20)).toBe(6);
    path.acknowledgedMark.found();
    expect(through(20)).toBe(20);
  });

  it('does not count what a full queue let go of', () => {
    path.scm.linkDown();
    for (let sequence = 5; sequence < 60; sequence += 1) {
      say(Verb.setattr, sequence);
      path.enforceLimit();
    }
    expect(path.takeFolds()).toHaveLength(1);
    path.scm.linkUp(position(0), position(0));
    send();
    path.acknowledged(position(path.next - 1), position(path.next - 1));
    expect(through(70)).toBe(0);
    path.acknowledgedMark.found();
    expect(through(70)).toBe(70);
  });

  it('after a restart is what the target said, until it has said it nothing', () => {
    path = new SourcePath({
      next: position(50),
      limits: { memoryBytes: 1 << 20 },
      goesOn: { received: position(40), origin: 100 },
    });
    path.goOn({ received: position(45), applied: position(44), origin: 120 });
    path.scm.linkUp(position(45), position(44));
    expect([through(120), applied(120)]).toEqual([120, 0]);
    path.acknowledged(position(45), position(45));
    expect(applied(120)).toBe(120);
  });
});
