import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Scene, whyNoRealAgents } from './testing/real-agents.ts';

const why = whyNoRealAgents();
let scene: Scene | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

describe.skipIf(why !== null)('transmission between real agents', () => {
  it('[SCM3] [SCM4] compression, rate and windows are chosen and changed while the job runs', {
    timeout: 120_000,
  }, async () => {
    scene = new Scene();
    const alpha = await scene.agent('alpha');
    const beta = await scene.agent('beta');
    const source = scene.folder('source');
    const to = scene.folder('replica');
    await alpha.protect(beta, 'sent', source, to);
    await alpha.until('sent', ({ state }) => state === 'protected');
    const connection = await alpha.connection();
    const edit = async (changes: object) => {
      const { revision } = await connection.call('job.get', { name: 'sent' });
      await connection.call('job.edit', { name: 'sent', revision, changes });
      return revision;
    };
    const sent = async () => (await alpha.status('sent')).replication;

    const old = await edit({ compression: 'high' });
    await expect(
      connection.call('job.edit', { name: 'sent', revision: old, changes: { compression: 'low' } }),
    ).rejects.toThrow(/somebody else/);
    const before = await sent();
    writeFileSync(join(source, 'text'), 'the same line again and again\n'.repeat(300_000));
    await alpha.flush('sent');
    const after = await sent();
    expect(after.sentBytes - before.sentBytes).toBeGreaterThan(8_000_000);
    expect(after.sentCompressedBytes - before.sentCompressedBytes).toBeLessThan(1_000_000);

    await edit({ compression: 'none', bandwidth: 2_000_000 });
    const began = performance.now();
    writeFileSync(join(source, 'noise'), randomBytes(8_000_000));
    await alpha.flush('sent');
    const seconds = (performance.now() - began) / 1000;
    expect(seconds).toBeGreaterThan(3.6);
    expect(seconds).toBeLessThan(8);

    const today = new Date().getDay();
    const other = (['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const)[(today + 3) % 7];
    await edit({ bandwidth: null, transmit: { windows: [{ days: [other], from: 600, to: 660 }] } });
    const held = await alpha.status('sent');
    expect([held.state, held.reason?.code]).toEqual(['paused', 'outside-window']);
    mkdirSync(join(source, 'held'));
    await edit({ transmit: { windows: [] } });
    await alpha.flush('sent');
    expect(await scene.differences(source, join(to, source))).toEqual([]);
  });
});
