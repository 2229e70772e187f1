import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type RealAgent, Scene, whyNoRealAgents } from './testing/real-agents.ts';

const MIB = 1024 * 1024;
const why = whyNoRealAgents();
let scene: Scene;
afterEach(() => scene.close());

/** An agent that finds these settings at its start. */
function agentWith(name: string, settings: string): Promise<RealAgent> {
  writeFileSync(join(scene.folder(`home-${name}`), 'agent.yaml'), settings);
  return scene.agent(name);
}

describe.skipIf(why !== null)('settings of disks hold between real agents', () => {
  /** A job that is paused while so much is written. */
  async function queued(alpha: RealAgent, beta: RealAgent, bytes: number): Promise<void> {
    const source = scene.folder('source');
    await alpha.protect(beta, 'files', source, scene.folder('replica'));
    await alpha.until('files', ({ state }) => state === 'protected');
    await (await alpha.connection()).call('job.pause', { name: 'files' });
    writeFileSync(join(source, 'noise'), randomBytes(bytes));
  }

  it('[SRM1] `queue.alert`: an event at that share of the queue’s limit', { timeout: 120_000 }, async () => {
    scene = new Scene();
    const queue = 'queue:\n  memory: 1 MiB\n  disk: 16 MiB\n  minimum-free: 0\n';
    const alpha = await agentWith('alpha', `${queue}  alert: 30\n`);
    const said = alpha.event('queue-alert');
    await queued(alpha, await scene.agent('beta'), 7 * MIB);
    const { sentence, severity } = await said;
    const [, used = '', limit = ''] =
      /holds ([\d.]+) MiB on disk; its limit there is ([\d.]+) MiB/.exec(sentence) ?? [];
    expect([severity, Number(limit)]).toEqual(['warning', 16]);
    expect(Number(used)).toBeGreaterThanOrEqual(4.8);
    expect(Number(used)).toBeLessThan(8);
  });

  it('[SRM2] `queue.minimum-free`: what would take of it is not stored but repaired', {
    timeout: 120_000,
  }, async () => {
    scene = new Scene();
    const alpha = await agentWith('alpha', 'queue:\n  memory: 1 MiB\n  disk: 64 MiB\n  minimum-free: 1024 GiB\n');
    const beta = await scene.agent('beta');
    await queued(alpha, beta, 7 * MIB);
    await alpha.until('files', ({ replication }) => replication.dirty !== undefined);
    const said = (await alpha.events()).map(({ sentence }) => sentence);
    expect(said).toContainEqual(expect.stringContaining('1.0 TiB are to stay free'));
    expect((await alpha.status('files')).replication).toMatchObject({
      diskQueueBytes: 0,
      dirty: { reasons: expect.arrayContaining([expect.objectContaining({ reason: 'queue-disk-full' })]) },
    });
  });

  it('[TCM6] `journal.alert`: an event at that share of the journal’s limit', { timeout: 120_000 }, async () => {
    scene = new Scene();
    const beta = await agentWith('beta', 'journal:\n  disk: 64 MiB\n  minimum-free: 0\n  alert: 10\n');
    const alpha = await scene.agent('alpha');
    const said = beta.event('target-journal-filling');
    await alpha.protect(beta, 'files', scene.folder('source'), scene.folder('replica'));
    expect(await said).toMatchObject({
      severity: 'warning',
      sentence: expect.stringMatching(/takes 8.* MiB of 64.* MiB/),
    });
  });
});
