import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { HoldTerms } from '@understudy/engine';
import { Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { drainAll, type Scratch, scratch, until, whySkipped } from './testing.ts';
import { type Answer, Caller } from './testing-caller.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the gate of fuse is skipped: ${skip}`);

const pending = Symbol('pending');
const soon = (ms: number) => new Promise<typeof pending>((resolve) => setTimeout(() => resolve(pending), ms));
/** CLOCK_BOOTTIME, ms. */
const bootMs = (): number => Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000;

let world: Scratch;
let root: number;
const callers: Caller[] = [];
const gate = () => world.interceptor.gate;
const caller = async () => {
  const one = await Caller.start();
  callers.push(one);
  return one;
};
const begin = async (how: 'open' | 'held' | 'read-only' = 'open') => {
  world = await scratch();
  writeFileSync(world.path('one/old'), 'as it was');
  for (let i = 0; i < 8; i += 1) mkdirSync(world.path(`one/d${i}`));
  gate().beginWith(how);
  ({ id: root } = await world.interceptor.protect(world.raw('one')));
  gate().beginWith('open');
};
const waits = (count: number) => until(() => gate().at(root).waiting === count);
const replaced = async (which: 'server' | 'holder') => {
  const before = (await world.interceptor.servers())[which];
  process.kill(before, 'SIGKILL');
  for (;;) {
    const now = (await world.interceptor.servers())[which];
    if (now !== before && now !== 0) return;
  }
};
const end = async () => {
  gate().setReadOnly([root], false);
  gate().setLease([root], null);
  for (const one of callers.splice(0)) one.end();
  await world.close();
};

describe.skipIf(skip !== null)('[SAFE6] fuse makes a superseded root read-only', () => {
  afterEach(end);

  const CHANGES: readonly (readonly [string, string, ...unknown[]])[] = [
    ['write', 'old', 0, 'AS'],
    ['fsync', 'old'],
    ['create', 'new'],
    ['empty', 'old'],
    ['truncate', 'old', 1],
    ['mkdir', 'new'],
    ['rmdir', 'd0'],
    ['unlink', 'old'],
    ['chmod', 'old', 0o600],
    ['chown', 'old', 1, 1],
    ['utime', 'old', 1],
    ['setxattr', 'old', 'user.a', 'b'],
    ['punch', 'old', 0, 4],
    ['open', 'old', 'O_WRONLY'],
    ['open', 'old', 'O_RDWR'],
  ];

  it('answers EROFS to every call that changes something, through what was open before as well, and serves readers', async () => {
    await begin();
    const one = await caller();
    expect(await one.call('write', world.path('one/old'), 0, 'as')).toEqual({ ok: 2 });
    expect(await one.call('fsync', world.path('one/old'))).toEqual({ ok: null });
    drainAll(world.interceptor);
    gate().setReadOnly([root], true);
    for (const [name, path, ...more] of CHANGES)
      expect([name, await one.call(name, world.path(`one/${path}`), ...more)]).toEqual([name, { error: 'EROFS' }]);
    for (const name of ['rename', 'link', 'symlink'])
      expect(await one.call(name, world.path('one/old'), world.path('one/new'))).toEqual({ error: 'EROFS' });
    expect(await one.call('read', world.path('one/old'))).toEqual({ ok: 'as it was' });
    expect(await one.call('list', world.path('one'))).toEqual({ ok: readdirSync(world.path('one')).sort() });
    expect(drainAll(world.interceptor)).toEqual([]);
    expect(gate().at(root)).toMatchObject({ mode: 'read-only', refused: CHANGES.length + 3 });
    gate().setReadOnly([root], false);
    expect(await one.call('write', world.path('one/old'), 0, 'AS')).toEqual({ ok: 2 });
  });

  it('stays so when server, holder and agent are others, and begins so where that was said before', async () => {
    await begin('read-only');
    const one = await caller();
    const refused = async () => expect(await one.call('create', world.path('one/new'))).toEqual({ error: 'EROFS' });
    await refused();
    for (const which of ['server', 'holder'] as const) {
      await replaced(which);
      await refused();
    }
    await world.reopen();
    await refused();
    expect(gate().at(root).mode).toBe('read-only');
    const two = await world.interceptor.protect(world.raw('two'));
    expect(gate().at(two.id).mode).toBe('open');
    gate().setReadOnly([root], false);
    expect(await one.call('create', world.path('one/new'))).toEqual({ ok: null });
  });

  it('stores through a mapping that were not written back before are lost to the disk, and msync says so', async () => {
    await begin();
    const one = await caller();
    const path = world.path('one/old');
    await one.call('map', path);
    await one.call('store', path, 'AS');
    gate().setReadOnly([root], true);
    expect((await one.call('sync', path)).error).toMatch(/^(EROFS|EIO)$/);
    const beneath = world.interceptor.roots()[0]?.files;
    const node = beneath?.entry(beneath.rootNode, 'old' as never)?.node;
    const file = node === undefined ? null : (beneath?.open(node) ?? null);
    const bytes = new Uint8Array(9);
    file?.read(0, bytes);
    file?.close();
    expect(Buffer.from(bytes).toString()).toBe('as it was');
    expect(drainAll(world.interceptor)).toEqual([]);
  });

  it('a call that waited for its lease, or was executed and waited for the target, is answered EROFS', async () => {
    await begin();
    const terms: HoldTerms = { at: 'every-call', policy: 'suspend', limitMs: 60_000 };
    world.interceptor.hold.set(root, terms);
    const executed = (await caller()).call('create', world.path('one/d0/new'));
    await until(() => world.interceptor.hold.calls(root).waiting === 1);
    gate().setLease([root], 0);
    const held = (await caller()).call('create', world.path('one/d1/new'));
    await waits(1);
    gate().setReadOnly([root], true);
    expect(await Promise.all([executed, held])).toEqual([{ error: 'EROFS' }, { error: 'EROFS' }]);
    world.interceptor.hold.set(root, null);
    // What was executed is on this disk, and in the ring.
    expect([readdirSync(world.path('one/d0')), readdirSync(world.path('one/d1'))]).toEqual([['new'], []]);
    expect(drainAll(world.interceptor).map(({ verb }) => verb)).toEqual([Verb.create]);
  });
});

describe.skipIf(skip !== null)('[FO3] fuse executes and answers calls while the lease holds', () => {
  afterEach(end);

  it('lets calls wait from the deadline on, serves readers however many wait, and goes on when it is set anew', async () => {
    await begin();
    gate().setLease([root], bootMs() + 60_000);
    const one = await caller();
    expect(await one.call('write', world.path('one/old'), 0, 'As')).toEqual({ ok: 2 });
    gate().setLease([root], bootMs() - 20);
    const answers: Promise<Answer>[] = [];
    for (let i = 0; i < 3; i += 1) answers.push((await caller()).call('create', world.path(`one/d${i}/new`)));
    await waits(3);
    expect(await Promise.race([...answers, soon(200)])).toBe(pending);
    expect(await one.call('read', world.path('one/old'))).toEqual({ ok: 'As it was' });
    // Not of a directory in which one waits: the kernel holds its lock.
    expect((await one.call('list', world.path('one'))).ok).toContain('d7');
    gate().setLease([root], bootMs() + 60_000);
    expect(new Set((await Promise.all(answers)).map(({ error }) => error))).toEqual(new Set([undefined]));
    await waits(0);
    expect(drainAll(world.interceptor).filter(({ verb }) => verb === Verb.create)).toHaveLength(3);
  });

  it('begins held where that was said before: nothing is executed until the first confirmation', async () => {
    await begin('held');
    const answer = (await caller()).call('create', world.path('one/new'));
    await waits(1);
    expect(await Promise.race([answer, soon(100)])).toBe(pending);
    gate().setLease([root], null);
    expect(await answer).toEqual({ ok: null });
  });

  it('does not answer after the deadline what was executed before it', async () => {
    await begin();
    world.interceptor.hold.set(root, { at: 'every-call', policy: 'suspend', limitMs: 60_000 });
    gate().setLease([root], bootMs() + 60_000);
    const answer = (await caller()).call('write', world.path('one/old'), 0, 'AS');
    await until(() => world.interceptor.hold.calls(root).waiting === 1);
    gate().setLease([root], 0);
    const [written] = drainAll(world.interceptor);
    world.interceptor.hold.acknowledge(root, written?.sequence ?? 0);
    world.interceptor.hold.settle();
    expect(await Promise.race([answer, soon(200)])).toBe(pending);
    gate().setLease([root], bootMs() + 60_000);
    expect(await answer).toEqual({ ok: 2 });
    world.interceptor.hold.set(root, null);
  });

  it('a server that was stopped over the deadline executes nothing it had been given before', async () => {
    await begin();
    const { server } = await world.interceptor.servers();
    const one = await caller();
    gate().setLease([root], bootMs() + 300);
    process.kill(server, 'SIGSTOP');
    const answer = one.call('create', world.path('one/new'));
    const over = bootMs() + 320;
    while (bootMs() < over) await soon(20);
    process.kill(server, 'SIGCONT');
    await waits(1);
    expect(drainAll(world.interceptor)).toEqual([]);
    gate().setLease([root], bootMs() + 60_000);
    expect(await answer).toEqual({ ok: null });
  });

  it('[FSI5] what waits outlives server and holder, and is executed once', async () => {
    await begin();
    gate().setLease([root], 0);
    const answers: Promise<Answer>[] = [];
    for (let i = 0; i < 2; i += 1) answers.push((await caller()).call('append', world.path('one/old'), String(i)));
    const big = 'b'.repeat(300_000);
    answers.push((await caller()).call('append', world.path('one/d0/../old'), big));
    // Those behind the first wait in the kernel, for the file's lock.
    await waits(1);
    for (const which of ['server', 'holder', 'server'] as const) await replaced(which);
    await waits(1);
    gate().setLease([root], bootMs() + 60_000);
    expect((await Promise.all(answers)).every(({ error }) => error === undefined)).toBe(true);
    const content = readFileSync(world.path('one/old'), 'utf8');
    expect([...content.replace('as it was', '').replace(big, '')].sort().join('')).toBe('01');
    expect(content).toContain(big);
  });

  it('a caller that is killed does not wait on', async () => {
    await begin('held');
    const one = await caller();
    const answer = one.call('create', world.path('one/new'));
    await waits(1);
    one.process.kill('SIGKILL');
    await once(one.process, 'exit');
    expect(await answer).toEqual({ error: 'GONE' });
    await waits(0);
    gate().setLease([root], null);
    expect(readdirSync(world.path('one'))).not.toContain('new');
  });
});
