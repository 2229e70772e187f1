import { brand, rawFromText, rawToBytes } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { DirtyMap } from '../data-path/source/queue/dirty-map.ts';
import { remember } from './job-memory.ts';
import { refusedPath } from './path-for-people.ts';
import { REPAIRS_BEFORE_GIVING_UP, Refusals, type Remedy } from './refusals.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));
const denied = { path: '/srv/a', errno: 'EPERM' };
const stale = { path: '/srv/a', errno: 'ESTALE' };

describe('refusals', () => {
  it('[TRM2] repairs a node three times, then lists it with its path and error', () => {
    const refusals = new Refusals();
    for (let i = 0; i < REPAIRS_BEFORE_GIVING_UP; i += 1) {
      expect(refusals.add(0, node(1), denied)).toBe('repair');
      refusals.runBegins();
    }
    expect(refusals.unrepairable.size).toBe(0);
    expect(refusals.add(0, node(1), denied)).toBe('none');
    expect([...refusals.unrepairable.values()]).toEqual(['/srv/a: EPERM']);
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

  it('[TRM2] what was given up is dirty for the process that comes after this one, and everything where there is too much of it', () => {
    const refusals = new Refusals();
    const memory = () => remember({ dirty: new DirtyMap(), scopes: new Map([[0, scope]]), runs, refusals });
    const runs = { mirror: null, complete: false } as never;
    const scope = { remembered: null, strays: [], nameless: [] } as never;
    expect(memory()).toMatchObject({ items: [], reasons: [] });
    refusals.giveUp(0, node(7), 'unreadable');
    expect(memory()).toMatchObject({
      items: [{ kind: 'node', root: 0, node: '7' }],
      reasons: [{ reason: 'repair-lost', items: 1 }],
    });
    for (let i = 1; i <= 20_000; i += 1) refusals.giveUp(0, node(i), 'unreadable');
    expect(memory().items).toEqual([{ kind: 'root', root: 0 }]);
  });

  it('what it remembers is bounded, and what it does not remember is listed', () => {
    const refusals = new Refusals();
    for (let i = 1; i <= 100_000; i += 1) refusals.add(0, node(i), denied);
    expect(refusals.add(0, node(200_000), denied)).toBe('none');
    expect(refusals.unrepairable.size).toBe(1);
  });

  it('[TRM2] each is told with path and error, very many by their number, and one by one again behind a repair', () => {
    const refusals = new Refusals();
    const told: { readonly code: string; readonly sentence: string }[] = [];
    const tell = (remedy: Remedy, times: number) => {
      told.length = 0;
      for (let i = 0; i < times; i += 1) refusals.tell({ ...denied, remedy }, { event: (event) => told.push(event) });
      return told.map(({ sentence }) => sentence);
    };
    expect(tell('repair', 1)).toEqual([
      'The target could not apply an operation on /srv/a (EPERM); it will be repaired.',
    ]);
    expect(tell('repair', 998).length).toBe(20);
    expect(tell('repair', 1)).toEqual([
      'The target could not apply 1,000 operations by now, the last on /srv/a (EPERM); it will be repaired.',
    ]);
    expect([tell('none', 1).length, told[0]?.code]).toEqual([1, 'unrepairable']);
    refusals.runBegins();
    expect(tell('repair', 2).length).toBe(2);
  });
});

describe('[TRM2] a refused place is named', () => {
  const root = (path: string | null) => ({
    path: rawToBytes(rawFromText('/srv')),
    files: { pathOf: () => path } as never,
  });
  it.each([
    ['as the source has it now', root('/srv/moved'), 7, 'b2xk', '/srv/moved'],
    ['as the target named it, where the source has it no more', root(null), 7, 'b2xk', '/srv/old'],
    ['by its root, where nothing else is known', root(null), 0, '', '/srv'],
    ['without a word of what is no path', root(null), 7, '**', '/srv'],
    ['in a sentence’s length', root(`/srv/${'x'.repeat(5000)}`), 7, '', `/srv/${'x'.repeat(995)}`],
  ])('%s', (_how, at, id, there, path) => {
    expect(refusedPath(at, node(id), there)).toBe(path);
  });
});
