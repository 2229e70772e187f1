import { execFileSync, spawnSync } from 'node:child_process';
import fs, { appendFileSync, linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { InterceptorEvent } from '@understudy/engine';
import { type OperationRecord, Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { drainAll, ended, type Scratch, scratch, startUser, turn, until, whySkipped } from '../fuse/testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the tripwire’s tests are skipped: ${skip}`);

describe.skipIf(skip !== null)('[FSI7] what bypasses the mount', () => {
  const worlds: Scratch[] = [];
  const make = async () => {
    const world = await scratch();
    worlds.push(world);
    const events: InterceptorEvent[] = [];
    const records: OperationRecord[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    const bypasses = () => events.filter((event) => event.kind === 'bypass').map((event) => event.sentence);
    /** Waits for the record that says the file is dirty. */
    const dirtied = (inode: bigint) =>
      until(() => {
        records.push(...drainAll(world.interceptor));
        return records.some(({ verb, node }) => verb === Verb.dirty && (node & 0xffffffffn) === inode);
      });
    return { world, events, bypasses, dirtied, records };
  };
  const inodeOf = (path: string) => BigInt(statSync(path).ino);
  const behind = (world: Scratch) => {
    mkdirSync(world.path('behind'));
    execFileSync('mount', ['--bind', world.top, world.path('behind')]);
    return (name: string) => world.path(`behind/${name}`);
  };
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });

  it('a bind mount made after activation: named, dirty, and the reader sees the new bytes', async () => {
    const { world, bypasses, dirtied } = await make();
    await world.interceptor.protect(world.raw('one'));
    writeFileSync(world.path('one/data'), 'old bytes');
    expect(readFileSync(world.path('one/data'), 'utf8')).toBe('old bytes');
    const inode = inodeOf(world.path('one/data'));
    drainAll(world.interceptor);
    const path = behind(world);
    const user = startUser(`echo new longer bytes > ${path('one/data')}; echo done; read`);
    await user.line();
    await dirtied(inode);
    await until(() => bypasses().length > 0);
    expect(bypasses()[0]).toContain(`process ${user.pid} (bash) wrote to ${world.path('one/data')}`);
    expect(readFileSync(world.path('one/data'), 'utf8')).toBe('new longer bytes\n');
    user.end();
    await ended(user);
  });

  it('a descriptor that another mount namespace got past the mount', async () => {
    const { world, bypasses, dirtied } = await make();
    await world.interceptor.protect(world.raw('one'));
    writeFileSync(world.path('one/log'), 'first\n');
    const inode = inodeOf(world.path('one/log'));
    drainAll(world.interceptor);
    const inside = `umount ${world.path('one')}; exec 3>>${world.path('one/log')}; echo ready; read; echo second >&3; read`;
    const user = startUser(`exec unshare -m --propagation private bash -c '${inside}'`);
    await user.line();
    expect(readFileSync(world.path('one/log'), 'utf8')).toBe('first\n');
    user.say('go on');
    await dirtied(inode);
    await until(() => bypasses().some((text) => text.includes(`process ${user.pid} (bash) wrote to`)));
    expect(readFileSync(world.path('one/log'), 'utf8')).toBe('first\nsecond\n');
    user.end();
    await ended(user);
  });

  it('a hard link from outside: warned of at the protection, and a write to it is noticed though nobody read the file', async () => {
    const { world, events, bypasses, dirtied } = await make();
    writeFileSync(world.path('one/kept'), 'old');
    linkSync(world.path('one/kept'), world.path('two/other'));
    linkSync(world.path('file'), world.path('two/file'));
    const inode = inodeOf(world.path('one/kept'));
    await world.interceptor.protect(world.raw('one'));
    await until(() => events.some((event) => event.kind === 'exposed'));
    const warning = events.find((event) => event.kind === 'exposed');
    expect([warning?.severity, warning?.sentence]).toEqual(['warning', expect.stringContaining('1 file in')]);
    expect(warning?.sentence).toContain('kept');
    const { id } = world.interceptor.roots()[0] ?? { id: -1 };
    expect(world.interceptor.exposures(id)).toEqual({ pending: false, warnings: [warning?.sentence] });
    // The walk's finding reaches fsid a moment after the event; a write is repeated until it was heard.
    let heard = false;
    const hearing = dirtied(inode).then(() => {
      heard = true;
    });
    while (!heard) {
      appendFileSync(world.path('two/other'), '+');
      await turn();
    }
    await hearing;
    await until(() =>
      bypasses().some((text) => text.includes(`${world.path('one/kept')} by its name outside, other,`)),
    );
    expect(readFileSync(world.path('one/kept'), 'utf8')).toBe(readFileSync(world.path('two/other'), 'utf8'));
  });

  it('names made, moved and removed past the mount are seen through it, and their directory is dirty', async () => {
    const { world, bypasses, dirtied } = await make();
    await world.interceptor.protect(world.raw('one'));
    for (const name of ['a', 'b']) writeFileSync(world.path(`one/${name}`), name);
    const directory = inodeOf(world.path('one'));
    expect(fs.existsSync(world.path('one/new'))).toBe(false);
    drainAll(world.interceptor);
    const path = behind(world);
    writeFileSync(path('one/new'), 'made behind');
    fs.renameSync(path('one/a'), path('one/c'));
    fs.unlinkSync(path('one/b'));
    await dirtied(BigInt(fs.statSync(path('one')).ino));
    expect(directory).toBe(BigInt(fs.statSync(path('one')).ino));
    // Each name is forgotten by a word of its own.
    const isThere = (name: string) => fs.existsSync(world.path(`one/${name}`));
    await until(() => fs.readdirSync(world.path('one')).sort().join() === 'c,new' && isThere('c') && !isThere('a'));
    expect(readFileSync(world.path('one/new'), 'utf8')).toBe('made behind');
    await until(() => bypasses().some((text) => text.includes(' created ')));
  });

  it('stores through a mapping are noticed when the mapping goes', async () => {
    const { world, bypasses, dirtied } = await make();
    await world.interceptor.protect(world.raw('one'));
    writeFileSync(world.path('one/mapped'), 'x'.repeat(4096));
    const inode = inodeOf(world.path('one/mapped'));
    drainAll(world.interceptor);
    const path = behind(world);
    const program = `import mmap,os,sys
fd=os.open(sys.argv[1],os.O_RDWR)
m=mmap.mmap(fd,4096)
os.close(fd)
m[0:3]=b"new"
m.flush()`;
    execFileSync('python3', ['-c', program, path('one/mapped')]);
    await dirtied(inode);
    await until(() => bypasses().some((text) => text.includes('had open for writing')));
    expect(readFileSync(world.path('one/mapped'), 'utf8').slice(0, 4)).toBe('newx');
  });

  it('a reflink through the mount is refused as impossible, and cp falls back to a copy that is recorded', async () => {
    const { world } = await make();
    await world.interceptor.protect(world.raw('one'));
    writeFileSync(world.path('one/from'), 'content');
    drainAll(world.interceptor);
    const copy = (how: string, to: string) =>
      spawnSync('cp', [`--reflink=${how}`, world.path('one/from'), world.path(`one/${to}`)], { encoding: 'utf8' });
    expect(copy('always', 'strict')).toMatchObject({ status: 1, stderr: expect.stringContaining('failed to clone') });
    expect(copy('auto', 'loose').status).toBe(0);
    expect(readFileSync(world.path('one/loose'), 'utf8')).toBe('content');
    const written = drainAll(world.interceptor).filter((record) => record.verb === Verb.write);
    expect(written.map((record) => Buffer.from(record.data).toString())).toEqual(['content']);
  });

  it('what goes through the mount, and what is nobody’s, raises nothing; the next server goes on listening', async () => {
    const { world, bypasses, dirtied, records } = await make();
    await world.interceptor.protect(world.raw('one'));
    const work = (name: string) => {
      writeFileSync(world.path(name), 'x');
      fs.truncateSync(world.path(name), 0);
      fs.chmodSync(world.path(name), 0o600);
      fs.renameSync(world.path(name), world.path(`${name}.moved`));
      fs.unlinkSync(world.path(`${name}.moved`));
    };
    for (let i = 0; i < 20; i += 1) for (const name of ['one/a', 'two/a']) work(name);
    const { server } = await world.interceptor.servers();
    process.kill(server, 'SIGKILL');
    for (let i = 0; i < 20; i += 1) for (const name of ['one/b', 'two/b']) work(name);
    writeFileSync(world.path('one/last'), 'x');
    const path = behind(world);
    appendFileSync(path('one/last'), 'y');
    await dirtied(inodeOf(path('one/last')));
    await until(() => bypasses().length > 0);
    expect(bypasses().filter((text) => !text.includes('one/last'))).toEqual([]);
    const inode = inodeOf(path('one/last'));
    expect(records.filter(({ verb, node }) => verb === Verb.dirty && (node & 0xffffffffn) !== inode)).toEqual([]);
    expect(world.interceptor.status().tripwireOff).toBeNull();
  });
});
