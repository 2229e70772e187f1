import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawPathFromText } from '@understudy/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { type AgentHere, SceneHere } from '../jobs/testing/agents-here.ts';
import { whyNoRealAgents } from '../jobs/testing/real-agents.ts';

const why = whyNoRealAgents();
if (why !== null) console.warn(`SKIPPED job.history of real agents: ${why}`);
let scene: SceneHere | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

const historyOf = async (agent: AgentHere) => (await agent.connection()).call('job.history', { name: 'files' });
const known = (figures: readonly (number | null)[]): number[] => figures.filter((value) => value !== null);

describe.skipIf(why !== null)('job.history of real agents', () => {
  it('tells of both ends, outlives a restart, and goes with the job', { timeout: 120_000 }, async () => {
    scene = new SceneHere();
    const alpha = await scene.agent('alpha');
    const beta = await scene.agent('beta');
    await scene.introduce(alpha, beta);
    const source = scene.folder('source');
    const connection = await alpha.connection();
    await connection.call('job.create', {
      name: 'files',
      sourceName: 'alpha',
      target: { name: 'beta', address: beta.address, fingerprint: beta.fingerprint },
      include: [rawPathFromText(source)],
      to: rawPathFromText(scene.folder('replica')),
      intercept: 'watch',
      start: true,
    });
    await alpha.until('files', (status) => (status?.mirror.percent ?? 0) === 100);
    alpha.rooms.history.measure();
    writeFileSync(join(source, 'file'), Buffer.alloc(300_000, 1));
    await alpha.flush('files');
    alpha.rooms.history.measure();
    beta.rooms.history.measure();
    const told = await historyOf(alpha);
    expect(told).toMatchObject({ role: 'source', resolutionMs: 90_000 });
    expect(Math.max(...known(told.throughput))).toBeGreaterThan(0);
    expect(known(told.queueDiskBytes)).not.toEqual([]);
    expect(known(told.recoveryPointAgeMs)).not.toEqual([]);
    const far = await historyOf(beta);
    expect(far.role).toBe('target');
    expect(known(far.throughput)).toEqual([]);
    expect(known(far.recoveryPointAgeMs)).not.toEqual([]);

    await alpha.end();
    await alpha.start();
    const again = await historyOf(alpha);
    const oldest = ({ recoveryPointAgeMs }: typeof told): number => Math.max(...known(recoveryPointAgeMs));
    expect(oldest(again)).toBeGreaterThanOrEqual(oldest(told));
    // An average: the agent may have measured by itself meanwhile. What it has sent since its start is next to nothing.
    expect(Math.max(...known(again.throughput))).toBeGreaterThan(Math.max(...known(told.throughput)) / 20);
    await expect((await alpha.connection()).call('job.history', { name: 'none' })).rejects.toThrow('no job named none');

    await (await alpha.connection()).call('job.delete', { name: 'files' });
    expect(readdirSync(join(alpha.home, 'history'))).toEqual([]);
  });
});
