/** The whole way with two real agents in this process: taken over, changed on both sides, listed, put aside, home again. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { brand, type RawName } from '@understudy/base';
import { rawPathFromText } from '@understudy/sdk';
import type { CallParams } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { type AgentHere, SceneHere } from '../../testing/agents-here.ts';
import { whyNoRealAgents } from '../../testing/real-agents.ts';

const why = whyNoRealAgents();
if (why !== null) process.stderr.write(`SKIPPED way-home.test.ts: ${why}\n`);

let scene: SceneHere | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

const raw = (text: string) => brand<RawName>(Buffer.from(text).toString('latin1'));
const BIG = 4 * 1024 * 1024;

type Failover = (there: {
  scene: SceneHere;
  alpha: AgentHere;
  beta: AgentHere;
}) => NonNullable<CallParams<'job.create'>['failover']>;

/** alpha protects, beta keeps the replica; both are equal. */
async function pair(more: { exclude?: string[]; watch?: boolean; failover?: Failover } = {}) {
  scene = new SceneHere();
  const source = scene.folder('data');
  const to = scene.folder('replicas');
  mkdirSync(join(source, 'folder'));
  for (let i = 0; i < 20; i += 1) writeFileSync(join(source, `folder/file-${i}`), `content of ${i}`);
  writeFileSync(join(source, 'big'), Buffer.alloc(BIG, 'b'));
  const [alpha, beta] = [await scene.agent('alpha'), await scene.agent('beta')];
  await scene.introduce(alpha, beta);
  const connection = await alpha.connection();
  await connection.call('job.create', {
    name: 'files',
    sourceName: 'alpha',
    target: { name: 'beta', address: beta.address, fingerprint: beta.fingerprint },
    include: [rawPathFromText(source)],
    exclude: (more.exclude ?? []).map((rule) => rawPathFromText(join(source, rule))),
    to: rawPathFromText(to),
    intercept: more.watch === true ? 'watch' : 'fuse',
    ...(more.watch === true ? { targetWrites: 'allow' as const } : {}),
    ...(more.failover === undefined ? {} : { failover: more.failover({ scene, alpha, beta }) }),
    start: true,
  });
  const whole = more.watch === true ? 'near-continuous' : undefined;
  await alpha.until('files', (status) => status?.state === 'protected' || status?.reason?.code === whole);
  await alpha.flush('files');
  return { scene, alpha, beta, source, replica: join(to, source) };
}

type Pair = Awaited<ReturnType<typeof pair>>;

/** beta takes over, as the step of a failover does; alpha is not asked. */
async function takeOver(
  { alpha, beta, replica }: Pick<Pair, 'alpha' | 'beta' | 'replica'>,
  definition: Parameters<AgentHere['rooms']['roles']['begin']>[0]['definition'],
  jobId: string,
) {
  const begun = await beta.rooms.roles.begin({
    jobId,
    epoch: 2,
    definition,
    peer: alpha.fingerprint,
    replicaRoots: [raw(replica)],
  });
  expect(begun).toEqual({ name: 'files', interceptor: 'fuse', sentence: null });
}

const keptBy = async (agent: AgentHere) => {
  const connection = await agent.connection();
  const { definition } = await connection.call('job.get', { name: 'files' });
  const { id = '' } = await connection.call('job.status', { name: 'files' });
  return { definition, id };
};

describe.skipIf(why !== null)('[FO4] the way home', { timeout: 120_000 }, () => {
  it('unsent operations are listed and put aside, only differences are sent, and the roles are as they were', async () => {
    const there = await pair();
    const { alpha, beta, source, replica, scene } = there;
    const { definition, id } = await keptBy(alpha);
    // The target is gone when these are written: they are never sent.
    await beta.end();
    await alpha.until('files', (status) => status?.state === 'disconnected');
    writeFileSync(join(source, 'never sent'), 'only here');
    writeFileSync(join(source, 'folder/file-3'), 'changed here and never sent');
    await alpha.end();
    await beta.start();
    await takeOver(there, definition, id);
    await beta.until('files', (status) => status?.state === 'failed-over');
    writeFileSync(join(replica, 'made on the new primary'), 'new');
    writeFileSync(join(replica, 'folder/file-3'), 'changed on the new primary');
    rmSync(join(replica, 'folder/file-5'));
    renameSync(join(replica, 'folder/file-6'), join(replica, 'folder/renamed'));

    await alpha.start();
    const halted = await alpha.until('files', (status) => status?.state === 'halted');
    expect(halted?.reason?.code).toBe('superseded');
    const { unsent } = await (await alpha.connection()).call('job.unsent', { name: 'files' });
    const listed = unsent?.entries.map(({ kind, path }) => `${kind} ${path.slice(source.length + 1)}`).sort();
    expect(listed).toContain('made never sent');
    expect(listed?.some((line) => line.endsWith('folder/file-3'))).toBe(true);
    expect(listed?.some((line) => line.includes('big'))).toBe(false);

    await (await beta.connection()).call('job.failback', { name: 'files' });
    await beta.until('files', (status) => status?.role === 'target');
    const home = await alpha.until('files', (status) => status?.state === 'protected');
    expect(home).toMatchObject({ epoch: 3, source: 'alpha' });
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
    expect(readFileSync(join(source, 'made on the new primary'), 'utf8')).toBe('new');
    expect(readFileSync(join(source, 'folder/file-3'), 'utf8')).toBe('changed on the new primary');
    expect(readdirSync(join(source, 'folder'))).toContain('renamed');
    expect(existsSync(join(source, 'folder/file-5'))).toBe(false);

    const aside = (await alpha.events()).find(({ code }) => code === 'gave-way')?.sentence ?? '';
    const folder = /lies in (\S+)\./.exec(aside)?.[1] ?? '';
    expect(readFileSync(join(folder, 'data/never sent'), 'utf8')).toBe('only here');
    expect(readFileSync(join(folder, 'data/folder/file-3'), 'utf8')).toBe('changed here and never sent');
    expect(home?.replication.sentBytes).toBeLessThan(BIG / 4);
  });

  it('who keeps a file open over the switch can write nothing there any more, and is waited for', async () => {
    const there = await pair();
    const { alpha, beta, source, replica, scene } = there;
    const { definition, id } = await keptBy(alpha);
    await alpha.end();
    await takeOver(there, definition, id);
    await beta.until('files', (status) => status?.state === 'failed-over');
    const script = 'exec 3>>"$0"; echo open; read word; echo late >&3 && echo written || echo refused; read word';
    const holder = spawn('/bin/sh', ['-c', script, join(replica, 'big')], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      const said = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
      expect((await said.next()).value).toBe('open');
      await alpha.start();
      await (await beta.connection()).call('job.failback', { name: 'files' });
      const waits = await alpha.until('files', (status) => status?.reason?.code === 'replica-open-for-writing');
      expect(waits).toMatchObject({ epoch: 3, state: 'disconnected' });
      expect(waits?.reason?.sentence).toContain(`${holder.pid} sh`);
      holder.stdin.write('now\n');
      expect((await said.next()).value).toBe('refused');
    } finally {
      holder.kill('SIGKILL');
    }
    await alpha.until('files', (status) => status?.state === 'protected');
    expect(() => writeFileSync(join(replica, 'big'), '')).toThrow(/EROFS/);
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
  });

  it('a switch that is not made leaves nothing stopped: the services serve again', async () => {
    const there = await pair({
      failover: ({ scene }) => {
        const say = (word: string) => ['/bin/sh', '-c', `echo ${word} >> ${join(scene.top, 'services')}`];
        return { services: [{ name: 'reader', start: say('start'), stop: say('stop') }] };
      },
    });
    const { alpha, beta, replica } = there;
    await alpha.end();
    const connection = await beta.connection();
    await connection.call('job.failover', { name: 'files', sourceIsDown: true });
    await beta.until('files', (status) => status?.state === 'failed-over');
    const undo = connection.call('job.undoFailover', { name: 'files' });
    await expect(undo).rejects.toThrow(/was not undone: alpha cannot be reached/);
    const services = readFileSync(join(there.scene.top, 'services'), 'utf8');
    expect(services).toBe('start\nstop\nstart\n');
    writeFileSync(join(replica, 'folder/file-1'), 'written on');
  });

  it('undone: refused by count where something was changed, and with a person’s word that is put aside and all is compared', async () => {
    const there = await pair();
    const { alpha, beta, source, replica, scene } = there;
    const { definition, id } = await keptBy(alpha);
    await beta.end();
    await alpha.until('files', (status) => status?.state === 'disconnected');
    writeFileSync(join(source, 'queued'), 'meanwhile');
    await alpha.end();
    await beta.start();
    await takeOver(there, definition, id);
    const undo = async (discard: boolean) =>
      (await beta.connection()).call('job.undoFailover', { name: 'files', discard });
    await expect(undo(false)).rejects.toThrow(/alpha cannot be reached/);
    writeFileSync(join(replica, 'folder/file-7'), 'changed');
    await expect(undo(false)).rejects.toThrow(/places were changed here since/);

    await alpha.start();
    await alpha.until('files', (status) => status?.state === 'halted');
    const { asideAt } = await undo(true);
    expect(readFileSync(join(asideAt[0] ?? '', 'data/folder/file-7'), 'utf8')).toBe('changed');
    const home = await alpha.until('files', (status) => status?.state === 'protected');
    expect(home?.epoch).toBe(3);
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
    expect(readFileSync(join(replica, 'folder/file-7'), 'utf8')).toBe('content of 7');
  });

  it('what was noted outlives the agent, and what the rules leave out stays where it is', async () => {
    const there = await pair({ exclude: ['cache'] });
    const { alpha, beta, source, replica } = there;
    mkdirSync(join(source, 'cache'));
    writeFileSync(join(source, 'cache/kept'), 'not ours');
    const { definition, id } = await keptBy(alpha);
    await alpha.end();
    await takeOver(there, definition, id);
    writeFileSync(join(replica, 'folder/file-1'), 'changed');
    rmSync(join(replica, 'folder/file-2'));
    const dirty = (await beta.until('files', (status) => (status?.replication.dirty?.items ?? 0) >= 2))?.replication
      .dirty;
    expect(dirty?.reasons).toEqual([{ reason: 'failed-over', items: dirty?.items }]);
    await beta.end();
    writeFileSync(join(replica, 'while no agent ran'), 'seen by fsid');
    await beta.start();
    const after = await beta.until('files', (status) => (status?.replication.dirty?.items ?? 0) > (dirty?.items ?? 0));
    expect(after?.state).toBe('failed-over');

    await alpha.start();
    await (await beta.connection()).call('job.reverse', { name: 'files' });
    await beta.until('files', (status) => status?.state === 'protected');
    await beta.flush('files');
    expect(readFileSync(join(source, 'while no agent ran'), 'utf8')).toBe('seen by fsid');
    expect(existsSync(join(source, 'folder/file-2'))).toBe(false);
    expect(readFileSync(join(source, 'cache/kept'), 'utf8')).toBe('not ours');
    expect(statSync(join(source, 'big')).size).toBe(BIG);
    const former = await alpha.status('files');
    expect(former).toMatchObject({ state: 'stopped', reason: { code: 'gave-way' } });
    await expect((await alpha.connection()).call('job.start', { name: 'files' })).rejects.toThrow(
      /has taken the job over/,
    );
  });
});

describe('[FO4] the way home where nothing can be mounted', { timeout: 120_000 }, () => {
  it('what is changed is noticed and not noted: an undo is refused, and the way home compares everything', async () => {
    const there = await pair({ watch: true });
    const { alpha, beta, source, replica, scene } = there;
    const { definition, id } = await keptBy(alpha);
    await alpha.end();
    const begun = await beta.rooms.roles.begin({
      jobId: id,
      epoch: 2,
      definition,
      peer: alpha.fingerprint,
      replicaRoots: [raw(replica)],
    });
    expect(begun).toMatchObject({ interceptor: 'watch', sentence: expect.stringMatching(/compares checksums/) });
    await beta.until('files', (status) => status?.state === 'failed-over');
    writeFileSync(join(replica, 'folder/file-1'), 'changed on the new primary');
    rmSync(join(replica, 'folder/file-2'));
    const undo = (await beta.connection()).call('job.undoFailover', { name: 'files' });
    await expect(undo).rejects.toThrow(/nobody knows what was changed here/);

    await alpha.start();
    await alpha.until('files', (status) => status?.reason?.code === 'superseded');
    writeFileSync(join(source, 'written past the end'), 'nobody could keep it out');
    await (await beta.connection()).call('job.failback', { name: 'files' });
    await beta.until('files', (status) => status?.role === 'target');
    const home = await alpha.until('files', (status) => status?.reason?.code === 'near-continuous');
    expect(home).toMatchObject({ epoch: 3, source: 'alpha', target: 'beta' });
    await alpha.flush('files');
    expect(await scene.differences(source, replica)).toEqual([]);
    expect(readFileSync(join(source, 'folder/file-1'), 'utf8')).toBe('changed on the new primary');
    expect(existsSync(join(source, 'folder/file-2'))).toBe(false);
    // What the former source alone had is moved aside, never deleted.
    expect(existsSync(join(source, 'written past the end'))).toBe(false);
    const [events, later] = [await alpha.events(), home?.id ?? ''];
    expect(events.some(({ sentence }) => sentence.includes('moved aside'))).toBe(true);
    expect(existsSync(join(scene.top, `.understudy-${later}`))).toBe(true);
  });
});
