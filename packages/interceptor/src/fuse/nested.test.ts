import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RawName } from '@understudy/base';
import { type InterceptorEvent, InterceptorRefusal } from '@understudy/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { mountHolding } from './mount-tree.ts';
import { FUSE_TYPE, mountsOf } from './mounts.ts';
import { drainAll, ended, type Scratch, type ShellUser, scratch, startUser, until, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the fuse driver’s nested file systems are skipped: ${skip}`);

/** A file system of its own in an image beside the protected directory. */
function mountImage(world: Scratch, name: string, image = `${name.replaceAll('/', '-')}.img`): void {
  const path = world.path(image);
  execFileSync('truncate', ['-s', '16M', path]);
  execFileSync('mkfs.ext4', ['-q', '-F', '-E', 'root_owner=0:0', path]);
  mkdirSync(world.path(name), { recursive: true });
  execFileSync('mount', ['-o', 'loop', path, world.path(name)]);
  rmSync(join(world.path(name), 'lost+found'), { recursive: true });
}

function buildElsewhere(world: Scratch): string {
  const source = fileURLToPath(new URL('../../native/linux/test/elsewhere.c', import.meta.url));
  const out = world.path('elsewhere');
  execFileSync('cc', ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-o', out, source]);
  return out;
}

/** What is mounted beneath the scratch world: place, type and number, as the kernel lists them. */
const mountsIn = (world: Scratch) =>
  mountsOf('self')
    .filter(({ mountPoint }) => mountPoint.startsWith(`${world.top}/`))
    .map(({ id, mountPoint, type }) => `${id} ${mountPoint.slice(world.top.length)} ${type}`);

const typeAt = (world: Scratch, name: string) => mountHolding(mountsOf('self'), world.raw(name))?.type;

describe.skipIf(skip !== null)('fuse over a directory with file systems mounted beneath it', () => {
  const worlds: Scratch[] = [];
  const users: ShellUser[] = [];
  const use = (script: string): ShellUser => {
    const user = startUser(script);
    users.push(user);
    return user;
  };
  const make = async () => {
    const world = await scratch();
    worlds.push(world);
    return world;
  };
  afterEach(async () => {
    for (const user of users.splice(0)) {
      user.end();
      await ended(user);
    }
    for (const world of worlds.splice(0)) await world.close();
  });
  const three = async () => {
    const world = await make();
    mountImage(world, 'one/sub');
    mountImage(world, 'one/sub/a/deep');
    writeFileSync(world.path('one/sub/inner'), 'inner');
    writeFileSync(world.path('one/sub/a/deep/deepest'), 'deepest');
    return world;
  };

  it('[FSI1] each becomes a root of its own, outermost first, and what happens in each is recorded under its number, in order', async () => {
    const world = await three();
    const head = await world.interceptor.protect(world.raw('one'));
    const nested = head.nested ?? [];
    expect(nested.map(({ path }) => path)).toEqual([world.raw('one/sub'), world.raw('one/sub/a/deep')]);
    expect(world.interceptor.roots()).toEqual([head, ...nested]);
    expect(head.uncovered).toEqual([]);
    expect(readFileSync(world.path('one/sub/a/deep/deepest'), 'utf8')).toBe('deepest');
    drainAll(world.interceptor);
    for (const name of ['one/sub/a/deep/x', 'one/x', 'one/sub/x']) writeFileSync(world.path(name), 'y');
    const roots = drainAll(world.interceptor).map(({ root }) => root);
    const [sub, deep] = nested.map(({ id }) => id);
    expect(roots).toEqual([deep, deep, head.id, head.id, sub, sub]);
    // Each reads its own file system and not what is mounted in it.
    const names = (files: typeof head.files) =>
      (files.openDirectory(files.rootNode)?.next(100) ?? []).map(({ name }) => String(name)).sort();
    expect(names(head.files)).toEqual(['sub', 'x']);
    expect(nested.map((each) => names(each.files))).toEqual([
      ['a', 'inner', 'x'],
      ['deepest', 'x'],
    ]);
  });

  it('what lies beneath a mount is hidden from us as from everybody; the place is an empty directory', async () => {
    const world = await make();
    for (const name of ['one/sub', 'one/made']) {
      mkdirSync(world.path(name));
      writeFileSync(world.path(`${name}/hidden`), 'beneath the mount');
    }
    mountImage(world, 'one/sub');
    execFileSync('mount', ['-t', 'proc', 'proc', world.path('one/made')]);
    const { files, nested } = await world.interceptor.protect(world.raw('one'));
    const below = (name: string) => {
      const node = files.entry(files.rootNode, name as RawName)?.node;
      if (node === undefined) throw new Error(`no ${name}`);
      return [files.openDirectory(node)?.next(10), files.entry(node, 'hidden' as RawName) === null] as const;
    };
    expect([below('sub'), below('made')]).toEqual(Array(2).fill([[], true]));
    expect(nested?.map(({ files: own }) => own.openDirectory(own.rootNode)?.next(10))).toEqual([[]]);
    // Unmounted by somebody: what was beneath is there again.
    execFileSync('umount', [world.path('one/sub')]);
    await until(() => below('sub')[0]?.length === 1);
    expect(readdirSync(world.path('one/sub'))).toEqual(['hidden']);
  });

  it('after the release the tree is as it was, with the same mounts', async () => {
    const world = await three();
    execFileSync('mount', ['-t', 'ramfs', 'none', world.path('two')]);
    const before = mountsIn(world);
    const head = await world.interceptor.protect(world.raw('one'));
    expect([typeAt(world, 'one'), typeAt(world, 'one/sub'), typeAt(world, 'one/sub/a/deep')]).toEqual(
      Array(3).fill(FUSE_TYPE),
    );
    writeFileSync(world.path('one/sub/a/deep/new'), 'written through the mount');
    const ids = [head, ...(head.nested ?? [])].map(({ id }) => id).reverse();
    const answers = [];
    for (const id of ids) answers.push((await world.interceptor.release(id)).unmounted);
    expect(answers).toEqual([false, false, true]);
    expect(mountsIn(world)).toEqual(before);
    expect(readFileSync(world.path('one/sub/a/deep/new'), 'utf8')).toBe('written through the mount');
    expect(world.interceptor.roots()).toEqual([]);
  });

  it('while one of them is in use all stay as pass-through, the user is named, and the last to go takes them off', async () => {
    const world = await three();
    const before = mountsIn(world);
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    const head = await world.interceptor.protect(world.raw('one'));
    const user = use(`exec 3>${world.path('one/sub/log')}; echo ready; read; echo after >&3; read`);
    await user.line();
    const roots = [head, ...(head.nested ?? [])].reverse();
    let last: { unmounted: boolean; users: readonly string[] } = { unmounted: true, users: [] };
    for (const { id } of roots) last = await world.interceptor.release(id);
    expect(last.unmounted).toBe(false);
    expect(last.users).toEqual([expect.stringMatching(new RegExp(`^${user.pid} bash .*one/sub/log`))]);
    drainAll(world.interceptor);
    user.say('go on');
    await until(() => readFileSync(world.path('one/sub/log'), 'utf8') === 'after\n');
    expect([typeAt(world, 'one'), typeAt(world, 'one/sub/a/deep')]).toEqual([FUSE_TYPE, FUSE_TYPE]);
    expect(drainAll(world.interceptor)).toEqual([]);
    user.end();
    await until(() => events.filter(({ kind }) => kind === 'unmounted').length === 3);
    expect(mountsIn(world)).toEqual(before);
  });

  it('what the job does not want, and what the kernel makes up, stays in its place as it is', async () => {
    const world = await make();
    for (const name of ['one/made', 'one/out', 'one/bound']) mkdirSync(world.path(name));
    mountImage(world, 'one/sub');
    mountImage(world, 'one/out');
    writeFileSync(world.path('one/out/old'), 'old');
    execFileSync('mount', ['-t', 'proc', 'proc', world.path('one/made')]);
    const before = mountsIn(world);
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    const head = await world.interceptor.protect(world.raw('one'), (path) => path !== world.raw('one/out'));
    expect((head.nested ?? []).map(({ path }) => path)).toEqual([world.raw('one/sub')]);
    expect([head.uncovered, head.unseen]).toEqual([['one/out', 'one/made'].map(world.raw), [world.raw('one/out')]]);
    expect([typeAt(world, 'one/out'), typeAt(world, 'one/made')]).toEqual(['ext4', 'proc']);
    expect(statSync(world.path('one/made/self')).isDirectory()).toBe(true);
    expect(events.map(({ kind, severity }) => [kind, severity])).toEqual([['exposed', 'warning']]);
    expect(events[0]?.sentence).toContain(`${world.path('one/made')} (proc)`);
    drainAll(world.interceptor);
    writeFileSync(world.path('one/out/new'), 'unseen, as the job wants it');
    expect(drainAll(world.interceptor)).toEqual([]);
    // Another job wants it: it is protected in its place, and goes by itself.
    const out = await world.interceptor.protect(world.raw('one/out'));
    writeFileSync(world.path('one/out/newer'), 'seen');
    expect(drainAll(world.interceptor).map(({ root }) => root)).toEqual([out.id, out.id]);
    expect((await world.interceptor.release(out.id)).unmounted).toBe(true);
    expect([readFileSync(world.path('one/out/newer'), 'utf8'), typeAt(world, 'one/out')]).toEqual(['seen', 'ext4']);
    for (const { id } of world.interceptor.roots()) await world.interceptor.release(id);
    expect(mountsIn(world)).toEqual(before);
  });

  it('a root beneath that another job still wants keeps the whole tree where it is', async () => {
    const world = await three();
    const before = mountsIn(world);
    const head = await world.interceptor.protect(world.raw('one'));
    const [sub, deep] = head.nested ?? [];
    for (const root of [deep, head]) expect((await world.interceptor.release(root?.id ?? 0)).unmounted).toBe(false);
    drainAll(world.interceptor);
    writeFileSync(world.path('one/sub/x'), 'y');
    writeFileSync(world.path('one/x'), 'y');
    expect(drainAll(world.interceptor).map(({ root }) => root)).toEqual([sub?.id, sub?.id]);
    const again = await world.interceptor.protect(world.raw('one'));
    expect([again.id, again.nested?.map(({ id }) => id)]).toEqual([head.id, [sub?.id, deep?.id]]);
    writeFileSync(world.path('one/sub/a/deep/x'), 'y');
    expect(drainAll(world.interceptor).map(({ root }) => root)).toEqual([deep?.id, deep?.id]);
    for (const { id } of [...world.interceptor.roots()].reverse()) await world.interceptor.release(id);
    expect(mountsIn(world)).toEqual(before);
  });

  it('a service in a mount namespace of its own sees our mounts come and go; one that has a private copy is refused', async () => {
    const world = await make();
    mountImage(world, 'two');
    execFileSync('mount', ['--make-shared', world.path('two')]);
    mkdirSync(world.path('two/data'));
    mountImage(world, 'two/data/sub');
    mkdirSync(world.path('two/data/out'));
    execFileSync('mount', ['-t', 'ramfs', 'none', world.path('two/data/out')]);
    const before = mountsIn(world);
    const program = buildElsewhere(world);
    const service = (how: string) => use(`exec ${program} ${world.path('two')} ${how} /data/sub/x /data/out/x`);
    const private_ = service('private');
    await private_.line();
    expect(await world.interceptor.protect(world.raw('two/data')).catch((error) => error.code)).toBe('other-mount');
    private_.end();
    await ended(private_);
    const follower = service('follows');
    await follower.line();
    const head = await world.interceptor.protect(world.raw('two/data'), (path) => path !== world.raw('two/data/out'));
    follower.say('go on');
    expect(await follower.line()).toBe('done');
    const typesThere = () =>
      ['/data', '/data/sub', '/data/out'].map((at) => mountHolding(mountsOf(follower.pid), at)?.type);
    expect(typesThere()).toEqual([FUSE_TYPE, FUSE_TYPE, 'ramfs']);
    const sub = head.nested?.[0]?.id;
    expect(drainAll(world.interceptor).map(({ root }) => root)).toEqual([sub, sub]);
    expect(readFileSync(world.path('two/data/out/x'), 'utf8')).toBe('seen\n');
    for (const id of [sub ?? 0, head.id]) await world.interceptor.release(id);
    expect([mountsIn(world), typesThere()]).toEqual([before, ['ext4', 'ext4', 'ramfs']]);
    follower.end();
    await ended(follower);
  });

  describe('[FSI7] refuses, and nothing has changed', () => {
    const refusal = async (world: Scratch, path: RawName) => {
      const before = mountsIn(world);
      const error = await world.interceptor.protect(path).catch((reason: unknown) => reason);
      if (!(error instanceof InterceptorRefusal)) throw new Error(`no refusal but ${String(error)}`);
      expect([world.interceptor.roots(), mountsIn(world)]).toEqual([[], before]);
      return error;
    };

    it('a user of a file system mounted beneath, by name', async () => {
      const world = await three();
      const user = use(`exec 3>${world.path('one/sub/a/deep/held')}; echo ready; read`);
      await user.line();
      const error = await refusal(world, world.raw('one'));
      expect([error.code, error.message]).toEqual(['open-for-writing', expect.stringContaining('one/sub/a/deep/held')]);
      user.end();
      await ended(user);
    });

    it('two ways to the same files: one file system at two places, or a part of the directory bound into it', async () => {
      const world = await make();
      mountImage(world, 'one/sub');
      mkdirSync(world.path('one/twice'));
      execFileSync('mount', ['--bind', world.path('one/sub'), world.path('one/twice')]);
      expect((await refusal(world, world.raw('one'))).code).toBe('other-mount');
      execFileSync('umount', [world.path('one/twice')]);
      mkdirSync(world.path('one/part'));
      execFileSync('mount', ['--bind', world.path('one/part'), world.path('one/twice')]);
      const error = await refusal(world, world.raw('one'));
      expect([error.code, error.message]).toEqual(['other-mount', expect.stringContaining('one/twice')]);
    });

    it('a file system that it cannot serve and that the job wants, and a mounted file', async () => {
      const world = await make();
      for (const name of ['one/low', 'two/up', 'two/work', 'one/over']) mkdirSync(world.path(name));
      const layers = ['lowerdir=one/low', 'upperdir=two/up', 'workdir=two/work'];
      const options = layers.map((each) => each.replace('=', `=${world.top}/`)).join(',');
      execFileSync('mount', ['-t', 'overlay', 'none', '-o', options, world.path('one/over')]);
      const error = await refusal(world, world.raw('one'));
      expect([error.code, error.message]).toEqual(['nested-mount', expect.stringContaining('one/over (overlay)')]);
      execFileSync('umount', [world.path('one/over')]);
      mountImage(world, 'two/sub');
      writeFileSync(world.path('one/point'), '');
      writeFileSync(world.path('two/sub/file'), '');
      execFileSync('mount', ['--bind', world.path('two/sub/file'), world.path('one/point')]);
      expect((await refusal(world, world.raw('one'))).message).toContain('one/point is a single file');
      const head = await world.interceptor.protect(world.raw('one'), () => false);
      writeFileSync(world.path('one/point'), 'through the bound file');
      expect(readFileSync(world.path('two/sub/file'), 'utf8')).toBe('through the bound file');
      expect((await world.interceptor.release(head.id)).unmounted).toBe(true);
    });
  });

  it('[FSI6] an administrator who unmounts one takes it out of the protection with an event; the directory goes on', async () => {
    const world = await three();
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    const head = await world.interceptor.protect(world.raw('one'));
    const [sub, deep] = head.nested ?? [];
    const user = use(`exec 3>${world.path('one/sub/a/deep/held')}; echo ready; read`);
    await user.line();
    expect(() => execFileSync('umount', [world.path('one/sub/a/deep')], { stdio: 'pipe' })).toThrow(/busy/);
    user.end();
    await ended(user);
    execFileSync('umount', [world.path('one/sub/a/deep')]);
    await until(() => events.some(({ kind }) => kind === 'unmounted'));
    expect(events.map(({ kind, severity, root }) => [kind, severity, root])).toEqual([
      ['unmounted', 'error', deep?.id],
    ]);
    expect(world.interceptor.roots()).toEqual([head, sub]);
    expect(readdirSync(world.path('one/sub/a/deep'))).toEqual([]);
    for (const { id } of [...world.interceptor.roots()].reverse()) await world.interceptor.release(id);
    expect(readFileSync(world.path('one/sub/a/deep/deepest'), 'utf8')).toBe('deepest');
  });

  it('a file system mounted later is told of as not protected, keeps the mount until it is gone, and can be taken in', async () => {
    const world = await make();
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    const head = await world.interceptor.protect(world.raw('one'));
    mountImage(world, 'one/late');
    await until(() => events.length > 0);
    expect(events.map(({ kind, severity, root }) => [kind, severity, root])).toEqual([['exposed', 'warning', head.id]]);
    expect(events[0]?.sentence).toContain(`${world.path('one/late')} (ext4)`);
    expect([head.uncovered, head.unseen]).toEqual([[world.raw('one/late')], [world.raw('one/late')]]);
    const again = await world.interceptor.protect(world.raw('one'));
    expect(again.nested?.map(({ path }) => path)).toEqual([world.raw('one/late')]);
    drainAll(world.interceptor);
    writeFileSync(world.path('one/late/x'), 'y');
    expect(drainAll(world.interceptor).map(({ root }) => root)).toEqual(Array(2).fill(again.nested?.[0]?.id));
    const answers = [];
    for (const { id } of [...world.interceptor.roots()].reverse()) answers.push(await world.interceptor.release(id));
    expect(answers).toEqual([
      { unmounted: true, users: [] },
      { unmounted: false, users: [`${world.path('one/late')} (ext4, mounted there since)`] },
    ]);
    execFileSync('umount', [world.path('one/late')]);
    await until(() => events.some(({ kind }) => kind === 'unmounted'));
    expect(mountsIn(world)).toEqual([]);
  });

  it('[FSI5] the next agent finds the roots and what belongs together, and lets go of all of it', async () => {
    const world = await three();
    const before = mountsIn(world);
    const head = await world.interceptor.protect(world.raw('one'));
    const ids = [head, ...(head.nested ?? [])].map(({ id }) => id);
    const again = await world.reopen();
    expect(again.roots().map(({ id }) => id)).toEqual(ids);
    expect((await again.protect(world.raw('one'))).nested?.map(({ id }) => id)).toEqual(ids.slice(1));
    const answers = [];
    for (const id of [...ids].reverse()) answers.push((await again.release(id)).unmounted);
    expect([answers, mountsIn(world)]).toEqual([[false, false, true], before]);
  });

  it('when both servers died at once the dead mounts go in one step and each is told of', async () => {
    const world = await three();
    const before = mountsIn(world);
    await world.interceptor.protect(world.raw('one'));
    const { holder, server } = await world.interceptor.servers();
    await world.interceptor.close(true);
    process.kill(holder, 'SIGSTOP');
    process.kill(server, 'SIGKILL');
    process.kill(holder, 'SIGKILL');
    const again = await world.reopen();
    const events: InterceptorEvent[] = [];
    again.onEvent((event) => events.push(event));
    expect(events.map(({ kind, severity }) => [kind, severity])).toEqual(Array(3).fill(['unmounted', 'error']));
    expect(mountsIn(world)).toEqual(before);
    expect((await again.protect(world.raw('one'))).nested).toHaveLength(2);
  });
});
