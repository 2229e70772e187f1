import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import type { RawName } from '@understudy/base';
import type { InterceptorEvent, ProtectedRoot } from '@understudy/engine';
import { type OperationRecord, Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { type ActivityLog, parseActivityLog } from './activity-log.ts';
import { drainAll, ended, type Scratch, scratch, startUser, turn, until, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the activity log's tests are skipped: ${skip}`);

const MIB = 1 << 20;
const NAMES = new Set<Verb>([Verb.create, Verb.mkdir, Verb.symlink, Verb.mknod, Verb.link, Verb.unlink, Verb.rmdir]);

function read(home: string): ActivityLog {
  const log = parseActivityLog(fs.readFileSync(join(home, 'activity')));
  if (log === null) throw new Error('the activity log is damaged');
  return log;
}

/** Whether what the record tells of is in a region of the log. What was made counts to the directory that it was made in. */
function covers(log: ActivityLog, record: OperationRecord, born: ReadonlySet<bigint>): boolean {
  const { node, parent, parent2, verb } = record;
  const names = (directory: bigint): boolean =>
    born.has(directory) || log.regions.some((region) => region.kind === 'names' && region.node === directory);
  if (NAMES.has(verb)) return names(parent);
  if (verb === Verb.rename) return names(parent) && names(parent2);
  if (born.has(node)) return true;
  const at = verb === Verb.truncate ? record.extent : record.offset;
  return log.regions.some(
    (region) =>
      region.kind === 'content' && region.node === node && region.from <= at && at < (region.to ?? Number.MAX_VALUE),
  );
}

/** What was written before it is on the disk, so that the log speaks for it. */
async function protectedIn(world: Scratch, directory: RawName, home = world.path('home')): Promise<ProtectedRoot> {
  const protectedRoot = await world.interceptor.protect(directory);
  const { id } = protectedRoot;
  await until(() => read(home).regions.some(({ kind, root }) => kind === 'served' && root === id));
  return protectedRoot;
}

describe.skipIf(skip !== null)('the activity log', () => {
  const cleanings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const clean of cleanings.splice(0).reverse()) await clean();
  });
  const make = async (options: Parameters<typeof scratch>[0] = {}): Promise<Scratch> => {
    const world = await scratch(options);
    cleanings.push(() => world.close());
    return world;
  };
  /** A file system of its own, in an image. */
  const mounted = (world: Scratch, name: string): string => {
    const point = world.path(`${name}.mount`);
    execFileSync('truncate', ['-s', '32M', world.path(name)]);
    execFileSync('mkfs.ext4', ['-q', '-F', world.path(name)]);
    fs.mkdirSync(point);
    execFileSync('mount', ['-o', 'loop', world.path(name), point]);
    cleanings.push(() => execFileSync('umount', ['-l', point]));
    return point;
  };
  /** Nothing can be written to it until it is thawed. */
  const freeze = (point: string): (() => void) => {
    let frozen = true;
    const thaw = () => {
      if (frozen) execFileSync('fsfreeze', ['-u', point]);
      frozen = false;
    };
    execFileSync('fsfreeze', ['-f', point]);
    cleanings.push(thaw);
    return thaw;
  };
  const regions = (world: Scratch) => read(world.path('home')).regions;
  const settle = (world: Scratch, root: number, through: number) => world.interceptor.settle(root, through, true);
  /** Said again and again, as the agent does: a worker that has answered its call may not have left the region yet. */
  const settled = (world: Scratch, root: number, through = Number.MAX_SAFE_INTEGER): Promise<void> => {
    let looks = 0;
    return until(() => {
      if (looks % 100 === 0) settle(world, root, through);
      looks += 1;
      return regions(world).every(({ kind }) => kind === 'served');
    });
  };

  it('[SRM3] names the stretch of a file that is written, the directory of a name that comes or goes, and nothing else', async () => {
    const world = await make();
    fs.writeFileSync(world.path('one/old'), Buffer.alloc(4096));
    fs.truncateSync(world.path('one/old'), 200 * MIB);
    fs.mkdirSync(world.path('one/in'));
    const root = await protectedIn(world, world.raw('one'));
    expect(regions(world)).toEqual([{ kind: 'served', root: root.id }]);
    const fd = fs.openSync(world.path('one/old'), 'r+');
    fs.writeSync(fd, 'x', 100 * MIB);
    fs.writeSync(fd, 'x', 100 * MIB + 5000);
    const node = drainAll(world.interceptor)[0]?.node;
    expect(regions(world).slice(1)).toEqual([{ kind: 'content', root: root.id, node, from: 96 * MIB, to: 112 * MIB }]);
    const before = Date.now();
    fs.writeFileSync(world.path('one/in/new'), 'what is made counts to its directory');
    fs.appendFileSync(world.path('one/in/new'), 'and what is added to it');
    fs.chmodSync(world.path('one/old'), 0o600);
    const [created] = drainAll(world.interceptor);
    const names = regions(world).filter((region) => region.kind === 'names');
    expect(names.map((region) => region.node)).toEqual([created?.parent, root.files.rootNode]);
    for (const region of names) expect(Math.abs(region.sinceMs + 2000 - before)).toBeLessThan(1000);
    fs.ftruncateSync(fd, 50 * MIB);
    fs.closeSync(fd);
    expect(regions(world).filter((region) => region.kind === 'content')).toEqual([
      { kind: 'content', root: root.id, node, from: 96 * MIB, to: 112 * MIB },
      { kind: 'content', root: root.id, node, from: 48 * MIB, to: null },
    ]);
  });

  it('[SRM3] a region is on the disk before its first write is executed, and costs no further write', async () => {
    const disk = await make();
    const home = mounted(disk, 'disk');
    const world = await make({ directory: join(home, 'fsi') });
    fs.writeFileSync(world.path('one/file'), 'before');
    const root = await protectedIn(world, world.raw('one'), join(home, 'fsi'));
    const node = root.files.entry(root.files.rootNode, 'file' as never)?.node ?? (0n as never);
    const size = () => root.files.stat(node)?.size;
    const thaw = freeze(home);
    const user = startUser(`echo ready; read; printf more >> ${world.path('one/file')} && echo written`);
    expect(await user.line()).toBe('ready');
    user.say('now');
    // The request is with fsid, and its region cannot be written.
    await until(() => world.interceptor.barrier() !== '');
    for (let i = 0; i < 200; i += 1) await turn();
    expect(size()).toBe(6);
    thaw();
    expect(await user.line()).toBe('written');
    expect(size()).toBe(10);
    await ended(user);
    expect(read(join(home, 'fsi')).regions.map(({ kind }) => kind)).toEqual(['served', 'content']);
    const { writes } = await world.interceptor.activity();
    for (let i = 0; i < 100; i += 1) fs.appendFileSync(world.path('one/file'), 'more');
    expect((await world.interceptor.activity()).writes).toBe(writes);
    expect(world.interceptor.status().restarts).toBe(0);
  });

  it('[SRM3] a region is cleared when its operations are received and the file system was synced since, not before', async () => {
    const outer = await make();
    const disk = mounted(outer, 'disk');
    const world = await make();
    fs.mkdirSync(join(disk, 'data'));
    fs.writeFileSync(join(disk, 'data/file'), 'before');
    execFileSync('sync', ['-f', disk]);
    const root = await protectedIn(world, `${disk}/data` as never);
    cleanings.push(() => world.interceptor.release(root.id));
    // No truncation: ext4 writes a file that was replaced when it is closed.
    fs.appendFileSync(join(disk, 'data/file'), 'the text that the disk must hold');
    const last = drainAll(world.interceptor).at(-1)?.sequence ?? 0;
    settle(world, root.id, last - 1);
    settle(world, root.id, last - 1);
    await world.interceptor.activity();
    expect(regions(world).length).toBeGreaterThan(1);
    const onDisk = () => fs.readFileSync(outer.path('disk')).includes('the text that the disk must hold');
    expect(onDisk()).toBe(false);
    await settled(world, root.id, last);
    expect(onDisk()).toBe(true);
    // It comes again with the next write.
    fs.appendFileSync(join(disk, 'data/file'), 'more');
    expect(regions(world).length).toBe(2);
  });

  it('[SRM3] a region in which a request is at work stays, whatever is said to be received', async () => {
    const world = await make({ onFull: 'block', ringBytes: 4 * MIB });
    fs.writeFileSync(world.path('one/file'), Buffer.alloc(MIB));
    const root = await protectedIn(world, world.raw('one'));
    const user = startUser(`dd if=/dev/zero of=${world.path('one/file')} bs=1M count=6 conv=notrunc 2>&1; echo done`);
    await until(() => world.interceptor.status().ringUsed > 3 * MIB);
    settle(world, root.id, Number.MAX_SAFE_INTEGER);
    for (let i = 0; i < 100; i += 1) await turn();
    expect(regions(world).some(({ kind }) => kind === 'content')).toBe(true);
    const drain = () => void drainAll(world.interceptor);
    world.interceptor.onReadable(drain);
    drain();
    await ended(user);
    await settled(world, root.id);
  });

  it('[SRM3] [FSI3] a log whose disk does not answer breaks, says so, and holds nobody up for long', async () => {
    const disk = await make();
    const home = mounted(disk, 'disk');
    const world = await make({ directory: join(home, 'fsi') });
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    await protectedIn(world, world.raw('one'), join(home, 'fsi'));
    const thaw = freeze(home);
    const user = startUser(`echo text > ${world.path('one/file')} && echo written`);
    expect(await user.line()).toBe('written');
    await until(() => events.some(({ kind }) => kind === 'log-broken'));
    thaw();
    await ended(user);
    await until(() => read(join(home, 'fsi')).broken);
    expect(fs.readFileSync(world.path('one/file'), 'utf8')).toBe('text\n');
    fs.writeFileSync(world.path('one/more'), 'and nobody waits any more');
    process.kill((await world.interceptor.servers()).server, 'SIGKILL');
    fs.writeFileSync(world.path('one/again'), 'nor under the next server');
    expect(events.filter(({ kind }) => kind === 'log-broken')).toHaveLength(1);
  }, 60_000);

  it('[SRM3] [FSI3] a log that cannot be written hurts no application', async () => {
    const disk = await make();
    const home = disk.path('small');
    fs.mkdirSync(home);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2M', 'none', home]);
    cleanings.push(() => execFileSync('umount', ['-l', home]));
    const world = await make({ directory: join(home, 'fsi') });
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    await protectedIn(world, world.raw('one'), join(home, 'fsi'));
    fs.truncateSync(join(home, 'fsi/activity'), 0);
    execFileSync('bash', ['-c', `cat /dev/zero > ${home}/full 2> /dev/null || true`]);
    fs.writeFileSync(world.path('one/file'), 'text');
    await until(() => events.some(({ kind }) => kind === 'log-broken'));
    expect(fs.readFileSync(world.path('one/file'), 'utf8')).toBe('text');
    const log = parseActivityLog(fs.readFileSync(join(home, 'fsi/activity')));
    expect(log === null || log.broken).toBe(true);
  });

  it('[SRM3] a log that never could be made is told of once to each who comes, though it was said before', async () => {
    const disk = await make();
    const directory = disk.path('fsi');
    fs.mkdirSync(join(directory, 'activity'), { recursive: true });
    const world = await make({ directory });
    await world.interceptor.protect(world.raw('one'));
    await world.interceptor.close(true);
    const again = await world.reopen();
    const broken: InterceptorEvent[] = [];
    again.onEvent((event) => event.kind === 'log-broken' && broken.push(event));
    for (let i = 0; i < 2; i += 1) await again.protect(world.raw('one'));
    await until(() => broken.length > 0);
    await again.activity();
    expect(broken).toHaveLength(1);
  }, 20_000);

  it('[SRM3] [FSI5] fsid killed again and again: no region is missing of what was executed', async () => {
    const world = await make();
    const root = await protectedIn(world, world.raw('one'));
    for (let i = 0; i < 40; i += 1) fs.writeFileSync(world.path(`one/old${i}`), 'x');
    await settled(world, root.id);
    drainAll(world.interceptor);
    const script =
      'cd "$1"; for r in 1 2 3; do for i in $(seq 0 39); do echo $r >> old$i; truncate -s 1 old$i; mkdir -p d$i; ' +
      'echo new > d$i/new$r || exit 1; mv d$i/new$r d$i/moved || exit 1; done; done; echo done';
    const run = spawn('bash', ['-c', script, 'bash', world.path('one')], {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(run, 'exit');
    let kills = 0;
    let server = 0;
    // Fewer than what makes the holder pause.
    while (run.exitCode === null && kills < 6) {
      for (let i = 0; i < 40; i += 1) await turn();
      const now = (await world.interceptor.servers()).server;
      if (now === server) continue;
      process.kill(now, 'SIGKILL');
      server = now;
      kills += 1;
      await until(() => world.interceptor.status().restarts >= kills);
    }
    expect((await exit)[0]).toBe(0);
    expect(kills).toBeGreaterThan(2);
    const log = read(world.path('home'));
    const born = new Set<bigint>();
    const missing: OperationRecord[] = [];
    for (const record of drainAll(world.interceptor)) {
      if (!covers(log, record, born) && record.verb !== Verb.setattr) missing.push(record);
      if (NAMES.has(record.verb) && record.verb !== Verb.unlink && record.verb !== Verb.rmdir) born.add(record.node);
    }
    expect(missing).toEqual([]);
    // And what was in hand when a server died is cleared like the rest.
    await settled(world, root.id);
  }, 60_000);

  it('[SRM3] more regions than the log can hold become the whole root, and single ones again once all is received', async () => {
    const world = await make();
    fs.writeFileSync(world.path('one/sparse'), '');
    fs.truncateSync(world.path('one/sparse'), 9000 * 16 * MIB);
    const root = await protectedIn(world, world.raw('one'));
    const fd = fs.openSync(world.path('one/sparse'), 'r+');
    const touch = (stretch: number) => fs.writeSync(fd, 'x', stretch * 16 * MIB);
    for (let stretch = 0; stretch < 8400; stretch += 1) touch(stretch);
    expect(regions(world).map(({ kind }) => kind)).toEqual(['served', 'root']);
    drainAll(world.interceptor);
    await settled(world, root.id);
    touch(1);
    fs.closeSync(fd);
    expect(regions(world).map(({ kind }) => kind)).toEqual(['served', 'content']);
  }, 60_000);

  it('[SRM3] what is not recorded any more is not said to be known', async () => {
    const world = await make();
    const root = await protectedIn(world, world.raw('one'));
    const fd = fs.openSync(world.path('one/held'), 'w');
    const { unmounted } = await world.interceptor.release(root.id);
    expect(unmounted).toBe(false);
    fs.writeSync(fd, 'passes through');
    await until(() => !regions(world).some(({ kind }) => kind === 'served'));
    fs.closeSync(fd);
  });
});

describe.skipIf(skip !== null)('the activity log’s file', () => {
  it('[SRM3] a block that was torn counts as it was before, and a file without a whole copy of each counts for nothing', async () => {
    const world = await scratch();
    try {
      await protectedIn(world, world.raw('one'));
      fs.writeFileSync(world.path('one/a'), 'x');
      const bytes = fs.readFileSync(world.path('home/activity'));
      const both = parseActivityLog(bytes)?.regions.map(({ kind }) => kind);
      expect(both).toEqual(['served', 'names']);
      const newer = bytes.readBigUInt64LE(4096 + 16) > bytes.readBigUInt64LE(8192 + 16) ? 4096 : 8192;
      bytes.fill(0xff, newer + 512, newer + 1024);
      expect(parseActivityLog(bytes)?.regions.map(({ kind }) => kind)).toEqual(['served']);
      bytes.fill(0, 4096, 3 * 4096);
      expect(parseActivityLog(bytes)).toBeNull();
      expect(parseActivityLog(Buffer.alloc(10))).toBeNull();
    } finally {
      await world.close();
    }
  });
});
