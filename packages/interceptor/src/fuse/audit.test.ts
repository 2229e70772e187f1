import { execFileSync } from 'node:child_process';
import fs, { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { CookieOutcome } from '@understudy/engine';
import { type OperationRecord, Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { HolderClient } from './holder-client.ts';
import { drainAll, type Scratch, scratch, until, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the tests of the driver’s cookies are skipped: ${skip}`);

const said = (records: readonly OperationRecord[]) =>
  records.map(({ verb, extent, root }) => (verb === Verb.cookie ? `cookie ${extent} of ${root}` : verb));
const NAME = `.understudy-${'0123456789abcdef'.repeat(2)}`;
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'done';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
};

describe.skipIf(skip !== null)('[FSI6] a cookie through the real path', () => {
  const worlds: Scratch[] = [];
  const stopped = new Set<number>();
  const make = async () => {
    const world = await scratch();
    worlds.push(world);
    return world;
  };
  const signal = (pid: number, name: 'SIGSTOP' | 'SIGCONT') => {
    process.kill(pid, name);
    if (name === 'SIGSTOP') stopped.add(pid);
    else stopped.delete(pid);
  };
  afterEach(async () => {
    for (const pid of [...stopped]) signal(pid, 'SIGCONT');
    for (const world of worlds.splice(0)) await world.close();
  });

  it('comes out of the ring behind what was done before it, each root with its own, and leaves nothing in the folder', async () => {
    const { interceptor, path, raw } = await make();
    const one = await interceptor.protect(raw('one'));
    const two = await interceptor.protect(raw('two'));
    writeFileSync(path('one/a'), 'data');
    const before = fs.statSync(path('one')).mtimeMs;
    expect(await interceptor.cookie(one.id, 1_700_000_000_000_001)).toEqual({ written: true });
    expect(await interceptor.cookie(two.id, 7)).toEqual({ written: true });
    expect(said(drainAll(interceptor))).toEqual([
      Verb.create,
      Verb.write,
      `cookie 1700000000000001 of ${one.id}`,
      `cookie 7 of ${two.id}`,
    ]);
    expect([readdirSync(path('one')), readdirSync(path('two'))]).toEqual([['a'], []]);
    expect(fs.statSync(path('one')).mtimeMs).toBe(before);
    await interceptor.close(false);
    expect(readdirSync(path('one'))).toEqual(['a']);
  });

  it('the name is nobody’s: not listed, not readable, not removable, and another name is what the folder says', async () => {
    const { interceptor, path, raw } = await make();
    const { id } = await interceptor.protect(raw('one'));
    const at = path(`one/${NAME}`);
    const holder = await HolderClient.open(path('home'));
    expect(await holder?.client.ask(`audit ${id} ${NAME}`)).toBe('ok');
    expect(await holder?.client.ask(`audit ${id} short`)).toMatch(/^error/);
    expect(await holder?.client.ask(`audit 4711 ${NAME}`)).toMatch(/^error/);
    holder?.client.close();
    const seen = fs.statSync(at);
    expect([seen.size, seen.mode, seen.uid, seen.nlink]).toEqual([0, 0o100200, 0, 1]);
    expect(codeOf(() => readFileSync(at))).toBe('EPERM');
    expect(codeOf(() => fs.chmodSync(at, 0o666))).toBe('EPERM');
    expect(codeOf(() => writeFileSync(at, 'more than a number', { flag: 'r+' }))).toBe('EINVAL');
    expect(codeOf(() => fs.unlinkSync(at))).toBe('ENOENT');
    expect(codeOf(() => fs.linkSync(at, path('one/link')))).not.toBe('done');
    expect(codeOf(() => fs.openSync(path(`one/${NAME.replace('0', '1')}`), 'r+'))).toBe('ENOENT');
    expect(readdirSync(path('one'))).toEqual([]);
    expect(drainAll(interceptor)).toEqual([]);
  });

  it('a server that stands still holds up the cookie and nothing else; it comes when the server goes on', async () => {
    const { interceptor, path, raw } = await make();
    const { id } = await interceptor.protect(raw('one'));
    const { server } = await interceptor.servers();
    signal(server, 'SIGSTOP');
    const outcomes: CookieOutcome[] = [];
    const first = interceptor.cookie(id, 1).then((outcome) => outcomes.push(outcome));
    expect(await interceptor.cookie(id, 2)).toMatchObject({ written: false, errno: 'EBUSY' });
    expect(drainAll(interceptor)).toEqual([]);
    expect(outcomes).toEqual([]);
    signal(server, 'SIGCONT');
    await first;
    expect(outcomes).toEqual([{ written: true }]);
    expect(said(drainAll(interceptor))).toEqual([`cookie 1 of ${id}`]);
    expect(readdirSync(path('one'))).toEqual([]);
  });

  it('an agent whose cookie is held up ends at once, and the next one’s cookies come', async () => {
    const world = await make();
    const { id } = await world.interceptor.protect(world.raw('one'));
    const { server } = await world.interceptor.servers();
    signal(server, 'SIGSTOP');
    const held = world.interceptor.cookie(id, 1);
    await until(() => execFileSync('ps', ['-eo', 'comm']).toString().includes('fsi-audit'));
    await world.interceptor.close(true);
    expect(await held).toMatchObject({ written: false });
    signal(server, 'SIGCONT');
    const again = await world.reopen();
    expect(await again.cookie(id, 2)).toEqual({ written: true });
    await until(() => said(drainAll(again)).includes(`cookie 2 of ${id}`));
  });

  it('[FSI5] a server that dies is no reason for a cookie not to come', async () => {
    const { interceptor, raw } = await make();
    const { id } = await interceptor.protect(raw('one'));
    for (let number = 1; number <= 5; number += 1) {
      const { server } = await interceptor.servers();
      const coming = interceptor.cookie(id, number);
      process.kill(server, 'SIGKILL');
      expect(await coming).toEqual({ written: true });
      const seen: unknown[] = [];
      await until(() => {
        seen.push(...said(drainAll(interceptor)));
        return seen.includes(`cookie ${number} of ${id}`);
      });
    }
  });

  it('where the path leads elsewhere the cookie is not written, and nothing comes into being there', async () => {
    const { interceptor, path, raw } = await make();
    const { id } = await interceptor.protect(raw('one'));
    expect(await interceptor.cookie(id, 1)).toEqual({ written: true });
    execFileSync('mount', ['--bind', path('two'), path('one')]);
    try {
      expect(await interceptor.cookie(id, 2)).toMatchObject({ written: false, errno: 'ENOENT' });
      expect(readdirSync(path('two'))).toEqual([]);
    } finally {
      execFileSync('umount', [path('one')]);
    }
    expect(await interceptor.cookie(id, 3)).toEqual({ written: true });
    expect(said(drainAll(interceptor))).toEqual([`cookie 1 of ${id}`, `cookie 3 of ${id}`]);
  });

  it('is no user of the mount: it is released at once, and afterwards no cookie is written', async () => {
    const { interceptor, raw } = await make();
    const { id } = await interceptor.protect(raw('one'));
    const coming = interceptor.cookie(id, 1);
    expect(await interceptor.release(id)).toEqual({ unmounted: true, users: [] });
    await coming;
    expect(await interceptor.cookie(id, 2)).toMatchObject({ written: false, errno: 'ENOENT' });
  });
});
