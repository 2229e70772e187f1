/** The self-audit with real agents, a real kernel and a real wire: each hop that can be broken from outside is, and is named. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type RealAgent, Scene, whyNoRealAgents } from './testing/real-agents.ts';

const why = whyNoRealAgents();
if (why !== null) process.stderr.write(`audit.test.ts is skipped: ${why}\n`);

let scene: Scene | null = null;
let stopped: number[] = [];
afterEach(async () => {
  for (const pid of stopped) process.kill(pid, 'SIGCONT');
  stopped = [];
  await scene?.close();
  scene = null;
});

function stop(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  stopped.push(pid);
}

function goOn(): void {
  for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT');
}

/** Two agents whose cookies are quick, and a job that protects. */
async function pair() {
  scene = new Scene();
  const source = scene.folder('data');
  const to = scene.folder('replicas');
  writeFileSync(join(source, 'first'), 'before the mirror');
  const settings = 'audit:\n  interval: 200ms\n  limit: 1s\n';
  for (const name of ['alpha', 'beta']) writeFileSync(join(scene.folder(`home-${name}`), 'agent.yaml'), settings);
  const [alpha, beta] = [await scene.agent('alpha'), await scene.agent('beta')];
  await alpha.protect(beta, 'files', source, to);
  await alpha.until('files', ({ state }) => state === 'protected');
  return { scene, alpha, beta, source, replica: join(to, source) };
}

/** The holder's answer to a visitor's line, as native/linux/holder_clients.c has them. */
function askHolder(agent: RealAgent, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: join(agent.home, 'fsi', 'control.sock') });
    socket.setEncoding('latin1').on('error', reject);
    socket.on('data', (text: string) => {
      socket.destroy();
      resolve(text.trim());
    });
    socket.write(`${line}\n`);
  });
}

/** Once, over some seconds: what the job's state says by itself, without anybody writing. */
const reasonOf = (agent: RealAgent, code: string) => agent.until('files', ({ reason }) => reason?.code === code);
const serverOf = (agent: RealAgent): number => {
  const server = agent.servers().find((pid) => readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'fsid');
  if (server === undefined) throw new Error('no server runs');
  return server;
};
const rootOf = (agent: RealAgent): string =>
  readFileSync(join(agent.home, 'fsi', 'roots'), 'latin1').split(' ')[0] ?? '';

describe.skipIf(why !== null)('[FSI6] cookies between two agents', { timeout: 120_000 }, () => {
  it('go round while nobody writes: the recovery point moves with them, and neither folder shows anything', async () => {
    const { alpha, source, replica } = await pair();
    const before = await alpha.status('files');
    const { lastSeen } = before.audit ?? {};
    const later = await vi.waitFor(async () => {
      const now = await alpha.status('files');
      expect(Date.parse(now.audit?.lastSeen ?? '')).toBeGreaterThan(Date.parse(lastSeen ?? '') + 500);
      return now;
    }, 10_000);
    expect(later.audit).toMatchObject({ begins: 'kernel', hop: null });
    expect(later.state).toBe('protected');
    const time = Date.parse(later.recoveryPoint.time ?? '');
    expect(time).toBeGreaterThan(Date.parse(before.recoveryPoint.time ?? ''));
    expect(time).toBeLessThanOrEqual(Date.parse(later.audit?.lastSeen ?? ''));
    expect(later.replication).toMatchObject({ queuedOperations: 0, queuedBytes: 0 });
    expect([readdirSync(source), readdirSync(replica)]).toEqual([['first'], ['first']]);
    await alpha.call('job.stop', 'files');
    expect(scene?.mounts()).toEqual([]);
  });

  it('written and never recorded: the gap is named, and what happened in it is found and sent', async () => {
    const { scene, alpha, source, replica } = await pair();
    const root = rootOf(alpha);
    expect(await askHolder(alpha, `silence ${root}`)).toBe('ok');
    writeFileSync(join(source, 'unseen'), 'nobody recorded this');
    appendFileSync(join(source, 'first'), ', nor this');
    const { state, audit, replication } = await reasonOf(alpha, 'audit-not-intercepted');
    expect([state, audit?.hop, replication.dirty?.reasons[0]?.reason]).toEqual([
      'degraded',
      'intercepted',
      'interception-gap',
    ]);
    expect(await scene.differences(source, replica)).not.toEqual([]);
    expect(await askHolder(alpha, `record ${root}`)).toBe('ok');
    await alpha.until('files', ({ state }) => state === 'protected');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
    const codes = (await alpha.events()).map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(['audit-not-intercepted', 'audit-certain', 'repair-ended']));
  });

  it('a gap that an agent’s death falls into is not forgotten', async () => {
    const { scene, alpha, source, replica } = await pair();
    const root = rootOf(alpha);
    await askHolder(alpha, `silence ${root}`);
    writeFileSync(join(source, 'unseen'), 'nobody recorded this');
    await reasonOf(alpha, 'audit-not-intercepted');
    await alpha.end('SIGKILL');
    await askHolder(alpha, `record ${root}`);
    await alpha.start();
    await alpha.until('files', ({ state }) => state === 'protected');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
  });

  it('a server that stands still: the agent does not, names it, ends in order, and all is well when it goes on', async () => {
    const { scene, alpha, source, replica } = await pair();
    stop(serverOf(alpha));
    const { state } = await reasonOf(alpha, 'audit-not-written');
    expect(state).toBe('degraded');
    const asked = performance.now();
    await alpha.status('files');
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(await alpha.end('SIGTERM')).toBe(0);
    goOn();
    await alpha.start();
    writeFileSync(join(source, 'afterwards'), 'written when it went on');
    await alpha.until('files', ({ state }) => state === 'protected');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
  });

  it('a directory that something else was mounted over', async () => {
    const { scene, alpha, source, replica } = await pair();
    const other = scene.folder('other');
    execFileSync('mount', ['--bind', other, source]);
    const { state, reason } = await reasonOf(alpha, 'audit-not-written');
    expect([state, reason?.sentence]).toEqual(['degraded', expect.stringContaining('findmnt')]);
    expect(readdirSync(other)).toEqual([]);
    execFileSync('umount', [source]);
    writeFileSync(join(source, 'afterwards'), 'beneath the mount again');
    await alpha.until('files', ({ state }) => state === 'protected');
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
  });

  it('a target that stands still', async () => {
    const { alpha, beta } = await pair();
    stop(beta.pid);
    const { state } = await reasonOf(alpha, 'audit-not-received');
    expect(state).toBe('degraded');
    goOn();
    const { audit } = await alpha.until('files', ({ state }) => state === 'protected');
    expect(audit?.hop).toBeNull();
  });

  it('limits of its transmission hold a job and not its cookies to account', async () => {
    const { alpha } = await pair();
    const connection = await alpha.connection();
    await connection.call('job.pause', { name: 'files' });
    const paused = await alpha.until('files', ({ state }) => state === 'paused');
    const since = Date.parse(paused.audit?.lastSeen ?? '');
    await vi.waitFor(async () => {
      const { audit, state, replication } = await alpha.status('files');
      expect([state, audit?.hop]).toEqual(['paused', null]);
      expect(replication.queuedOperations).toBe(0);
      expect(Date.now() - since).toBeGreaterThan(3000);
    }, 10_000);
    await connection.call('job.resume', { name: 'files' });
    await alpha.until('files', ({ state }) => state === 'protected');
    expect((await alpha.events()).filter(({ code }) => code.startsWith('audit-not'))).toEqual([]);
  });
});
