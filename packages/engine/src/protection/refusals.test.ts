import { brand } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { REPAIRS_BEFORE_GIVING_UP, Refusals } from './refusals.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));
const denied = { path: 'L2E=', errno: 'EPERM' };
const stale = { path: 'L2E=', errno: 'ESTALE' };

describe('refusals', () => {
  it('[TRM2] repairs a node three times, then lists it with its path and error', () => {
    const refusals = new Refusals();
    for (let i = 0; i < REPAIRS_BEFORE_GIVING_UP; i += 1) {
      expect(refusals.add(0, node(1), denied)).toBe('repair');
      refusals.runBegins();
    }
    expect(refusals.unrepairable.size).toBe(0);
    expect(refusals.add(0, node(1), denied)).toBe('none');
    expect([...refusals.unrepairable.values()]).toEqual(['L2E=: EPERM']);
    expect(refusals.add(1, node(1), denied)).toBe('repair');
  });

  it('[TRM2] many refused operations between two repairs are one: a repair had no chance yet', () => {
    const refusals = new Refusals();
    for (let i = 0; i < 50; i += 1) expect(refusals.add(0, node(1), denied)).toBe('repair');
  });

  it('[TRM2] two sides that disagree on what there is are compared as a whole, once, before anything is given up', () => {
    const refusals = new Refusals();
    const remedies = Array.from({ length: 6 }, () => {
      refusals.runBegins();
      return refusals.add(0, node(1), stale);
    });
    expect(remedies).toEqual(['repair', 'repair', 'repair', 'mirror', 'none', 'none']);
  });

  it('a mirror that somebody asked for tries everything again, one that came by itself only lists anew', () => {
    const refusals = new Refusals();
    refusals.giveUp(0, node(2), 'unreadable');
    for (let i = 0; i <= REPAIRS_BEFORE_GIVING_UP; i += 1) {
      refusals.runBegins();
      refusals.add(0, node(1), denied);
    }
    expect(refusals.unrepairable.size).toBe(2);
    refusals.retry();
    expect(refusals.unrepairable.size).toBe(0);
    refusals.runBegins();
    expect(refusals.add(0, node(1), denied)).toBe('none');
    refusals.clear();
    expect([refusals.unrepairable.size, refusals.add(0, node(1), denied)]).toEqual([0, 'repair']);
  });

  it('what it remembers is bounded, and what it does not remember is listed', () => {
    const refusals = new Refusals();
    for (let i = 1; i <= 100_000; i += 1) refusals.add(0, node(i), denied);
    expect(refusals.add(0, node(200_000), denied)).toBe('none');
    expect(refusals.unrepairable.size).toBe(1);
  });
});
