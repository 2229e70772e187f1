/**
 * A server that dies while its tripwire waits in the kernel for a page: that thread holds on to the dead process, and with it to the
 * socket whose end the holder waits for, while the page waits for the next server.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import {
  drainAll,
  ended,
  type Scratch,
  type ShellUser,
  scratch,
  startUser,
  turn,
  until,
  whySkipped,
} from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the test of a server that waits in the kernel is skipped: ${skip}`);

const MIB = 1 << 20;

/** Where in the kernel the tripwire's thread of this server is. */
function tripwireStack(server: number): string {
  for (const task of readdirSync(`/proc/${server}/task`)) {
    const at = `/proc/${server}/task/${task}`;
    if (readFileSync(`${at}/comm`, 'latin1').trim() === 'fsid-tripwire') return readFileSync(`${at}/stack`, 'latin1');
  }
  return '';
}

describe.skipIf(skip !== null)('fuse, a server that waits in the kernel as it dies', () => {
  let world: Scratch | null = null;
  afterEach(async () => {
    if (world !== null && existsSync(world.path('behind'))) execFileSync('umount', [world.path('behind')]);
    await world?.close();
    world = null;
  });

  /** The tripwire's thread waits for a page that is being read, and the read for room in the ring. */
  async function untilStuck({ interceptor, path }: Scratch) {
    mkdirSync(path('behind'));
    execFileSync('mount', ['--bind', path('.'), path('behind')]);
    const reader = startUser(`exec 3< ${path('one/read')}; echo open; read; cat <&3 | wc -c`);
    await reader.line();
    // A full ring makes both workers wait, so the read is taken up by none and its page stays locked.
    const writers = ['a', 'b'].map((name) => startUser(`head -c ${8 * MIB} /dev/zero > ${path(`one/${name}`)}`));
    // Two calls being executed are not yet two that wait: those are the same ones however often one looks.
    let executing = '';
    let looks = 0;
    await until(() => {
      const now = `${interceptor.barrier()}`;
      looks = now === executing && now.split(' ').length === 2 ? looks + 1 : 0;
      executing = now;
      return looks > 2000 && interceptor.status().ringUsed > 3 * MIB;
    });
    reader.say('now');
    return { reader, writers };
  }

  async function untilTripwireWaits({ path }: Scratch, server: number, reader: ShellUser): Promise<void> {
    // Until the reader is in its read the tripwire has nothing to wait for: written behind the mount again and again.
    while (!tripwireStack(server).includes('fuse_reverse_inval_inode')) {
      execFileSync('bash', ['-c', `printf . >> ${path('behind/one/read')}`]);
      expect(existsSync(`/proc/${reader.pid}/task`), 'the reader waits').toBe(true);
      for (let i = 0; i < 50; i += 1) await turn();
    }
  }

  it('[FSI5] [FSI6] another one serves, the reader of the page gets its bytes, and the bypass it was at is noted', async () => {
    world = await scratch({ ringBytes: 4 * MIB, onFull: 'block' });
    const { interceptor, path } = world;
    writeFileSync(path('one/read'), 'x'.repeat(3000));
    await interceptor.protect(world.raw('one'));
    const { reader, writers } = await untilStuck(world);
    const { server } = await interceptor.servers();
    await untilTripwireWaits(world, server, reader);
    process.kill(server, 'SIGKILL');
    await until(() => !existsSync(`/proc/${server}/task/${server}/stat`) || interceptor.status().restarts > 0);
    expect(interceptor.status().restarts).toBe(1);
    const dirty: bigint[] = [];
    let over = 0;
    for (const user of [...writers, reader])
      void ended(user).then(() => {
        over += 1;
      });
    const said = reader.line();
    await until(() => {
      for (const record of drainAll(interceptor)) if (record.verb === Verb.dirty) dirty.push(record.node & 0xffffffffn);
      return over === 3 && dirty.length > 0;
    });
    expect(Number(await said)).toBeGreaterThanOrEqual(3000);
    expect(new Set(dirty)).toEqual(new Set([inodeOf(path('one/read'))]));
  });

  it('[FSI5] a file that lost its last name just before is still there for whoever has it open', async () => {
    world = await scratch({ ringBytes: 4 * MIB, onFull: 'block' });
    const { interceptor, path } = world;
    for (const name of ['read', 'ghost']) writeFileSync(path(`one/${name}`), 'x'.repeat(3000));
    await interceptor.protect(world.raw('one'));
    const owner = startUser(`exec 3<> ${path('one/ghost')}; echo open; read; rm ${path('one/ghost')}; echo gone; read
      printf here >&3 && echo written`);
    await owner.line();
    const { server, holder } = await interceptor.servers();
    // What the server says of the file waits there until the server is dead.
    process.kill(holder, 'SIGSTOP');
    try {
      owner.say('now');
      expect(await owner.line()).toBe('gone');
      const { reader } = await untilStuck(world);
      await untilTripwireWaits(world, server, reader);
      process.kill(server, 'SIGKILL');
      const leader = () => readFileSync(`/proc/${server}/task/${server}/stat`, 'latin1');
      await until(() => leader().includes(') Z') && readdirSync(`/proc/${server}/task`).length === 2);
    } finally {
      process.kill(holder, 'SIGCONT');
    }
    await until(() => interceptor.status().restarts > 0);
    owner.say('now');
    const said = owner.line();
    let over = false;
    void ended(owner).then(() => {
      over = true;
    });
    await until(() => {
      drainAll(interceptor);
      return over;
    });
    expect(await said).toBe('written');
  });
});

function inodeOf(path: string): bigint {
  return BigInt(execFileSync('stat', ['-c', '%i', path], { encoding: 'utf8' }).trim());
}
