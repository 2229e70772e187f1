import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InterceptorEvent } from '@understudy/engine';
import { type OperationRecord, Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { findUnitStarter, unitArguments, unitName } from './start-holder.ts';
import { drainAll, ended, type Scratch, scratch, startUser, until, whySkipped } from './testing.ts';

const skip = whySkipped();
const CAP_SYS_RESOURCE = 24n;
const MANAGER = fileURLToPath(new URL('../../native/linux/test/fake_manager.py', import.meta.url));

describe('the holder’s unit', () => {
  it('[FSI5] is asked for with descriptors kept, a control group of its own and no score for the OOM killer', () => {
    const args = unitArguments({
      binary: '/opt/fsid',
      directory: '/var/lib/understudy/fsi',
      settings: ['4194304', 'dirty'],
    });
    expect(args.slice(args.indexOf('--'))).toEqual([
      '--',
      '/opt/fsid',
      'hold-service',
      '/var/lib/understudy/fsi',
      '4194304',
      'dirty',
    ]);
    for (const property of ['ExitType=cgroup', 'NotifyAccess=all', 'Restart=on-failure', 'OOMScoreAdjust=-1000'])
      expect(args).toContain(`--property=${property}`);
    expect(args).toContain(`--unit=${unitName('/var/lib/understudy/fsi')}`);
    expect(unitName('/a')).not.toBe(unitName('/b'));
  });

  it('is asked of nobody by an agent that no service manager started', () => {
    expect(findUnitStarter({})).toBeNull();
    if (!existsSync('/run/systemd/system')) expect(findUnitStarter({ INVOCATION_ID: 'x' })).toBeNull();
  });
});

describe.skipIf(skip !== null)('[FSI5] under a service manager that keeps descriptors', () => {
  const cleanings: (() => Promise<void>)[] = [];
  const make = async () => {
    const place = mkdtempSync(join(tmpdir(), 'understudy-unit-'));
    const log = join(place, 'log');
    const starter = join(place, 'run');
    writeFileSync(starter, `#!/bin/sh\nexec python3 ${MANAGER} ${log} "$@"\n`);
    chmodSync(starter, 0o755);
    const world = await scratch({ unitStarter: starter });
    const said = () => readFileSync(log, 'utf8').trim().split('\n');
    cleanings.push(async () => {
      // Not by a kill, as a world's own end would: the manager starts anew what a signal ends.
      await world.interceptor.close(false).catch(() => {});
      await until(() => said().some((line) => line.startsWith('over with')));
      await world.close();
      rmSync(place, { recursive: true, force: true });
    });
    return { world, said };
  };
  /** In the same instant: neither gets to notice that the other is gone. */
  const killBoth = async (world: Scratch) => {
    const { holder, server } = await world.interceptor.servers();
    process.kill(holder, 'SIGSTOP');
    process.kill(server, 'SIGKILL');
    process.kill(holder, 'SIGKILL');
    return { holder, server };
  };
  afterEach(async () => {
    for (const clean of cleanings.splice(0)) await clean();
  });

  it('holder and fsid die at once: who was waiting gets his answer, and nothing is lost', async () => {
    const { world, said } = await make();
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    await world.interceptor.protect(world.raw('one'));
    const log = world.path('one/log');
    const user = startUser(
      `exec 3>>${log} 4<>${world.path('one/nameless')}; rm ${world.path('one/nameless')}; echo ready; ` +
        'while read x; do echo $x >&3 && echo $x >&4 && echo ok $x || echo failed $x; done',
    );
    expect(await user.line()).toBe('ready');
    await until(() => said().some((line) => line.startsWith('stored escrow-')));
    const before = await world.interceptor.servers();
    process.kill(before.server, 'SIGSTOP');
    user.say('in-flight');
    const killed = await killBoth(world);
    expect(await user.line()).toBe('ok in-flight');
    user.say('after');
    expect(await user.line()).toBe('ok after');
    await until(() => events.some((event) => event.kind === 'taken-over'));
    const now = await world.interceptor.servers();
    expect([now.holder === killed.holder, now.server === killed.server]).toEqual([false, false]);
    expect(readFileSync(log, 'utf8')).toBe('in-flight\nafter\n');
    const records: OperationRecord[] = drainAll(world.interceptor);
    const text = (record: OperationRecord) => Buffer.from(record.data).toString();
    expect(records.filter((record) => record.verb === Verb.write).map(text)).toEqual([
      'in-flight\n',
      'in-flight\n',
      'after\n',
      'after\n',
    ]);
    expect(records.map((record) => record.sequence)).toEqual(records.map((_, index) => index + 1));
    expect(events.filter((event) => event.severity === 'error')).toEqual([]);
    user.end();
    await ended(user);
  });

  it('again and again, and each alone in between', async () => {
    const { world, said } = await make();
    await world.interceptor.protect(world.raw('one'));
    for (let round = 0; round < 5; round += 1) {
      writeFileSync(world.path(`one/a${round}`), 'x');
      await killBoth(world);
      writeFileSync(world.path(`one/b${round}`), 'x');
      process.kill((await world.interceptor.servers()).holder, 'SIGKILL');
      writeFileSync(world.path(`one/c${round}`), 'x');
    }
    const records = drainAll(world.interceptor);
    expect(records.filter((record) => record.verb === Verb.create)).toHaveLength(15);
    expect(records.map((record) => record.sequence)).toEqual(records.map((_, index) => index + 1));
    expect(said().filter((line) => line.startsWith('started anew')).length).toBeGreaterThanOrEqual(5);
  });

  it('what is released is no longer kept, and at the end nothing is', async () => {
    const { world, said } = await make();
    const root = await world.interceptor.protect(world.raw('one'));
    await until(() => said().includes('stored tree-0'));
    await world.interceptor.release(root.id);
    await until(() => said().includes('removed device-0') && said().includes('removed tree-0'));
    await world.interceptor.close(false);
    await until(() => said().some((line) => line.startsWith('over with')));
    expect(said().at(-1)).toBe('over with 0');
  });

  it('holder and fsid are no prey of the OOM killer, without a manager too', async (context) => {
    const capabilities = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
    if ((capabilities & (1n << CAP_SYS_RESOURCE)) === 0n)
      context.skip('only who may raise limits can lower that score');
    const { world } = await make();
    const plain = await scratch();
    cleanings.push(() => plain.close());
    for (const each of [world, plain]) {
      const { holder, server } = await each.interceptor.servers();
      for (const pid of [holder, server]) expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8')).toBe('-1000\n');
    }
  });

  it('a manager that does not start the unit is said, and the holder starts without', async () => {
    const world = await scratch({ unitStarter: '/bin/false' });
    cleanings.push(() => world.close());
    const events: InterceptorEvent[] = [];
    world.interceptor.onEvent((event) => events.push(event));
    expect(events.map((event) => [event.kind, event.severity])).toEqual([['exposed', 'warning']]);
    await world.interceptor.protect(world.raw('one'));
    writeFileSync(world.path('one/x'), 'x');
    expect(readdirSync(world.path('one'))).toEqual(['x']);
  });
});
