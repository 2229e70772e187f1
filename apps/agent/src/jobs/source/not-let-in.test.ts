import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Address, FrameType, REPLICATION_PROTOCOL } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Identity } from '../../identity/identity.ts';
import { endAll, newIdentity, startTestAgent, type TestAgent } from '../../listen/testing/test-agent.ts';
import { refuseUpgrade } from '../../listen/upgrade.ts';
import { dialReplication } from '../../ports/replication-link/dial.ts';
import { welcome } from '../testing/fake-link.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';

const OTHER = 'understudy-replication/99';

/** An agent of another version, as far as a source gets to know it. */
async function otherVersion(identity: Identity): Promise<{ address: Address; close: () => Promise<void> }> {
  const { certificate: cert, key } = identity;
  const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false });
  const error = { status: 426, code: 'version', sentence: `this agent speaks ${OTHER}.`, noise: null } as const;
  server.on('upgrade', (_, socket) => refuseUpgrade(socket, error));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { address: { host: '127.0.0.1', port }, close: () => new Promise((done) => server.close(() => done())) };
}

describe('a job whose target does not let it in', () => {
  let scene: JobScene;
  let identity: Identity;
  let beta: TestAgent;
  let at: { address: Address; fingerprint: string };
  const status = () => scene.jobs.status('files');
  const named = (code: string) => vi.waitFor(() => expect(status().reason?.code).toBe(code), 5000);

  beforeEach(async () => {
    [scene, identity, beta] = [new JobScene(), await newIdentity(), await startTestAgent('beta')];
    at = { address: beta.address, fingerprint: beta.base.identity.fingerprint };
    scene.dial = () => dialReplication({ ...at, identity });
  });
  afterEach(async () => {
    await scene.close();
    await endAll();
  });

  /** The target is reached by itself: nobody has touched the job. */
  async function goesOn(): Promise<void> {
    const { link } = await beta.nextLink();
    const heard: number[] = [];
    await new Promise<void>((resolve) => {
      link.onFrame(({ type }) => {
        heard.push(type);
        resolve();
      });
    });
    expect(heard[0]).toBe(FrameType.hello);
    link.sendJson(FrameType.welcome, welcome({ resumes: true, complete: true }));
    link.sendJson(FrameType.condition, { state: 'ok', code: '', sentence: '' });
    await vi.waitFor(() => expect(status().state).toMatch(/calculating|mirroring/), 5000);
  }

  it('[SAFE7] for its version is halted by that name, both versions named, and goes on by itself once they are the same', async () => {
    beta.trust(identity, 'peer', 'alpha');
    const newer = await otherVersion(beta.base.identity);
    at = { ...at, address: newer.address };
    const folder = await scene.create('files', { start: true });
    await named('version');
    expect(status()).toMatchObject({ state: 'halted', actions: ['pause', 'stop', 'edit'] });
    expect(status().reason?.sentence).toMatch(new RegExp(`${OTHER}.*${REPLICATION_PROTOCOL}.*same version.*by itself`));
    expect(scene.fuse.roots().map(({ path }) => path)).toEqual([folder]);
    expect(scene.events.filter((event) => event === 'files version')).toHaveLength(1);
    expect(() => scene.jobs.mirror({ name: 'files' } as never)).toThrow(/halted.*same version/);
    at = { ...at, address: beta.address };
    await goesOn();
    await newer.close();
  });

  it('since it is not trusted says so, and goes on by itself once the two are introduced anew', async () => {
    await scene.create('files', { start: true });
    await named('not-trusted');
    expect(status()).toMatchObject({ state: 'disconnected', reason: { sentence: expect.stringMatching(/introduce/) } });
    beta.trust(identity, 'peer', 'alpha');
    await goesOn();
  });

  it('since another certificate is shown there says so', async () => {
    at = { ...at, fingerprint: identity.fingerprint };
    await scene.create('files', { start: true });
    await named('changed-fingerprint');
    expect(status()).toMatchObject({
      state: 'disconnected',
      reason: { sentence: expect.stringMatching(/^This is not beta/) },
    });
  });
});
