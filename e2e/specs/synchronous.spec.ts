/**
 * Synchronous mode with real agents: an application that was answered finds its entry on the target, whatever dies; and each policy does
 * what it says when the target is killed, stands still, or is out of space. The line itself is cut in synchronous-line.spec.ts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  AcknowledgedWriter,
  type Bootstrap,
  describeWithFuse,
  elapse,
  fillUp,
  holds,
  type JobStatus,
  killTogether,
  mountDiskImage,
  protectedFolder,
  sized,
  staged,
  treeDifferences,
  until,
  whyNoDiskImage,
  whyNoFuse,
} from '../bootstrap/index.ts';

const NAME = 'ledger';
/** Asked of its source alone: a target that is held or gone would be waited for. */
const JOB = `alpha/${NAME}`;
const LIMIT = '700ms';

interface Scene {
  readonly stage: Bootstrap;
  readonly source: string;
  readonly replica: string;
  readonly writer: AcknowledgedWriter;
  readonly file: string;
}

const status = ({ stage }: Scene): Promise<JobStatus> => stage.client.status(JOB);

async function begin(stage: Bootstrap, ...extra: string[]): Promise<Scene> {
  const { source, replica } = await protectedFolder(stage, NAME, {
    fill: (folder) => writeFileSync(join(folder, 'entries'), ''),
    extra: ['--mode', 'sync', ...extra],
  });
  const file = join(source, 'entries');
  const writer = new AcknowledgedWriter(file, join(stage.root, 'notes'));
  await until('the writer has begun', () => writer.done.length >= 20);
  return { stage, source, replica, writer, file: join(replica, 'entries') };
}

/** Whatever serves the source ends at one moment, and the application with it. */
async function killSource({ stage, writer }: Scene): Promise<void> {
  const alpha = stage.agent('alpha');
  const { fsid, holder } = stage.interceptorProcesses('alpha');
  killTogether([alpha.pid, ...holder, ...fsid]);
  await Promise.all([alpha.ended(), writer.kill()]);
}

describeWithFuse('[FSI4] what was acknowledged is on the target when the source dies', () => {
  for (const terms of [
    ['--sync-at', 'every-call', '--sync-until', 'received'],
    ['--sync-at', 'every-call', '--sync-until', 'applied'],
    ['--sync-at', 'fsync', '--sync-until', 'received'],
  ])
    staged(terms.join(' '), ['alpha', 'beta'], async (stage) => {
      const scene = await begin(stage, ...terms);
      await elapse(sized(5000, 500) * Math.random());
      await killSource(scene);
      const { writer, file } = scene;
      if (terms.includes('received'))
        await until('what was received is applied', () => writer.missingIn(file).length === 0, { timeoutMs: 20_000 });
      expect(writer.missingIn(file)).toEqual([]);
      expect(writer.done.length).toBeGreaterThanOrEqual(20);
      expect(writer.refused).toEqual([]);
    });

  staged('abort: a call that waits when all of it dies leaves nothing behind', ['alpha', 'beta'], async (stage) => {
    const scene = await begin(stage, '--sync-policy', 'abort', '--sync-timeout', '60s');
    const { source, replica, writer } = scene;
    const folder = stage.folder('source', NAME, 'folder');
    const at = { deleted: join(source, 'deleted'), old: join(folder, 'old'), new: join(folder, 'new') };
    for (const [name, path] of Object.entries(at)) writeFileSync(path, name);
    await stage.client.flush(JOB);
    await stage.agent('beta').hold();
    const calls = [spawn('rm', [at.deleted]), spawn('mv', [at.new, at.old])];
    const ends = calls.map((call) => once(call, 'exit'));
    const waits = async () => (await status(scene)).synchronous?.callsWaiting === 3;
    await until('the writer, a deletion and a replacement wait', waits);
    await killSource(scene);
    await Promise.all(ends);
    stage.agent('beta').release();
    await stage.agent('alpha').start();
    await stage.client.reach(JOB, 'protected');
    await stage.client.flush(JOB);
    expect([readdirSync(source).sort(), readdirSync(folder)]).toEqual([['deleted', 'entries', 'folder'], ['old']]);
    expect([readFileSync(at.deleted, 'utf8'), readFileSync(at.old, 'utf8')]).toEqual(['deleted', 'new']);
    expect(await treeDifferences(source, replica)).toEqual([]);
    const { stdout } = await stage.client.events('--json', '--limit', '1000');
    expect(stdout).toContain('interceptor-put-back');
    expect(writer.refused).toEqual([]);
  });

  staged('after the target was killed and came back as well', ['alpha', 'beta'], async (stage) => {
    const scene = await begin(stage);
    const { writer, file } = scene;
    await stage.agent('beta').kill();
    await stage.agent('beta').start();
    await writer.goesOn(20, 'after the target has come back');
    await killSource(scene);
    await stage.agent('beta').kill();
    // What the journal of a killed target holds is applied when a source says hello again; so alpha is needed once more.
    await stage.agent('beta').start();
    await stage.agent('alpha').start();
    await until('what was received is applied', () => writer.missingIn(file).length === 0, { timeoutMs: 30_000 });
    expect(writer.refused).toEqual([]);
  });
});

const noImage = whyNoFuse() === null ? whyNoDiskImage('ext4') : 'no fuse';
if (noImage !== null) console.warn(`SKIPPED the policies of the synchronous mode: ${noImage}`);

/** The target's journal lies on a file system of its own, so that it can be full, and is small, so that it soon asks for more. */
async function addSmallTarget(stage: Bootstrap): Promise<void> {
  mountDiskImage(stage, 'ext4', stage.folder('small'), 192 << 20);
  const config = join(stage.root, 'beta.yaml');
  writeFileSync(
    config,
    `journal:\n  folder: ${stage.folder('small', 'journal')}\n  disk: 8 MiB\n  minimum-free: 64 MiB\n`,
  );
  const beta = stage.newAgent('beta', { arguments: ['--config', config] });
  await beta.start();
  await stage.pair(beta);
}

interface Loss {
  readonly name: string;
  cut(stage: Bootstrap): Promise<void>;
  heal(stage: Bootstrap): Promise<void>;
}

const filler = (stage: Bootstrap): string => join(stage.root, 'small', 'filler');

const LOSSES: readonly Loss[] = [
  {
    name: 'killed',
    cut: async (stage) => void (await stage.agent('beta').kill()),
    heal: (stage) => stage.agent('beta').start(),
  },
  {
    name: 'standing still',
    cut: (stage) => stage.agent('beta').hold(),
    heal: async (stage) => stage.agent('beta').release(),
  },
  {
    name: 'out of space',
    cut: async (stage) => {
      // Less than is to stay free. The journal's file in use has its place already: it is used up first.
      const { bavail, bsize } = statfsSync(join(stage.root, 'small'));
      writeFileSync(filler(stage), Buffer.alloc(bavail * bsize - (32 << 20)));
    },
    heal: async (stage) => rmSync(filler(stage)),
  },
];

const REPLICA_FULL: Loss = {
  name: 'without room for the replica',
  cut: async (stage) => fillUp(join(stage.root, 'replica', 'filler')),
  heal: async (stage) => rmSync(join(stage.root, 'replica', 'filler')),
};

/** What was answered is on the target, what was refused on neither side. */
async function demandEqual({ stage, source, replica, writer, file }: Scene): Promise<void> {
  await writer.kill();
  await stage.client.reach(JOB, 'protected');
  await stage.client.flush(JOB);
  expect(writer.missingIn(file)).toEqual([]);
  const there = readFileSync(file, 'latin1');
  expect(writer.refused.filter((entry) => holds(there, entry))).toEqual([]);
  expect(await treeDifferences(source, replica)).toEqual([]);
}

const POLICIES: Readonly<Record<string, (scene: Scene, loss: Loss) => Promise<void>>> = {
  async suspend(scene, loss) {
    const { stage, writer } = scene;
    await loss.cut(stage);
    const waiting = await until('a call is late', async () => {
      const now = await status(scene);
      return now.synchronous?.state === 'waiting' && now;
    });
    expect(waiting.synchronous?.callsWaiting).toBe(1);
    expect(waiting.state).not.toBe('protected');
    const before = writer.done.length;
    await elapse(1500);
    expect(writer.done.length).toBe(before);
    await loss.heal(stage);
    await writer.goesOn(20, `after the target was ${loss.name}`);
    expect(writer.refused).toEqual([]);
    await scene.stage.client.told(NAME, 'calls-wait', 'calls-go-on');
  },
  async degrade(scene, loss) {
    const { stage, writer } = scene;
    await loss.cut(stage);
    await until('the job has degraded', async () => (await status(scene)).synchronous?.state === 'degraded');
    await writer.goesOn(50, 'without the target');
    await loss.heal(stage);
    await until('the job is synchronous again', async () => (await status(scene)).synchronous?.state === 'synchronous');
    await until('and protected', async () => (await status(scene)).state === 'protected');
    expect(writer.refused).toEqual([]);
    await scene.stage.client.told(NAME, 'not-synchronous', 'synchronous');
  },
  async abort(scene, loss) {
    const { stage, writer, source } = scene;
    const before = writer.refused.length;
    await loss.cut(stage);
    await until('calls are refused', () => writer.refused.length >= before + 3);
    const local = readFileSync(join(source, 'entries'), 'latin1');
    expect(writer.refused.filter((entry) => holds(local, entry))).toEqual([]);
    await loss.heal(stage);
    await writer.goesOn(20, `after the target was ${loss.name}`);
    await scene.stage.client.told(NAME, 'calls-aborted');
  },
};

describe.skipIf(noImage !== null)('[FSI4] the policy', () => {
  for (const [policy, plays] of Object.entries(POLICIES)) {
    const terms = ['--sync-policy', policy, '--sync-timeout', LIMIT];
    staged(`${policy}: the target is killed, stands still, and is out of space`, ['alpha'], async (stage) => {
      await addSmallTarget(stage);
      const scene = await begin(stage, ...terms);
      for (const loss of LOSSES) {
        console.info(`${policy}: the target is ${loss.name}`);
        await plays(scene, loss);
      }
      await demandEqual(scene);
    });

    staged(`${policy}: the disk of the replica is full`, ['alpha', 'beta'], async (stage) => {
      mountDiskImage(stage, 'ext4', stage.folder('replica'), 64 << 20);
      const scene = await begin(stage, '--sync-until', 'applied', ...terms);
      await plays(scene, REPLICA_FULL);
      await demandEqual(scene);
    });
  }

  staged(
    'suspend: pausing the job lets calls go, and it is synchronous again after',
    ['alpha', 'beta'],
    async (stage) => {
      const scene = await begin(stage, '--sync-timeout', LIMIT);
      await stage.agent('beta').hold();
      await until('a call is late', async () => (await status(scene)).synchronous?.state === 'waiting');
      await stage.client.job('pause', JOB);
      await scene.writer.goesOn(50, 'while the job is paused');
      stage.agent('beta').release();
      await stage.client.job('resume', JOB);
      await until(
        'the job is synchronous again',
        async () => (await status(scene)).synchronous?.state === 'synchronous',
      );
      await stage.agent('beta').hold();
      await until('a call is late again', async () => (await status(scene)).synchronous?.state === 'waiting');
      await stage.client.job('stop', JOB);
      await scene.writer.goesOn(50, 'after the job was stopped');
      stage.agent('beta').release();
      expect(scene.writer.refused).toEqual([]);
    },
  );

  staged(
    'suspend: an agent of the source that dies keeps calls waiting until it is back',
    ['alpha', 'beta'],
    async (stage) => {
      const { writer } = await begin(stage);
      await stage.agent('alpha').kill();
      const before = writer.done.length;
      await elapse(1500);
      expect(writer.done.length).toBeLessThanOrEqual(before + 1);
      await stage.agent('alpha').start();
      await writer.goesOn(20, 'after the agent has come back');
      expect(writer.refused).toEqual([]);
    },
  );
});
