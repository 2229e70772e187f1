import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { HoldTerms } from '@understudy/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { drainAll, type Scratch, scratch, until, whySkipped } from './testing.ts';
import { type Answer, Caller } from './testing-caller.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`calls that wait are skipped: ${skip}`);

const SUSPEND: HoldTerms = { at: 'every-call', policy: 'suspend', limitMs: 60_000 };
const pending = Symbol('pending');
const soon = (ms: number) => new Promise<typeof pending>((resolve) => setTimeout(() => resolve(pending), ms));

describe.skipIf(skip !== null)('[FSI4] fuse holds calls until they are acknowledged', () => {
  let world: Scratch;
  let root: number;
  const callers: Caller[] = [];
  const caller = async () => {
    const one = await Caller.start();
    callers.push(one);
    return one;
  };
  const begin = async (terms: HoldTerms, options: Parameters<typeof scratch>[0] = {}) => {
    world = await scratch(options);
    writeFileSync(world.path('one/old'), 'as it was');
    // Before the mount: a call of this process that waited would wait for itself.
    for (let i = 0; i < 6; i += 1) mkdirSync(world.path(`one/d${i}`));
    ({ id: root } = await world.interceptor.protect(world.raw('one')));
    world.interceptor.hold.set(root, terms);
  };
  const calls = () => world.interceptor.hold.calls(root);
  const waits = (count: number) => until(() => calls().waiting === count);
  /** All that is in the ring is acknowledged. */
  const acknowledge = () => {
    const through = drainAll(world.interceptor).at(-1)?.sequence;
    if (through !== undefined) world.interceptor.hold.acknowledge(root, through);
    world.interceptor.hold.settle();
  };

  afterEach(async () => {
    world.interceptor.hold.set(root, null);
    for (const one of callers.splice(0)) one.end();
    await world.close();
  });

  it('answers when the mark has come so far and not before, and says at once that somebody waits', async () => {
    await begin(SUSPEND);
    let heard = 0;
    world.interceptor.hold.onWaiting(() => {
      heard += 1;
    });
    const one = await caller();
    const answer = one.call('write', world.path('one/old'), 0, 'AS');
    await waits(1);
    await until(() => heard > 0);
    expect(await Promise.race([answer, soon(300)])).toBe(pending);
    expect(calls().longestMs).toBeGreaterThan(100);
    const [written] = drainAll(world.interceptor);
    world.interceptor.hold.acknowledge(root, (written?.sequence ?? 0) - 1);
    world.interceptor.hold.settle();
    expect(await Promise.race([answer, soon(200)])).toBe(pending);
    world.interceptor.hold.acknowledge(root, written?.sequence ?? 0);
    world.interceptor.hold.settle();
    expect(await answer).toEqual({ ok: 2 });
    await waits(0);
  });

  it('serves readers and other callers meanwhile, however many wait, and shows them what was done', async () => {
    await begin(SUSPEND);
    // A page that the kernel has not read yet is locked while part of it is being written.
    const reader = await caller();
    expect(await reader.call('read', world.path('one/old'))).toEqual({ ok: 'as it was' });
    const answers: Promise<Answer>[] = [];
    for (let i = 0; i < 6; i += 1) answers.push((await caller()).call('create', world.path(`one/d${i}/new`)));
    answers.push((await caller()).call('write', world.path('one/old'), 0, 'AS'));
    await waits(7);
    expect(await reader.call('read', world.path('one/old'))).toEqual({ ok: 'AS it was' });
    expect(await reader.call('list', world.path('one'))).toEqual({ ok: ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'old'] });
    acknowledge();
    expect(new Set((await Promise.all(answers)).map((one) => one.error))).toEqual(new Set([undefined]));
  });

  it('lets all of them go when the mode ends', async () => {
    await begin(SUSPEND);
    const answer = (await caller()).call('write', world.path('one/old'), 0, 'AS');
    await waits(1);
    world.interceptor.hold.set(root, null);
    expect(await answer).toEqual({ ok: 2 });
  });

  it('[FSI5] a call that waits outlives server and holder, and is answered by the next', async () => {
    await begin(SUSPEND);
    const answers = [
      (await caller()).call('write', world.path('one/old'), 0, 'AS'),
      (await caller()).call('create', world.path('one/new')),
    ];
    await waits(2);
    for (const which of ['server', 'holder', 'server'] as const) {
      const before = (await world.interceptor.servers())[which];
      process.kill(before, 'SIGKILL');
      for (;;) {
        const now = (await world.interceptor.servers())[which];
        if (now !== before && now !== 0) break;
      }
    }
    expect(await Promise.race([Promise.race(answers), soon(300)])).toBe(pending);
    expect(calls().waiting).toBe(2);
    acknowledge();
    expect(await Promise.all(answers)).toEqual([{ ok: 2 }, { ok: null }]);
    expect(readFileSync(world.path('one/old'), 'utf8')).toBe('AS it was');
  });

  it('a signal that ends the caller ends its wait; any other does not', async () => {
    await begin(SUSPEND);
    const one = await caller();
    const answer = one.call('write', world.path('one/old'), 0, 'AS');
    await waits(1);
    process.kill(one.pid, 'SIGALRM');
    process.kill(one.pid, 'SIGCONT');
    expect(await Promise.race([answer, soon(500)])).toBe(pending);
    process.kill(one.pid, 'SIGKILL');
    await once(one.process, 'exit');
    expect(await answer).toEqual({ error: 'GONE' });
    await waits(0);
  });

  it('fsync alone waits where only fsync is to, for what was written before', async () => {
    await begin({ ...SUSPEND, at: 'fsync' });
    const one = await caller();
    expect(await one.call('write', world.path('one/old'), 0, 'AS')).toEqual({ ok: 2 });
    const answer = one.call('fsync', world.path('one/old'));
    await waits(1);
    expect(await Promise.race([answer, soon(200)])).toBe(pending);
    acknowledge();
    expect(await answer).toEqual({ ok: null });
    expect(await one.call('fsync', world.path('one/old'))).toEqual({ ok: null });
  });

  it('where the agent does not degrade at the limit the servers do, and calls pass until they are told otherwise', async () => {
    await begin({ at: 'every-call', policy: 'degrade', limitMs: 200 });
    const one = await caller();
    expect(await one.call('write', world.path('one/old'), 0, 'AS')).toEqual({ ok: 2 });
    expect(calls().gaveUp).toBe(true);
    expect(await one.call('write', world.path('one/old'), 0, 'as')).toEqual({ ok: 2 });
    world.interceptor.hold.set(root, SUSPEND);
    const answer = one.call('write', world.path('one/old'), 0, 'AS');
    await waits(1);
    acknowledge();
    expect(await answer).toEqual({ ok: 2 });
  });

  it('calls whose records found no room wait until the notes of them are acknowledged', {
    timeout: 20_000,
  }, async () => {
    await begin({ ...SUSPEND, at: 'fsync' }, { ringBytes: 4 << 20 });
    const one = await caller();
    for (let i = 0; i < 6; i += 1) await one.call('write', world.path('one/old'), 0, 'x'.repeat(1 << 20));
    const answer = one.call('fsync', world.path('one/old'));
    await waits(1);
    expect(world.interceptor.status().dirtyNotes).toBeGreaterThan(0);
    // The records are acknowledged, the notes are not in the ring yet.
    acknowledge();
    expect(await Promise.race([answer, soon(20)])).toBe(pending);
    let answered = false;
    void answer.then(() => {
      answered = true;
    });
    await until(() => {
      acknowledge();
      return answered;
    });
    expect(existsSync(world.path('one/old'))).toBe(true);
  });
});
