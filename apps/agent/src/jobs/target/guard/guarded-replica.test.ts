/** The replica of a running job against other writers, with real agents and real mounts. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Scene, whyNoRealAgents } from '../../testing/real-agents.ts';

const why = whyNoRealAgents();
if (why !== null) process.stderr.write(`guarded-replica.test.ts is skipped: ${why}\n`);

let scene: Scene | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

async function agents() {
  scene = new Scene();
  const source = scene.folder('data');
  const to = scene.folder('replicas');
  writeFileSync(join(source, 'first'), 'before the mirror');
  const [alpha, beta] = [await scene.agent('alpha'), await scene.agent('beta')];
  return { scene, alpha, beta, source, to, replica: join(to, source) };
}

async function pair() {
  const made = await agents();
  await made.alpha.protect(made.beta, 'files', made.source, made.to);
  await made.alpha.until('files', ({ state }) => state === 'protected');
  return made;
}

/** As the kernel answers whoever tries. */
function refusesWriters(replica: string): void {
  const by = (work: () => void) => expect(work).toThrow(/EROFS/);
  by(() => writeFileSync(join(replica, 'first'), 'by others'));
  by(() => writeFileSync(join(replica, 'another'), 'by others'));
  by(() => rmSync(join(replica, 'first')));
}

/** Its size stays as it was, and its times but for less than a millisecond. */
function changeUnseen(file: string): void {
  const { atime, mtime, size } = statSync(file);
  writeFileSync(file, 'x'.repeat(size));
  utimesSync(file, atime, mtime);
}

describe.skipIf(why !== null)('[TRM3] the replica of a running job', { timeout: 120_000 }, () => {
  it('is read-only for others while replication goes on, over the death of the target, and is given back', async () => {
    const { scene, alpha, beta, source, replica } = await pair();
    const goesOn = async (name: string) => {
      refusesWriters(replica);
      writeFileSync(join(source, name), name);
      await alpha.flush('files');
      expect(readFileSync(join(replica, name), 'utf8')).toBe(name);
      expect(await scene.differences(source, replica)).toEqual([]);
      expect(scene.mounts().filter((mount) => mount === replica)).toHaveLength(1);
    };
    expect((await alpha.status('files')).targetWrites).toEqual({ state: 'refused', sentence: '' });
    await goesOn('second');

    await beta.end('SIGKILL');
    refusesWriters(replica);
    await beta.start();
    await alpha.until('files', ({ state }) => state === 'protected');
    await goesOn('after a kill');

    await beta.end('SIGTERM');
    expect(scene.mounts(), 'an agent that ends in order leaves nothing').toEqual([source]);
    await beta.start();
    await alpha.until('files', ({ state }) => state === 'protected');
    await goesOn('after a restart');

    await alpha.call('job.stop', 'files');
    expect(scene.mounts()).toEqual([]);
    writeFileSync(join(replica, 'first'), 'others may now');
    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ state }) => state === 'protected');
    await goesOn('started again');
    await alpha.call('job.delete', 'files');
    expect(scene.mounts()).toEqual([]);
  });

  it('is given back when the job was deleted while its target was dead', async () => {
    const { scene, alpha, beta, source, replica } = await pair();
    await beta.end('SIGKILL');
    await alpha.call('job.delete', 'files');
    expect(scene.mounts()).toEqual([replica]);
    await beta.start();
    // The source says it again when it starts.
    await alpha.end('SIGTERM');
    const told = beta.event('job-left');
    await alpha.start();
    await told;
    expect(scene.mounts()).toEqual([]);
    expect(readdirSync(replica)).toEqual(readdirSync(source));
  });

  it('is not kept for a job while somebody has a file of it open for writing, who is named', async () => {
    const { scene, alpha, beta, source, to, replica } = await agents();
    execFileSync('mkdir', ['-p', replica]);
    const file = join(replica, 'held');
    const holder = spawn('sh', ['-c', 'exec 3>>"$0"; echo open; read -r _; exit 0', file], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(holder.stdout, 'data');
      await alpha.protect(beta, 'files', source, to, { adopt: true });
      const { reason } = await alpha.until('files', (status) => status.reason?.code === 'replica-open-for-writing');
      expect(reason?.sentence).toContain(`process ${holder.pid} (sh -c`);
      expect(reason?.sentence).toContain(file);
      expect(scene.mounts(), 'it was not touched').toEqual([source]);
      expect((await beta.events()).map(({ code }) => code)).toContain('replica-open-for-writing');
    } finally {
      const ended = once(holder, 'exit');
      holder.stdin.end();
      await ended;
    }
    await alpha.until('files', ({ state }) => state === 'protected');
    refusesWriters(replica);
  });

  it('is put under its mount again when somebody takes that away, and says who can go past it', async () => {
    const { alpha, beta, replica } = await pair();
    const fd = openSync(join(replica, 'first'), 'r');
    const lost = beta.event('replica-guard-lost');
    execFileSync('umount', ['-l', replica]);
    await lost;
    refusesWriters(replica);
    closeSync(fd);

    await alpha.call('job.stop', 'files');
    const stander = spawn('sh', ['-c', 'echo there; read -r _; exit 0'], {
      cwd: replica,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(stander.stdout, 'data');
      const passed = beta.event('replica-guard-passed');
      await alpha.call('job.start', 'files');
      expect((await passed).sentence).toContain(`process ${stander.pid} (sh -c`);
    } finally {
      const ended = once(stander, 'exit');
      stander.stdin.end();
      await ended;
    }
  });

  it('may be written by others where the job says so', async () => {
    const { scene, alpha, beta, source, to, replica } = await agents();
    await alpha.protect(beta, 'files', source, to, { targetWrites: 'allow' });
    const { targetWrites } = await alpha.until('files', ({ state }) => state === 'protected');
    expect(targetWrites?.state).toBe('allowed');
    expect(scene.mounts()).toEqual([source]);
    writeFileSync(join(replica, 'mine'), 'by others');
  });

  it('that was changed with its mount away is compared and repaired by itself', async () => {
    const { scene, alpha, beta, source, replica } = await pair();
    const [lost, found] = [beta.event('replica-guard-lost'), alpha.event('verified')];
    const opened = alpha.until('files', ({ reason }) => reason?.code === 'replica-opened');
    process.kill(beta.pid, 'SIGSTOP');
    execFileSync('umount', ['-l', replica]);
    changeUnseen(join(replica, 'first'));
    process.kill(beta.pid, 'SIGCONT');
    expect((await lost).sentence).toMatch(/Both sides are compared by themselves/);
    expect(await opened).toMatchObject({ state: 'degraded', targetDataState: 'mirror-required' });
    const { severity, sentence } = await found;
    expect([severity, sentence]).toEqual(['warning', expect.stringContaining(`${join(source, 'first')}: content`)]);
    await alpha.until('files', ({ state }) => state === 'protected');
    expect(await scene.differences(source, replica)).toEqual([]);
    refusesWriters(replica);
  });

  it('is looked through after its agent was ended: nothing changed is said, what was changed is repaired', async () => {
    const { scene, alpha, beta, source, replica } = await pair();
    await beta.end('SIGTERM');
    await beta.start();
    await alpha.until('files', ({ state }) => state === 'protected');
    const codes = async (agent: typeof alpha) => (await agent.events()).map(({ code }) => code);
    expect(await codes(beta)).toContain('replica-unchanged');
    expect(await codes(alpha)).not.toContain('replica-opened');

    await beta.end('SIGTERM');
    changeUnseen(join(replica, 'first'));
    const found = alpha.event('verified');
    await beta.start();
    expect((await found).sentence).toContain(`${join(source, 'first')}: content`);
    await alpha.until('files', ({ state }) => state === 'protected');
    expect(await scene.differences(source, replica)).toEqual([]);
    const changed = (await beta.events()).find(({ code }) => code === 'replica-changed');
    expect(changed?.sentence).toContain(join(replica, 'first'));
  });

  it('that was changed where others may is known to differ, over a kill of the source, until it is repaired', async () => {
    const { scene, alpha, beta, source, to, replica } = await agents();
    await alpha.protect(beta, 'files', source, to, { targetWrites: 'allow' });
    await alpha.until('files', ({ state }) => state === 'protected');
    changeUnseen(join(replica, 'first'));
    const verify = async (repair: boolean) =>
      (await alpha.connection()).call('job.verify', { name: 'files', repair, limit: 10 }, { timeoutMs: null });
    const found = alpha.event('verified');
    await verify(false);
    expect((await found).sentence).toContain(`${join(source, 'first')}: content`);
    const differs = { state: 'degraded', reason: { code: 'differs' }, targetDataState: 'mirror-required' };
    expect(await alpha.status('files')).toMatchObject(differs);

    await alpha.end('SIGKILL');
    await alpha.start();
    expect(await alpha.until('files', ({ state }) => state === 'degraded')).toMatchObject(differs);
    const { count, repaired } = await verify(true);
    expect([count > 0, repaired]).toEqual([true, count]);
    await alpha.until('files', ({ state }) => state === 'protected');
    expect(await scene.differences(source, replica)).toEqual([]);
  });
});
