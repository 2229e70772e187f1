import type { CallHold, HeldCalls, HoldTerms } from '@understudy/engine';
import { beforeEach, describe, expect, it } from 'vitest';
import { HeldRoots, type SynchronousMember } from './held-roots.ts';

class FakeHold implements CallHold {
  readonly terms = new Map<number, HoldTerms | null>();
  readonly marks = new Map<number, number>();
  settled = 0;
  set(root: number, terms: HoldTerms | null): void {
    this.terms.set(root, terms);
  }
  acknowledge(root: number, through: number): void {
    this.marks.set(root, through);
  }
  settle(): void {
    this.settled += 1;
  }
  calls(): HeldCalls {
    return { waiting: 0, longestMs: 0, aborted: 0, stuck: 0, gaveUp: false };
  }
  onWaiting(): void {}
}

const SUSPEND: HoldTerms = { at: 'fsync', policy: 'suspend', limitMs: 30_000 };
const member = (roots: number[], terms: HoldTerms | null, through: (drained: number) => number) =>
  ({ roots, terms, through }) satisfies SynchronousMember;

describe('[FSI4] roots that synchronous jobs share', () => {
  let hold: FakeHold;
  let held: HeldRoots;
  beforeEach(() => {
    hold = new FakeHold();
    held = new HeldRoots(hold);
  });

  it('are acknowledged up to what each of their jobs has, and no further than was drained', () => {
    held.join(member([1, 2], SUSPEND, () => 7));
    held.join(member([2], SUSPEND, (drained) => drained));
    held.drained(20);
    held.acknowledge();
    expect([...hold.marks]).toEqual([
      [1, 7],
      [2, 7],
    ]);
  });

  it('hold calls by the strictest rule of their jobs, and its time limit', () => {
    const abort = member([1], { at: 'every-call', policy: 'abort', limitMs: 500 }, () => 0);
    const suspend = member([1], SUSPEND, () => 0);
    held.join(abort);
    expect(hold.terms.get(1)).toEqual(abort.terms);
    held.join(suspend);
    expect(hold.terms.get(1)).toEqual({ at: 'every-call', policy: 'suspend', limitMs: 30_000 });
    held.leave(suspend, true);
    expect(hold.terms.get(1)).toEqual(abort.terms);
  });

  it('let calls go when their last job ends or does not wait; where it only ends its process they wait on', () => {
    const job: { -readonly [K in keyof SynchronousMember]: SynchronousMember[K] } = member([1], SUSPEND, () => 3);
    held.join(job);
    job.terms = null;
    held.agree([1]);
    expect(hold.terms.get(1)).toBeNull();
    job.terms = SUSPEND;
    held.agree([1]);
    held.leave(job, false);
    expect(hold.terms.get(1)).toEqual(SUSPEND);
    held.join(job);
    held.leave(job, true);
    expect(hold.terms.get(1)).toBeNull();
  });

  it('are not held up by a job that does not wait', () => {
    held.join(member([1], null, () => 1));
    held.join(member([1], SUSPEND, () => 9));
    held.acknowledge();
    expect(hold.marks.get(1)).toBe(9);
  });
});
