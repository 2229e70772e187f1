/** FO3: a planned hand-over with a third agent as the job's witness, in this process. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawPathFromText } from '@understudy/sdk';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type AgentHere, SceneHere } from '../../testing/agents-here.ts';
import { whyNoRealAgents } from '../../testing/real-agents.ts';

const why = whyNoRealAgents();
if (why !== null) process.stderr.write(`SKIPPED epoch-word.test.ts: ${why}\n`);

/** Long, so that nobody can have waited for it. */
const LEASE_MS = 20_000;

let scene: SceneHere | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

/** alpha is the source, beta has taken over, and gamma, the witness, has beta's epoch. */
async function takenOver() {
  scene = new SceneHere();
  const source = scene.folder('data');
  const to = scene.folder('replicas');
  writeFileSync(join(source, 'file'), 'content');
  const [alpha, beta, gamma] = [await scene.agent('alpha'), await scene.agent('beta'), await scene.agent('gamma')];
  await scene.introduce(alpha, beta);
  for (const one of [alpha, beta]) await scene.introduce(one, gamma);
  const server = { name: 'gamma', address: gamma.address, fingerprint: gamma.fingerprint };
  await (await alpha.connection()).call('job.create', {
    name: 'files',
    sourceName: 'alpha',
    target: { name: 'beta', address: beta.address, fingerprint: beta.fingerprint },
    include: [rawPathFromText(source)],
    exclude: [],
    to: rawPathFromText(to),
    intercept: 'fuse',
    failover: { witness: { kind: 'agent', server, leaseMs: LEASE_MS } },
    start: true,
  });
  await alpha.until('files', (status) => status?.state === 'protected');
  await alpha.flush('files');
  const { definition } = await (await alpha.connection()).call('job.get', { name: 'files' });
  const { id = '' } = await alpha.status('files');
  // What a failover does with the witness, without the wait for the lease of a source that has just been ended.
  await alpha.end();
  const path = join(gamma.home, 'witness', `${id}.json`);
  await gamma.end();
  const stored = JSON.parse(readFileSync(path, 'utf8'));
  const record = { ...stored.record, epoch: 2, holder: beta.fingerprint };
  writeFileSync(path, JSON.stringify({ ...stored, revision: stored.revision + 1, record }));
  await gamma.start();
  const replicaRoots = [Buffer.from(join(to, source)).toString('latin1') as never];
  await beta.rooms.roles.begin({ jobId: id, epoch: 2, definition, peer: alpha.fingerprint, replicaRoots });
  await alpha.start();
  const recordOf = () => JSON.parse(readFileSync(path, 'utf8')).record;
  return { alpha, beta, gamma, source, replica: join(to, source), recordOf };
}

const failback = async (beta: AgentHere) => (await beta.connection()).call('job.failback', { name: 'files' });

describe.skipIf(why !== null)('[FO3] a hand-over with a witness', { timeout: 60_000 }, () => {
  it('begins its epoch there before the former source writes, and nobody waits for a lease', async () => {
    const { alpha, beta, source, recordOf } = await takenOver();
    expect(recordOf()).toMatchObject({ epoch: 2, holder: beta.fingerprint, released: false });
    await alpha.until('files', (status) => status?.reason?.code === 'superseded');
    await failback(beta);
    const before = Date.now();
    await beta.until('files', (status) => status?.role === 'target');
    await alpha.until('files', (status) => status?.state === 'protected');
    writeFileSync(join(source, 'file'), 'written at home');
    expect(Date.now() - before).toBeLessThan(LEASE_MS);
    expect(recordOf()).toMatchObject({ epoch: 3, holder: alpha.fingerprint, released: false });
  });

  it('is not made while the witness does not answer, and work goes on', async () => {
    const { alpha, beta, gamma, replica } = await takenOver();
    await alpha.until('files', (status) => status?.reason?.code === 'superseded');
    await gamma.end();
    await failback(beta);
    const waits = async () => (await beta.events()).find(({ code }) => code === 'failback-waits')?.sentence;
    await vi.waitFor(async () => expect(await waits()).toMatch(/gamma, the witness, cannot be asked/), {
      timeout: 20_000,
    });
    mkdirSync(join(replica, 'work goes on'));
    expect((await beta.status('files')).state).toBe('failing-back');
  });
});
