import type { ProtectedRoot, Urgency } from '@understudy/engine';
import { encodeRecord, record, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeInterceptor, nodeOf, raw } from '../testing/fake-interceptor.ts';
import { Interception, type PumpedJob } from './interception.ts';
import { jobRootOf } from './job-roots.ts';

class FakeJob implements PumpedJob {
  readonly got: string[] = [];
  readonly halts: { code: string; sentence: string; fault: unknown }[] = [];
  urgency: Urgency = 'idle';
  onTurn: () => void = () => {};

  intercepted(records: Uint8Array, at: number, length: number, index: number): void {
    this.got.push(`${index}:${records[at + 6]}:${length > 0}`);
  }

  turn(): Urgency {
    this.got.push('turn');
    this.onTurn();
    return this.urgency;
  }

  through = Number.POSITIVE_INFINITY;
  kept = 0;

  ringThrough(): number {
    return this.through;
  }

  settledThrough(drained: number): number | null {
    return drained;
  }

  keepAll(): void {
    this.kept += 1;
  }

  halt(reason: { code: string; sentence: string }, fault?: unknown): void {
    this.halts.push({ ...reason, fault });
  }
}

const rootsOf = (...roots: (ProtectedRoot | undefined)[]) =>
  roots.filter((root) => root !== undefined).map((root) => jobRootOf(root.path, root, true));

const of = (root: number) => encodeRecord(record({ verb: Verb.marker, root, sequence: 1 }));

describe('the interception', () => {
  let interceptor: FakeInterceptor;
  let interception: Interception;
  const jobs = () => [new FakeJob(), new FakeJob()] as const;
  beforeEach(() => {
    interceptor = new FakeInterceptor('fuse', ['/a', '/b']);
    interception = new Interception(interceptor);
  });

  it('[FSI2] gives each record to each job that has its root, in order, and every job a turn afterwards', () => {
    const [one, two] = jobs();
    const [a, b] = interceptor.roots();
    interception.attach(one, rootsOf(a, b));
    interception.attach(two, rootsOf(b));
    interceptor.records = [Buffer.concat([of(1), of(2), of(1)]), of(9), of(2)];
    interception.turn();
    expect(one.got).toEqual(['0:1:true', '1:2:true', '0:1:true', '1:2:true', 'turn']);
    expect(two.got).toEqual(['0:2:true', '0:2:true', 'turn']);
  });

  it('answers with the greatest urgency, and knows which roots are wanted', () => {
    const [one, two] = jobs();
    interception.attach(one, rootsOf(...interceptor.roots().slice(0, 1)));
    interception.attach(two, rootsOf(...interceptor.roots().slice(0, 1)));
    one.urgency = 'soon';
    expect(interception.turn()).toBe('soon');
    two.urgency = 'now';
    expect(interception.turn()).toBe('now');
    interception.detach(one);
    expect([interception.wanted(1), interception.wanted(2)]).toEqual([true, false]);
    interception.detach(two);
    expect(interception.wanted(1)).toBe(false);
    expect(interception.turn()).toBe('idle');
  });

  it('turns when the ring becomes readable', async () => {
    const [one] = jobs();
    interception.attach(one, rootsOf(...interceptor.roots()));
    await new Promise<void>((resolve) => {
      one.onTurn = resolve;
      interceptor.readable();
    });
    interception.close();
    interceptor.readable();
    expect(interception.turn()).toBe('idle');
  });

  it('a turn within a turn does nothing', () => {
    const [one] = jobs();
    interception.attach(one, rootsOf(...interceptor.roots()));
    one.onTurn = () => interception.turn();
    interception.turn();
    expect(one.got).toEqual(['turn']);
  });

  it('halts a job that fails, and the others go on', () => {
    const [one, two] = jobs();
    for (const job of [one, two]) interception.attach(job, rootsOf(...interceptor.roots()));
    const bug = new Error('an assertion');
    one.onTurn = () => {
      throw bug;
    };
    interception.turn();
    expect(one.halts).toMatchObject([
      { code: 'agent-fault', fault: bug, sentence: expect.stringContaining('an assertion') },
    ]);
    interception.turn();
    expect(one.got).toEqual(['turn']);
    expect(two.got).toEqual(['turn', 'turn']);
  });

  it('[FSI6] a mount that was taken away halts the jobs that had it, by name; one that its last user left does not', () => {
    const [one, two] = jobs();
    interception.attach(one, rootsOf(...interceptor.roots().slice(0, 1)));
    interception.attach(two, rootsOf(...interceptor.roots().slice(1)));
    interceptor.tell('unmounted', 'information', 2);
    interceptor.tell('unmounted', 'error', 1);
    expect(one.halts).toMatchObject([{ code: 'mount-gone', sentence: expect.stringMatching(/\/a .*job start/) }]);
    expect(two.halts).toEqual([]);
    expect(interception.wanted(1)).toBe(false);
  });

  it.each([
    ['says that it failed', () => interceptor.tell('failed', 'error')],
    [
      'cannot be drained',
      () => {
        interceptor.drainFails = new Error('EIO');
        interception.turn();
      },
    ],
  ])('halts every job when the interceptor %s, and serves nobody from then on', (_what, fail) => {
    const [one, two] = jobs();
    for (const job of [one, two]) interception.attach(job, rootsOf(...interceptor.roots()));
    fail();
    for (const job of [one, two]) expect(job.halts).toMatchObject([{ code: 'interceptor-failed' }]);
    expect(interception.failed).toBe(true);
    expect(interception.turn()).toBe('idle');
  });

  it('events that cost nothing halt nobody', () => {
    const [one] = jobs();
    interception.attach(one, rootsOf(...interceptor.roots()));
    for (const kind of ['crashed', 'taken-over', 'bypass', 'overflow'] as const) interceptor.tell(kind, 'warning', 1);
    expect(one.halts).toEqual([]);
  });

  describe('a root that is a directory beneath a wider one', () => {
    const rename = (victim = 0n) =>
      encodeRecord(
        record({ verb: Verb.rename, root: 1, node: nodeOf('/a/x/y'), victim: victim as never, sequence: 1 }),
      );
    const removal = (path: string) =>
      encodeRecord(record({ verb: Verb.rmdir, root: 1, node: nodeOf(path), sequence: 1 }));
    function beneath(): { one: FakeJob; whole: FakeJob } {
      const [one, whole] = jobs();
      const wide = interceptor.roots()[0];
      if (wide === undefined) throw new Error('no root');
      interception.attach(one, [jobRootOf(raw('/a/x/y'), wide, true)]);
      interception.attach(whole, rootsOf(wide));
      return { one, whole };
    }

    it('[SAFE1] halts its job when it is not there any more, before the record reaches it; the wider job goes on', () => {
      const { one, whole } = beneath();
      interceptor.missing.add('/a/x/y');
      interceptor.records = [Buffer.concat([of(1), rename(), of(1)])];
      interception.turn();
      expect(one.halts).toMatchObject([
        { code: 'root-missing', sentence: expect.stringMatching(/\/a\/x\/y .*replica stays.*job start/) },
      ]);
      expect(one.got).toEqual(['0:1:true']);
      expect([whole.got, whole.halts]).toEqual([['0:1:true', '0:1:true', '0:1:true', 'turn'], []]);
    });

    it('[SAFE1] halts its job when a directory on the way to it went', () => {
      const { one } = beneath();
      interceptor.missing.add('/a/x');
      interceptor.records = [removal('/a/x')];
      interception.turn();
      expect(one.halts).toMatchObject([{ code: 'root-missing' }]);
    });

    it('[SAFE3] halts its job when another directory lies there', () => {
      const { one } = beneath();
      interceptor.replaced.set('/a/x/y', 4711n);
      interceptor.records = [rename()];
      interception.turn();
      expect(one.halts).toMatchObject([
        { code: 'root-replaced', sentence: expect.stringMatching(/Something else lies at \/a\/x\/y/) },
      ]);
    });

    it('is not halted by what happens elsewhere, nor by a root that is back already', () => {
      const { one } = beneath();
      interceptor.records = [rename(), removal('/a/x/other')];
      interception.turn();
      interceptor.missing.add('/a/x/y');
      interceptor.records = [removal('/a/z')];
      interception.turn();
      expect(one.halts).toEqual([]);
      expect(one.got).toHaveLength(5);
    });
  });
});
