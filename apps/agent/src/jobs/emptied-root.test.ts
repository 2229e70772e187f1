/** [SAFE2] A root that is found empty, with real agents: the replica keeps what it has until a person has said what is meant. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Scene, whyNoRealAgents } from './testing/real-agents.ts';

const why = whyNoRealAgents();
if (why !== null) process.stderr.write(`emptied-root.test.ts is skipped: ${why}\n`);

let scene: Scene | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

async function pair() {
  scene = new Scene();
  const source = scene.folder('data');
  const to = scene.folder('replicas');
  mkdirSync(join(source, 'folder'));
  for (const name of ['first', 'folder/second']) writeFileSync(join(source, name), name);
  const [alpha, beta] = [await scene.agent('alpha'), await scene.agent('beta')];
  await alpha.protect(beta, 'files', source, to);
  await alpha.until('files', ({ state }) => state === 'protected');
  return { scene, alpha, beta, source, replica: join(to, source) };
}

const empty = (folder: string): void => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
};

describe.skipIf(why !== null)('[SAFE2] a root that is found empty', { timeout: 120_000 }, () => {
  it('halts its job by name and nothing is deleted; brought back it goes on', async () => {
    const { scene, alpha, source, replica } = await pair();
    await alpha.call('job.stop', 'files');
    empty(source);
    await alpha.call('job.start', 'files');
    const { reason, actions } = await alpha.until('files', ({ state }) => state === 'halted');
    expect(reason).toMatchObject({ code: 'root-emptied', sentence: expect.stringContaining(source) });
    expect(reason?.sentence).toMatch(/2 entries.*Nothing was deleted.*job start/);
    expect(actions).toEqual(['start', 'stop', 'delete', 'edit']);
    expect(readdirSync(replica).sort()).toEqual(['first', 'folder']);
    expect(readdirSync(join(replica, 'folder'))).toEqual(['second']);
    expect((await alpha.events()).map(({ code }) => code)).toContain('root-emptied');

    mkdirSync(join(source, 'folder'));
    for (const name of ['first', 'folder/second']) writeFileSync(join(source, name), name);
    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ state }) => state === 'protected');
    expect(await scene.differences(source, replica)).toEqual([]);
  });

  it('an agent that is started anew does not take it for a person’s word; `job start` does, and for one time', async () => {
    const { alpha, source, replica } = await pair();
    await alpha.call('job.stop', 'files');
    empty(source);
    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ reason }) => reason?.code === 'root-emptied');
    await alpha.end('SIGTERM');
    await alpha.start();
    await alpha.until('files', ({ reason }) => reason?.code === 'root-emptied');
    expect(readdirSync(replica).sort()).toEqual(['first', 'folder']);

    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ state }) => state === 'protected');
    expect(readdirSync(replica)).toEqual([]);

    writeFileSync(join(source, 'again'), 'and emptied again');
    await alpha.flush('files');
    await alpha.call('job.stop', 'files');
    empty(source);
    await alpha.call('job.start', 'files');
    await alpha.until('files', ({ reason }) => reason?.code === 'root-emptied');
    expect(readdirSync(replica)).toEqual(['again']);
  });

  it('a folder that was empty from the beginning, and one that its programs empty while the job runs, are no reason', async () => {
    const { alpha, beta, source, replica, scene } = await pair();
    const nothing = scene.folder('nothing');
    await alpha.protect(beta, 'nothing', nothing, scene.folder('replicas-of-nothing'));
    await alpha.until('nothing', ({ state }) => state === 'protected');
    empty(source);
    await alpha.flush('files');
    expect((await alpha.status('files')).state).toBe('protected');
    expect(readdirSync(replica)).toEqual([]);
    const connection = await alpha.connection();
    await connection.call('job.mirror', { name: 'files' });
    await alpha.flush('files');
    expect((await alpha.status('files')).state).toBe('protected');
  });
});
