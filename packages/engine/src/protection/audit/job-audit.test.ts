import { position } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import type { MarkOutcome, MarkPlace } from '../../data-path/source-path.ts';
import type { Barrier } from '../../ports.ts';
import type { Missing } from './hops.ts';
import { JobAudit } from './job-audit.ts';

class Scene {
  readonly events: string[] = [];
  readonly gaps: number[] = [];
  readonly marked: number[] = [];
  place: { at: MarkPlace['at'] } = { at: null };
  settle: (outcome: MarkOutcome) => void = () => {};
  received = position(0);
  nowMs = 0;
  /** Calls that are not recorded yet. */
  executing = 'none';
  readonly audit: JobAudit;

  constructor(roots: readonly number[] = [0]) {
    this.audit = new JobAudit({ intervalMs: 5000, limitMs: 30_000, throughKernel: true }, roots, {
      mark: (timeMs, settle) => {
        this.marked.push(timeMs);
        this.settle = settle;
        this.place = { at: null };
        return this.place;
      },
      marks: () => ({ received: this.received, applied: position(0) }),
      backlog: () => ({ operations: 7, bytes: 700 }),
      gap: (root) => this.gaps.push(root),
      event: ({ code, severity }) => this.events.push(`${severity} ${code}`),
      barrier: () => this.executing as Barrier,
      passed: (barrier) => barrier !== this.executing,
    });
  }

  /** Turns, as the agent's ticks cause them. */
  pass(ticks: number, maySend = true): void {
    for (let i = 0; i < ticks; i += 1) {
      this.nowMs += 5000;
      this.audit.observe(this.nowMs, maySend);
    }
  }

  cookie(timeMs: number, root = 0): void {
    this.audit.cookie(root, timeMs);
    this.audit.observe(this.nowMs, true);
  }

  applied(at = 1): void {
    this.settle({ kind: 'applied', at: position(at) });
  }

  get kind(): string | null {
    return this.audit.fact()?.kind ?? null;
  }
}

const doubt: Missing = { hop: 'written', reason: { code: 'audit-not-written', sentence: 'why' } };

describe('the self-audit of a job', () => {
  it('[promise] nothing is seen before a cookie of every root has come through', () => {
    const scene = new Scene([0, 1]);
    scene.audit.linkUp();
    expect(scene.kind).toBe('awaited');
    scene.cookie(500);
    expect(scene.marked).toEqual([]);
    scene.cookie(400, 1);
    expect([scene.marked, scene.kind]).toEqual([[400], 'awaited']);
    scene.applied();
    expect([scene.kind, scene.audit.appliedTimeMs]).toEqual([null, 400]);
    scene.audit.linkUp();
    expect(scene.kind).toBe('awaited');
  });

  it('has one mark under way at most, and places none while nothing may be sent', () => {
    const scene = new Scene();
    scene.cookie(1);
    scene.cookie(2);
    scene.cookie(3);
    expect([scene.marked, scene.audit.underWay]).toEqual([[1], { queued: 1, inFlight: 0 }]);
    scene.place.at = position(9);
    expect(scene.audit.underWay).toEqual({ queued: 0, inFlight: 1 });
    scene.received = position(9);
    expect(scene.audit.underWay).toEqual({ queued: 0, inFlight: 0 });
    scene.applied();
    scene.pass(1, false);
    scene.audit.cookie(0, 4);
    scene.pass(3, false);
    expect(scene.marked).toEqual([1]);
    scene.pass(1);
    expect(scene.marked).toEqual([1, 4]);
  });

  it('names the hop at which a mark is late, each once, and says when one has come through', () => {
    const scene = new Scene();
    scene.audit.linkUp();
    scene.cookie(1);
    scene.pass(7);
    expect(scene.audit.fact()).toMatchObject({ kind: 'late', hop: 'sent', reason: { code: 'audit-not-sent' } });
    scene.place.at = position(5);
    scene.pass(2);
    expect(scene.audit.missingAt).toBe('received');
    scene.received = position(5);
    scene.pass(2);
    expect(scene.audit.missingAt).toBe('applied');
    scene.applied(5);
    scene.pass(1);
    expect(scene.kind).toBeNull();
    expect(scene.events).toEqual([
      'warning audit-not-sent',
      'warning audit-not-received',
      'warning audit-not-applied',
      'information audit-through',
    ]);
  });

  it('what a pause, a window or a lost link holds back is not late', () => {
    const scene = new Scene();
    scene.cookie(1);
    scene.pass(1000, false);
    expect(scene.audit.missingAt).toBeNull();
    scene.pass(5);
    scene.audit.linkUp();
    scene.pass(5);
    expect([scene.audit.missingAt, scene.events]).toEqual([null, []]);
  });

  it('a mark that is lost with the queue is placed again', () => {
    const scene = new Scene();
    scene.cookie(1);
    scene.settle({ kind: 'lost' });
    scene.pass(1);
    expect(scene.marked).toEqual([1, 1]);
  });

  it('that nobody brings cookies any more does not look like peace', () => {
    const scene = new Scene();
    scene.audit.linkUp();
    scene.cookie(1);
    scene.applied();
    scene.pass(9);
    expect(scene.audit.fact()).toMatchObject({ kind: 'late', hop: 'intercepted' });
  });

  it('[FSI6] a doubt is a gap when it begins and when it ends, and stands above all that is late', () => {
    const scene = new Scene([0, 1]);
    scene.audit.doubt(1, doubt);
    expect([scene.audit.inDoubt, scene.audit.missingAt, scene.gaps]).toEqual([true, 'written', [1]]);
    scene.audit.certain(1);
    scene.audit.certain(1);
    scene.audit.lost(0);
    expect([scene.audit.inDoubt, scene.gaps]).toEqual([false, [1, 1, 0]]);
    expect(scene.events).toEqual(['error audit-not-written', 'information audit-certain', 'error audit-cookie-lost']);
  });

  it('[FSI6] [MIR1] nothing is compared before the calls from before its end are in the stream', () => {
    const scene = new Scene();
    scene.audit.doubt(0, doubt);
    expect(scene.audit.mayCompare).toBe(false);
    scene.executing = 'a call';
    scene.audit.certain(0);
    scene.pass(3);
    expect([scene.audit.mayCompare, scene.audit.awaitsBarrier]).toEqual([false, true]);
    scene.executing = 'none';
    scene.pass(1);
    // It is recorded, and the ring has not been drained since.
    expect(scene.audit.mayCompare).toBe(false);
    scene.pass(1);
    expect([scene.audit.mayCompare, scene.audit.awaitsBarrier]).toEqual([true, false]);
  });
});
