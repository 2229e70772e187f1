import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import type { HoldTerms } from '@understudy/engine';
import { Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { drainAll, type Scratch, scratch, until, whySkipped } from './testing.ts';
import { type Answer, Caller } from './testing-caller.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`calls that wait are skipped: ${skip}`);

const SUSPEND: HoldTerms = { at: 'every-call', policy: 'suspend', limitMs: 60_000 };
type Durable = readonly [name: string, call: string, args: (path: (name: string) => string) => unknown[], ok: unknown];
/** What an application calls to have something durable, and what each answers. */
const DURABLE: readonly Durable[] = [
  ['fsync', 'fsync', (at) => [at('old')], null],
  ['fdatasync', 'fdatasync', (at) => [at('old')], null],
  ['fsync of a directory', 'fsyncdir', (at) => [at('d0')], null],
  ['msync', 'sync', (at) => [at('old')], null],
  ['a write with O_SYNC', 'through', (at) => [at('old'), 'O_SYNC', 'AS'], 2],
  ['a write with O_DSYNC', 'through', (at) => [at('old'), 'O_DSYNC', 'AS'], 2],
  ['a write with RWF_DSYNC', 'dsync', (at) => [at('old'), 'AS'], 2],
  ['an asynchronous direct write with O_SYNC', 'aio', (at) => [at('page'), 'O_SYNC', '', 0], 4096],
  ['an asynchronous direct write with O_DSYNC', 'aio', (at) => [at('page'), 'O_DSYNC', '', 0], 4096],
  ['an asynchronous direct write with RWF_DSYNC', 'aio', (at) => [at('page'), '', 'RWF_DSYNC', 0], 4096],
  ['an asynchronous direct write with O_DSYNC beyond the end', 'aio', (at) => [at('page'), 'O_DSYNC', '', 8192], 4096],
];

type Seen = readonly [
  name: string,
  call: readonly [verb: string, ...args: unknown[]],
  look: readonly string[],
  before: unknown,
  meanwhile: unknown,
  after: Answer,
];
/** Of a call that waits: what others saw before, what they see while it waits, and what they see after. */
const SEEN: readonly Seen[] = [
  ['what was overwritten', ['write', 0, 'AS'], ['read'], 'as it was', 'AS it was', { ok: 'AS it was' }],
  ['an attribute', ['setxattr', 'user.old', 'new'], ['getxattr', 'user.old'], 'old', 'new', { ok: 'new' }],
  ['what was appended', ['write', 9, '!'], ['read'], 'as it was', 'as it was', { ok: 'as it was!' }],
  ['the size of a longer file', ['write', 9, '!'], ['size'], 9, 9, { ok: 10 }],
  ['the size of a shorter file', ['truncate', 3], ['size'], 9, 9, { ok: 3 }],
  ['the mode', ['chmod', 0o600], ['mode'], 0o644, 0o644, { ok: 0o600 }],
  ['the time', ['utime', 2000], ['mtime'], 1000, 1000, { ok: 2000 }],
  ['a name that goes', ['unlink'], ['read'], 'as it was', 'as it was', { error: 'ENOENT' }],
];

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
  const begin = async (terms: HoldTerms | null, options: Parameters<typeof scratch>[0] = {}) => {
    world = await scratch(options);
    writeFileSync(world.path('one/old'), 'as it was');
    writeFileSync(world.path('one/page'), Buffer.alloc(8192));
    chmodSync(world.path('one/old'), 0o644);
    utimesSync(world.path('one/old'), 1000, 1000);
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
    expect(await reader.call('list', world.path('one'))).toEqual({
      ok: ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'old', 'page'],
    });
    acknowledge();
    expect(new Set((await Promise.all(answers)).map((one) => one.error))).toEqual(new Set([undefined]));
  });

  for (const [name, call, look, before, meanwhile, after] of SEEN)
    it(`shows others ${name} ${before === meanwhile ? 'as it was' : 'as it is'} while the call waits`, async () => {
      await begin(null);
      const at = world.path('one/old');
      const [one, other] = [await caller(), await caller()];
      await one.call('setxattr', at, 'user.old', 'old');
      world.interceptor.hold.set(root, SUSPEND);
      const [verb = '', ...args] = call;
      const [asked = '', ...about] = look;
      expect(await other.call(asked, at, ...about)).toEqual({ ok: before });
      const answer = one.call(verb, at, ...args);
      await waits(1);
      expect(await other.call(asked, at, ...about)).toEqual({ ok: meanwhile });
      acknowledge();
      expect((await answer).error).toBeUndefined();
      expect(await other.call(asked, at, ...about)).toEqual(after);
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

  for (const [name, call, args, ok] of DURABLE)
    it(`${name} waits where only fsync is to, for all that was changed on the mount before it`, async () => {
      await begin({ ...SUSPEND, at: 'fsync' });
      const at = (file: string) => world.path(`one/${file}`);
      const one = await caller();
      await one.call('map', at('old'));
      if (call === 'sync') await one.call('store', at('old'), 'AS');
      // Neither the call before it waits for anybody, nor a direct write that says nothing of what is durable.
      expect(await one.call('aio', at('page'), '', '', 4096)).toEqual({ ok: 4096 });
      expect(await one.call('create', at('d1/other'))).toEqual({ ok: null });
      const answer = one.call(call, ...args(at));
      await waits(1);
      const last = drainAll(world.interceptor).at(-1)?.sequence ?? 0;
      world.interceptor.hold.acknowledge(root, last - 1);
      world.interceptor.hold.settle();
      expect(await Promise.race([answer, soon(100)])).toBe(pending);
      world.interceptor.hold.acknowledge(root, last);
      world.interceptor.hold.settle();
      expect(await answer).toEqual({ ok });
      await waits(0);
    });

  it('abort: what is late where only fsync is to wait is answered EIO, and nothing is undone', async () => {
    await begin({ at: 'fsync', policy: 'abort', limitMs: 150 });
    const at = (file: string) => world.path(`one/${file}`);
    const first = await caller();
    await first.call('map', at('old'));
    await first.call('store', at('old'), 'AS');
    expect(await first.call('create', at('d0/new'))).toEqual({ ok: null });
    const calls = [
      first.call('sync', at('old')),
      (await caller()).call('fsyncdir', at('d0')),
      (await caller()).call('through', at('d0/new'), 'O_DSYNC', 'new'),
      (await caller()).call('aio', at('page'), 'O_DSYNC', '', 0),
    ];
    expect(await Promise.all(calls)).toEqual(calls.map(() => ({ error: 'EIO' })));
    expect(world.interceptor.hold.calls(root)).toMatchObject({ waiting: 0, aborted: 4, stuck: 0 });
    const reader = await caller();
    expect(await reader.call('read', at('old'))).toEqual({ ok: 'AS it was' });
    expect(await reader.call('read', at('d0/new'))).toEqual({ ok: 'new' });
    expect(await reader.call('read', at('page'))).toEqual({ ok: `${'x'.repeat(4096)}${'\0'.repeat(4096)}` });
    // Nor is anything of it taken back on the target.
    const verbs = drainAll(world.interceptor).map(({ verb }) => verb);
    expect(verbs).toEqual([Verb.create, Verb.write, Verb.write, Verb.write]);
    // Only what was to make a file longer past the page cache is cut off again by the kernel, and that is a change as any other.
    expect(await first.call('aio', at('page'), 'O_DSYNC', '', 8192)).toEqual({ error: 'EIO' });
    expect(await reader.call('size', at('page'))).toEqual({ ok: 8192 });
    const more = drainAll(world.interceptor);
    expect(more.map(({ verb, extent }) => [verb, extent])).toEqual([
      [Verb.write, 4096],
      [Verb.truncate, 8192],
    ]);
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
