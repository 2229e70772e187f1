import { execFileSync } from 'node:child_process';
import fs, { readFileSync, writeFileSync } from 'node:fs';
import { rawFromBytes, rawFromText } from '@understudy/base';
import type { InterceptorEvent } from '@understudy/engine';
import { decodeRecord, type OperationRecord, RecordFlag, Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { nativeBinary } from './native.ts';
import { drainAll, ended, type Scratch, scratch, startUser, turn, until, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the fuse driver’s tests are skipped: ${skip}`);

const MIB = 1 << 20;
const verbsOf = (records: readonly OperationRecord[]) => records.map((record) => record.verb);

describe.skipIf(skip !== null)('fuse', () => {
  const worlds: Scratch[] = [];
  const make = async (options?: Parameters<typeof scratch>[0]) => {
    const world = await scratch(options);
    worlds.push(world);
    return world;
  };
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });

  it('the record that the server writes is the record that the wire decodes', () => {
    const record = decodeRecord(execFileSync(nativeBinary(), ['sample']));
    expect(record).toEqual({
      verb: Verb.rename,
      flags: RecordFlag.modeChanged,
      root: 513,
      sequence: 0x1fffffffff,
      timeMs: expect.closeTo(Date.now(), -4),
      node: 0x1122334455667788n,
      parent: 2n,
      parent2: 0x300000003n,
      victim: 0x400000004n,
      victimNlink: 5,
      offset: 0x123456789a,
      extent: 6,
      attributes: {
        mode: 0o100644,
        uid: 1000,
        gid: 1001,
        nlink: 2,
        size: 0x1000000001,
        rdev: 0x801,
        atimeSec: 1_700_000_000,
        atimeNsec: 1,
        mtimeSec: -5,
        mtimeNsec: 999_999_999,
      },
      parentMtimeSec: 1_700_000_001,
      parentMtimeNsec: 11,
      parent2MtimeSec: 1_700_000_002,
      parent2MtimeNsec: 12,
      detail: 7,
      name: rawFromBytes(Uint8Array.of(0x6f, 0x6c, 0x64, 0xff)),
      name2: rawFromText('new'),
      data: Buffer.from('data!'),
    });
  });

  it('[FSI5] an agent that attaches again finds the same roots, and the ring goes on where it stood', async () => {
    const world = await make();
    const root = await world.interceptor.protect(world.raw('one'));
    writeFileSync(world.path('one/a'), 'first');
    expect(verbsOf(drainAll(world.interceptor))).toEqual([Verb.create, Verb.write]);
    writeFileSync(world.path('one/b'), 'left in the ring');
    await world.interceptor.close(true);
    writeFileSync(world.path('one/c'), 'written while no agent was there');
    const again = await world.reopen();
    expect(again.roots().map(({ id, path }) => [id, path])).toEqual([[root.id, root.path]]);
    const records = drainAll(again);
    expect(verbsOf(records)).toEqual([Verb.create, Verb.write, Verb.create, Verb.write]);
    expect(records.map((record) => record.sequence)).toEqual([3, 4, 5, 6]);
    expect(
      again.roots()[0]?.files.entry(again.roots()[0]?.files.rootNode ?? root.files.rootNode, rawFromText('c')),
    ).not.toBeNull();
  });

  it('[FSI3] [FSI6] a full ring answers applications and names afterwards exactly what it missed', async () => {
    const world = await make({ ringBytes: 4 * MIB });
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    await world.interceptor.protect(world.raw('one'));
    for (const name of ['kept', 'missed']) writeFileSync(world.path(`one/${name}`), '');
    const inode = (name: string) => BigInt(fs.statSync(world.path(`one/${name}`)).ino);
    writeFileSync(world.path('one/kept'), Buffer.alloc(3 * MIB, 1));
    for (let i = 0; i < 4; i += 1) fs.appendFileSync(world.path('one/missed'), Buffer.alloc(2 * MIB, 2));
    expect(fs.statSync(world.path('one/missed')).size).toBe(8 * MIB);
    const records: OperationRecord[] = [];
    const take = () => {
      records.push(...drainAll(world.interceptor));
      return records;
    };
    await until(() => take().some((record) => record.verb === Verb.dirty));
    const dirty = records.filter((record) => record.verb === Verb.dirty);
    expect(dirty.map((record) => record.node & 0xffffffffn)).toEqual([inode('missed')]);
    expect(records.at(-1)?.verb).toBe(Verb.dirty);
    writeFileSync(world.path('one/after'), 'recorded again');
    expect(verbsOf(drainAll(world.interceptor))).toEqual([Verb.create, Verb.write]);
    expect(world.interceptor.status().dirtyNotes).toBe(1);
    world.interceptor.onReadable(() => {});
    await until(() => events.some((event) => event.kind === 'overflow'));
  });

  it('[FSI6] more missed files than can be noted become one gap of the root', async () => {
    const world = await make({ ringBytes: 4 * MIB });
    const root = await world.interceptor.protect(world.raw('one'));
    writeFileSync(world.path('one/fill'), Buffer.alloc(5 * MIB, 1));
    for (let i = 0; i < 6000; i += 1) writeFileSync(world.path(`one/f${i}`), Buffer.alloc(2000));
    const gaps: OperationRecord[] = [];
    await until(() => {
      gaps.push(...drainAll(world.interceptor).filter((record) => record.verb === Verb.gap));
      return gaps.length > 0;
    });
    expect(gaps.map((record) => record.root)).toEqual([root.id]);
  });

  it('[FSI3] with `block` a full ring makes applications wait and loses nothing', async () => {
    const world = await make({ ringBytes: 4 * MIB, onFull: 'block' });
    await world.interceptor.protect(world.raw('one'));
    const writer = startUser(`head -c ${16 * MIB} /dev/zero > ${world.path('one/big')}`);
    let bytes = 0;
    let over = false;
    void ended(writer).then(() => {
      over = true;
    });
    while (!over) {
      await turn();
      for (const record of drainAll(world.interceptor)) bytes += record.verb === Verb.write ? record.extent : 0;
    }
    for (const record of drainAll(world.interceptor)) bytes += record.verb === Verb.write ? record.extent : 0;
    expect(bytes).toBe(16 * MIB);
    expect(world.interceptor.status().dirtyNotes).toBe(0);
  });

  it('release with a user turns to pass-through, names the user, and unmounts when he has gone', async () => {
    const world = await make();
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    const root = await world.interceptor.protect(world.raw('one'));
    const user = startUser(`exec 3>${world.path('one/log')}; echo before >&3; echo ready; read; echo after >&3; read`);
    await user.line();
    drainAll(world.interceptor);
    const released = await world.interceptor.release(root.id);
    expect(released.unmounted).toBe(false);
    expect(released.users.some((text) => text.startsWith(`${user.pid} `) && text.includes('one/log'))).toBe(true);
    expect(world.interceptor.roots()).toEqual([]);
    user.say('go on');
    await until(() => readFileSync(world.path('one/log'), 'utf8') === 'before\nafter\n');
    expect(drainAll(world.interceptor)).toEqual([]);
    user.end();
    await until(() => events.some((event) => event.kind === 'unmounted'));
    expect(events.filter((event) => event.kind === 'unmounted').map((event) => event.severity)).toEqual([
      'information',
    ]);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(world.path('one'));
    expect(readFileSync(world.path('one/log'), 'utf8')).toBe('before\nafter\n');
  });

  it('a directory that was released but is in use still can be protected again', async () => {
    const world = await make();
    const root = await world.interceptor.protect(world.raw('one'));
    const user = startUser(`exec 3>${world.path('one/log')}; echo ready; read`);
    await user.line();
    expect((await world.interceptor.release(root.id)).unmounted).toBe(false);
    const again = await world.interceptor.protect(world.raw('one'));
    drainAll(world.interceptor);
    writeFileSync(world.path('one/x'), 'y');
    expect(verbsOf(drainAll(world.interceptor))).toEqual([Verb.create, Verb.write]);
    expect(world.interceptor.roots()).toEqual([again]);
    user.end();
    await ended(user);
  });

  it('[FSI6] a mount that someone else takes off is a gap and an event', async () => {
    const world = await make();
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    const root = await world.interceptor.protect(world.raw('one'));
    execFileSync('umount', [world.path('one')]);
    await until(() => events.some((event) => event.kind === 'unmounted'));
    expect(events[0]?.root).toBe(root.id);
    expect(drainAll(world.interceptor).map(({ verb, root: id }) => [verb, id])).toEqual([[Verb.gap, root.id]]);
    expect(world.interceptor.roots()).toEqual([]);
  });

  it('[FSI6] servers that die at once again and again end in pass-through, a gap and an event', async () => {
    const world = await make();
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    const root = await world.interceptor.protect(world.raw('one'));
    let last = 0;
    while (!events.some((event) => event.kind === 'failed')) {
      const { server } = await world.interceptor.servers();
      if (server !== last) process.kill(server, 'SIGKILL');
      last = server;
      await turn();
    }
    writeFileSync(world.path('one/a'), 'answered, not recorded');
    expect(readFileSync(world.path('one/a'), 'utf8')).toBe('answered, not recorded');
    const records: OperationRecord[] = [];
    await until(() => records.push(...drainAll(world.interceptor)) > 0);
    expect(records.map(({ verb, root: id }) => [verb, id])).toEqual([[Verb.gap, root.id]]);
  });

  it('when both servers died at once the next agent takes the dead mounts off and says so', async () => {
    const world = await make();
    await world.interceptor.protect(world.raw('one'));
    writeFileSync(world.path('one/a'), 'x');
    const { holder, server } = await world.interceptor.servers();
    await world.interceptor.close(true);
    process.kill(holder, 'SIGSTOP');
    process.kill(server, 'SIGKILL');
    process.kill(holder, 'SIGKILL');
    const again = await world.reopen();
    const events: InterceptorEvent[] = [];
    again.onEvent((event) => events.push(event));
    expect(events.map((event) => [event.kind, event.severity])).toEqual([['unmounted', 'error']]);
    expect(readFileSync(world.path('one/a'), 'utf8')).toBe('x');
    await again.protect(world.raw('one'));
    expect(again.roots()).toHaveLength(1);
  });
});
