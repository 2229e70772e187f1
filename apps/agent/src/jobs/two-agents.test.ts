/** The main job on real files with real agents, and what becomes of it when something is taken away. */

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { rawPathFromText } from '@understudy/sdk';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Scene, whyNoRealAgents } from './testing/real-agents.ts';

const why = whyNoRealAgents();
if (why !== null) process.stderr.write(`two-agents.test.ts is skipped: ${why}\n`);

let scene: Scene | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

/** Two agents and a job between them that protects. */
async function pair(more: { targetWrites?: 'allow' } = {}) {
  scene = new Scene();
  const source = scene.folder('data');
  const to = scene.folder('replicas');
  writeFileSync(join(source, 'first'), 'before the mirror');
  const [alpha, beta] = [await scene.agent('alpha'), await scene.agent('beta')];
  await alpha.protect(beta, 'files', source, to, more);
  await alpha.until('files', ({ state }) => state === 'protected');
  return { scene, alpha, beta, source, to, replica: join(to, source) };
}

const lastId = async (agent: Awaited<ReturnType<typeof pair>>['alpha']) => (await agent.events()).at(-1)?.id ?? 0;

describe.skipIf(why !== null)('a job between two agents', { timeout: 120_000 }, () => {
  it('[SRM3] [TCM5] protects, and goes on after restarts and deaths of either agent without a mirror', async () => {
    const { scene, alpha, beta, source, replica } = await pair();
    writeFileSync(join(source, 'second'), 'intercepted');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);

    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const before = await lastId(alpha);
      expect(await beta.end(signal)).toBe(signal === 'SIGTERM' ? 0 : 'SIGKILL');
      writeFileSync(join(source, `while the target was gone by ${signal}`), 'queued');
      await alpha.until('files', ({ state }) => state === 'disconnected');
      await beta.start();
      await alpha.until('files', ({ state }) => state === 'protected');
      await alpha.flush('files');
      expect(await scene.differences(source, replica)).toEqual([]);
      const events = await alpha.events(before);
      expect(events.find(({ code }) => code === 'link-up')?.sentence).toMatch(/goes on behind position/);
      for (const code of ['mirror-required', 'mirror-ended', 'repair-ended'])
        expect(events.map((event) => event.code)).not.toContain(code);
    }

    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const fd = openSync(join(source, 'open all the time'), 'a');
      const known = await lastId(alpha);
      await alpha.end(signal);
      expect(scene.mounts(), 'the mount outlives the agent').toContain(source);
      writeSync(fd, `written while no agent of the source ran (${signal})`);
      writeFileSync(join(source, `while the source was gone by ${signal}`), 'seen by fsid only');
      const before = await lastId(beta);
      await alpha.start();
      writeSync(fd, 'and after');
      closeSync(fd);
      await alpha.until('files', ({ state }) => state === 'protected');
      await alpha.flush('files');
      expect(await scene.differences(source, replica)).toEqual([]);
      expect((await beta.events(before)).filter(({ severity }) => severity === 'error')).toEqual([]);
      const codes = (await alpha.events(known)).map(({ code }) => code);
      for (const code of ['mirror-required', 'mirror-ended', 'repair-ended', 'compare-after-restart'])
        expect(codes, signal).not.toContain(code);
    }
    await alpha.call('job.stop', 'files');
    expect(scene.mounts()).toEqual([]);
  });

  it('[SRM3] with rules, too: a killed source goes on without comparing, and what it did not know stays outside', async () => {
    scene = new Scene();
    const source = scene.folder('data');
    const to = scene.folder('replicas');
    for (const of of ['in', 'in/deep', 'out']) mkdirSync(join(source, of));
    writeFileSync(join(source, 'in/first'), 'before the mirror');
    const [alpha, beta] = [await scene.agent('alpha'), await scene.agent('beta')];
    const exclude = [join(source, 'out'), join(source, '**/*.tmp')].map(rawPathFromText);
    await alpha.protect(beta, 'ruled', source, to, { exclude });
    await alpha.until('ruled', ({ state }) => state === 'protected');
    // A job that nothing happens to writes down by itself what it has come to.
    const [id = ''] = readdirSync(join(alpha.home, 'queue'));
    const kept = () => JSON.parse(readFileSync(join(alpha.home, 'queue', id, 'state.json'), 'utf8'));
    await vi.waitFor(() => expect(kept().memory.complete).toBe(true), { timeout: 5000 });
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      const known = await lastId(alpha);
      const tag = `${signal} ${known}`;
      writeFileSync(join(source, `in/before ${tag}`), 'queued or sent');
      await alpha.end(signal);
      writeFileSync(join(source, `in/deep/while down ${tag}`), 'seen by fsid only');
      renameSync(join(source, `in/before ${tag}`), join(source, `in/renamed ${tag}`));
      writeFileSync(join(source, 'in/not this.tmp'), tag);
      writeFileSync(join(source, 'out/nor this'), tag);
      await alpha.start();
      await alpha.until('ruled', ({ state }) => state === 'protected');
      await alpha.flush('ruled');
      const there = (of: string) => readdirSync(join(to, source, of)).sort();
      expect(there('in/deep')).toContain(`while down ${tag}`);
      expect(there('in')).toContain(`renamed ${tag}`);
      expect([...there('in'), ...there('.')].filter((one) => /tmp|out|before/.test(one))).toEqual([]);
      const codes = (await alpha.events(known)).map(({ code }) => code);
      for (const code of ['mirror-required', 'mirror-ended', 'repair-ended', 'compare-after-restart'])
        expect(codes, signal).not.toContain(code);
    }
  });

  it('[FSI6] halts by name when its mount is taken away, and a start makes it whole', async () => {
    const { scene, alpha, source, replica } = await pair();
    execFileSync('umount', [source]);
    const { reason, actions } = await alpha.until('files', ({ state }) => state === 'halted');
    expect(reason).toMatchObject({ code: 'mount-gone', sentence: expect.stringContaining('understudy job start') });
    expect(actions).toContain('start');
    writeFileSync(join(source, 'unseen'), 'no mount, no record');
    await expect(alpha.flush('files')).rejects.toThrow(/halted.*taken away/);
    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ state }) => state === 'protected');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
  });

  it('halts by name when both processes of the interceptor are gone, and a start makes it whole', async () => {
    const { scene, alpha, source, replica } = await pair();
    const endServers = () => {
      const servers = alpha.servers();
      expect(servers).toHaveLength(2);
      // Held first: each of the two starts the other anew.
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of servers) process.kill(pid, signal);
    };
    endServers();
    const { reason } = await alpha.until('files', ({ state }) => state === 'halted');
    expect(['interceptor-failed', 'mount-gone']).toContain(reason?.code);
    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ state }) => state === 'protected');
    writeFileSync(join(source, 'after'), 'seen again');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);

    // The agent too: the next one finds a dead mount over the directory.
    endServers();
    await alpha.end('SIGKILL');
    await alpha.start();
    await alpha.until('files', ({ state }) => state === 'protected');
    writeFileSync(join(source, 'after that'), 'seen again');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
  });

  it('halts by name when the replica is taken away, and never begins an empty one anew by itself', async () => {
    const { scene, alpha, beta, source, replica } = await pair({ targetWrites: 'allow' });
    rmSync(replica, { recursive: true });
    writeFileSync(join(source, 'second'), 'nowhere to go');
    const gone = await alpha.until('files', ({ state }) => state === 'halted');
    expect(gone.reason).toMatchObject({ code: 'replica-path-invalid', sentence: expect.stringContaining(replica) });
    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ state }) => state === 'protected');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);

    await beta.end('SIGTERM');
    renameSync(replica, `${replica}-elsewhere`);
    await beta.start();
    const moved = await alpha.until('files', ({ state }) => state === 'halted');
    expect(moved.reason).toMatchObject({ code: 'replica-path-invalid', sentence: expect.stringContaining('is gone') });
    renameSync(`${replica}-elsewhere`, replica);
    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ state }) => state === 'protected');
    expect(await scene.differences(source, replica)).toEqual([]);
    expect((await beta.events()).map(({ code }) => code)).toContain('replica-root-new');
  });

  it('[TRM2] a full target is said, waited for, and gone on from by itself', async () => {
    const { scene, alpha, beta, source, to } = await pair();
    await alpha.call('job.delete', 'files');
    const disk = scene.folder('disk');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    await alpha.protect(beta, 'tight', source, disk);
    await alpha.until('tight', ({ state }) => state === 'protected');
    writeFileSync(join(source, 'large'), Buffer.alloc(12 << 20, 7));
    const full = await alpha.until('tight', ({ targetDataState }) => targetDataState === 'retrying');
    expect(full).toMatchObject({ state: 'degraded', reason: { code: 'ENOSPC' } });
    expect(full.reason?.sentence).toMatch(/full/);
    execFileSync('mount', ['-o', 'remount,size=64m', disk]);
    await alpha.flush('tight');
    await alpha.until('tight', ({ state }) => state === 'protected');
    expect(await scene.differences(source, join(disk, source))).toEqual([]);
    expect((await beta.events()).map(({ code }) => code)).toEqual(
      expect.arrayContaining(['target-ENOSPC', 'target-ok']),
    );
    expect(to).not.toBe(disk);
  });

  it('refuses a replica path that another job or another source fills, until that job is deleted', async () => {
    const { scene, alpha, beta, source, to } = await pair();
    const gamma = await scene.agent('gamma');
    const other = scene.folder('other');
    await expect(gamma.protect(beta, 'files-too', other, join(to, source), { start: false })).rejects.toThrow(
      /is filled by the job files \(.*\) already/,
    );
    await alpha.call('job.delete', 'files');
    expect(scene.mounts()).toEqual([]);
    await gamma.protect(beta, 'files-too', other, join(to, source));
    await gamma.until('files-too', ({ state }) => state === 'protected');
    expect(readFileSync(join(to, source, 'first'), 'utf8'), 'a deleted job leaves its replica').toBe(
      'before the mirror',
    );
    expect((await beta.events()).map(({ code }) => code)).toContain('job-left');
  });

  it('lets go of what an earlier run had protected and no job wants', async () => {
    const { scene, alpha, source } = await pair();
    await alpha.end('SIGKILL');
    const jobs = join(alpha.home, 'jobs');
    const file = execFileSync('ls', [jobs], { encoding: 'utf8' })
      .split('\n')
      .find((name) => name.endsWith('.json'));
    const path = join(jobs, file ?? '');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"started": true', '"started": false'));
    expect(scene.mounts()).toContain(source);
    await alpha.start();
    expect(scene.mounts()).not.toContain(source);
    await vi.waitFor(() => expect(scene.mounts(), 'the target is told').toEqual([]));
    expect((await alpha.status('files')).state).toBe('stopped');
  });

  it('creates a job that cannot start, says so, and starts it when the way is free', async () => {
    const { scene, alpha, beta } = await pair();
    const busy = scene.folder('busy');
    const fd = openSync(join(busy, 'held'), 'a');
    try {
      await expect(alpha.protect(beta, 'held', busy, scene.folder('replicas-2'))).rejects.toThrow(
        new RegExp(`was created, but it was not started: .*${process.pid}`, 's'),
      );
      expect((await alpha.status('held')).state).toBe('stopped');
    } finally {
      closeSync(fd);
    }
    await alpha.call('job.start', 'held');
    await alpha.until('held', ({ state }) => state === 'protected');
  });

  it('names who uses the mount of a stopped job, and says when it is gone', async () => {
    const { scene, alpha, source } = await pair();
    mkdirSync(join(source, 'folder'));
    const fd = openSync(join(source, 'folder', 'file'), 'a');
    await alpha.call('job.stop', 'files');
    const { state, mountUsers } = await alpha.status('files');
    expect(state).toBe('stopped');
    expect(mountUsers?.join()).toContain(String(process.pid));
    closeSync(fd);
    await alpha.until('files', (status) => status.mountUsers === undefined);
    expect(scene.mounts()).toEqual([]);
    expect((await alpha.events()).map(({ code }) => code)).toContain('job-unmounted');
  });
});
