import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type RawName, rawFromText } from '@understudy/base';
import { InterceptorRefusal } from '@understudy/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { ended, type Scratch, scratch, startUser, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the fuse driver’s refusals are skipped: ${skip}`);

describe.skipIf(skip !== null)('[FSI7] fuse refuses', () => {
  const worlds: Scratch[] = [];
  const make = async () => {
    const world = await scratch();
    worlds.push(world);
    return world;
  };
  const refusal = async (world: Scratch, path: RawName): Promise<InterceptorRefusal> => {
    const error = await world.interceptor.protect(path).catch((reason: unknown) => reason);
    if (!(error instanceof InterceptorRefusal)) throw new Error(`no refusal but ${String(error)}`);
    expect(world.interceptor.roots()).toEqual([]);
    return error;
  };
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });

  it('a directory with a file open for writing, naming process and file', async () => {
    const world = await make();
    const user = startUser(`exec 3>>${world.path('one/held')}; echo ready; read`);
    await user.line();
    const error = await refusal(world, world.raw('one'));
    expect([error.code, error.message]).toEqual(['open-for-writing', expect.stringContaining(`process ${user.pid} (`)]);
    expect(error.message).toContain(world.path('one/held'));
    user.end();
    await ended(user);
    await world.interceptor.protect(world.raw('one'));
  });

  it('a file that is mapped shared and writable though its descriptor is closed', async () => {
    const world = await make();
    writeFileSync(world.path('one/mapped'), 'x'.repeat(4096));
    const program = `import mmap,os,sys
fd=os.open(sys.argv[1],os.O_RDWR)
m=mmap.mmap(fd,4096)
os.closerange(3,100)
print("ready",flush=True)
sys.stdin.readline()`;
    writeFileSync(world.path('map.py'), program);
    const user = startUser(`exec python3 ${world.path('map.py')} ${world.path('one/mapped')}`);
    await user.line();
    const error = await refusal(world, world.raw('one'));
    expect([error.code, error.message]).toEqual([
      'mapped-for-writing',
      expect.stringContaining(world.path('one/mapped')),
    ]);
    user.end();
    await ended(user);
  });

  it('the working directory of a process', async () => {
    const world = await make();
    mkdirSync(world.path('one/sub'));
    const user = startUser(`cd ${world.path('one/sub')}; echo ready; read`);
    await user.line();
    const error = await refusal(world, world.raw('one'));
    expect([error.code, error.message]).toEqual([
      'working-directory',
      expect.stringContaining(`process ${user.pid} (`),
    ]);
    user.end();
    await ended(user);
  });

  it('a user in another mount namespace', async () => {
    const world = await make();
    const user = startUser(`exec unshare -m bash -c 'exec 3>>${world.path('one/held')}; echo ready; read'`);
    await user.line();
    const error = await refusal(world, world.raw('one'));
    expect(['open-for-writing', 'other-mount']).toContain(error.code);
    user.end();
    await ended(user);
  });

  it('what another mount shows, and what no file handle leads back into, by itself or mounted beneath', async () => {
    const world = await make();
    for (const name of ['one/sub', 'three', 'four']) mkdirSync(world.path(name));
    execFileSync('mount', ['--bind', world.path('one/sub'), world.path('three')]);
    const exposed = await refusal(world, world.raw('one'));
    expect([exposed.code, exposed.message]).toEqual(['other-mount', expect.stringContaining(world.path('three'))]);
    execFileSync('umount', [world.path('three')]);
    execFileSync('mount', ['-t', 'ramfs', 'none', world.path('one/sub')]);
    const nested = await refusal(world, world.raw('one'));
    expect([nested.code, nested.message]).toEqual(['nested-mount', expect.stringContaining(world.path('one/sub'))]);
    const foreign = await refusal(world, world.raw('one/sub'));
    expect([foreign.code, foreign.message]).toEqual(['unsupported-file-system', expect.stringContaining('ramfs')]);
  });

  it('system places, its own home and what holds it', async () => {
    const world = await make();
    for (const place of ['/', '/etc', '/proc/sys', '/dev', '/run', '/sys/kernel'])
      expect((await refusal(world, rawFromText(place))).code).toBe('forbidden-place');
    for (const home of [world.raw('home'), rawFromText(world.top)])
      expect((await refusal(world, home)).code).toBe('forbidden-place');
    expect((await refusal(world, rawFromText('not/absolute'))).code).toBe('missing');
  });

  it('a directory above a protected one, and one that another agent protects', async () => {
    const world = await make();
    const other = await make();
    mkdirSync(world.path('one/sub'));
    await world.interceptor.protect(world.raw('one/sub'));
    const above = await world.interceptor.protect(world.raw('one')).catch((reason: unknown) => reason);
    expect(above).toMatchObject({ code: 'overlaps', message: expect.stringContaining(world.path('one/sub')) });
    expect((await refusal(other, world.raw('one/sub'))).code).toBe('already-mounted');
  });
});
