import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type RealAgent, Scene, whyNoRealAgents } from './testing/real-agents.ts';

const MIB = 1024 * 1024;
const WAITING = 24 * MIB;
const why = whyNoRealAgents();
let scene: Scene;
afterEach(() => scene.close());

/** An agent that finds these settings at its start. */
function agentWith(name: string, settings: string): Promise<RealAgent> {
  writeFileSync(join(scene.folder(`home-${name}`), 'agent.yaml'), settings);
  return scene.agent(name);
}

/** By calls that read, since it began. */
function readBytes({ pid }: RealAgent): number {
  const [, read = ''] = /^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1')) ?? [];
  return Number(read);
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

  it.each([
    ['1 MiB', 'from the disk'],
    ['64 MiB', 'from memory'],
  ])('[TCM6] `journal.memory` of %s: what waits to be applied comes %s', { timeout: 120_000 }, async (memory, from) => {
    scene = new Scene();
    const beta = await agentWith('beta', `journal:\n  memory: ${memory}\n  disk: 256 MiB\n  minimum-free: 0\n`);
    const alpha = await scene.agent('alpha');
    const [source, disk] = [scene.folder('source'), scene.folder('disk')];
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
    await alpha.protect(beta, 'files', source, disk);
    await alpha.until('files', ({ state }) => state === 'protected');
    // The first finds no space, and everything behind it waits.
    writeFileSync(join(source, 'noise'), randomBytes(WAITING));
    await alpha.until('files', ({ targetQueue }) => (targetQueue?.bytes ?? 0) > WAITING - 3 * MIB);
    const before = readBytes(beta);
    execFileSync('mount', ['-o', 'remount,size=128m', disk]);
    await alpha.flush('files');
    const read = readBytes(beta) - before;
    if (from === 'from memory') expect(read).toBeLessThan(WAITING / 4);
    else expect(read).toBeGreaterThan(WAITING / 2);
    expect(await scene.differences(source, join(disk, source))).toEqual([]);
  });
});
