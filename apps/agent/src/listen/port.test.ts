import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { REPLICATION_PROTOCOL } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { openAgentBase, serveAgent } from './agent-base.ts';
import { FakeJobs } from './testing/fake-jobs.ts';
import { endAll, newIdentity, startTestAgent, temporaryFolder, tlsTo } from './testing/test-agent.ts';

afterEach(endAll);

async function answerTo(socket: NodeJS.ReadWriteStream, request: string): Promise<string> {
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.write(request);
  await once(socket, 'close');
  return answer;
}
const upgrade = (path: string, protocol: string) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`;

describe('the port', () => {
  it('closes on garbage, counts it, and says so once', async () => {
    const agent = await startTestAgent();
    for (let i = 0; i < 50; i += 1) {
      const socket = connect(agent.address.port, agent.address.host);
      socket.on('error', () => {});
      socket.resume();
      socket.end(randomBytes(4096));
      await once(socket, 'close');
    }
    while ((agent.served.listener.counts.noise['bad-handshake'] ?? 0) < 50) await new Promise((go) => setImmediate(go));
    expect(agent.served.listener.counts.strangers).toBe(0);
    const events = agent.base.events.list({}, 100);
    expect(events.filter((event) => event.code === 'stranger-on-port')).toHaveLength(1);
  });

  it('closes on what is no HTTP inside TLS, and on a header without end', async () => {
    const agent = await startTestAgent();
    const identity = await newIdentity();
    await answerTo(await tlsTo(agent.address, identity), `${randomBytes(64).toString('latin1')}\r\n\r\n`);
    await answerTo(await tlsTo(agent.address, identity), `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`);
    expect(agent.served.listener.counts.noise['bad-request']).toBe(2);
  });

  it('speaks nothing older than TLS 1.3', async () => {
    const agent = await startTestAgent();
    await expect(tlsTo(agent.address, await newIdentity(), { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    const socket = await tlsTo(agent.address, await newIdentity());
    expect(socket.getProtocol()).toBe('TLSv1.3');
  });

  it('answers anything else with a short 404', async () => {
    const agent = await startTestAgent();
    const answer = await answerTo(await tlsTo(agent.address, null), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 404 [\s\S]*Not found\n/);
  });

  it.each([
    ['/understudy-management/2', 'websocket', 'understudy-management/2', 'understudy-management/1'],
    ['/understudy-replication/9', 'understudy-replication/9', 'understudy-replication/9', REPLICATION_PROTOCOL],
  ])('refuses %s by naming both versions', async (path, protocol, theirs, ours) => {
    const agent = await startTestAgent();
    const answer = await answerTo(await tlsTo(agent.address, await newIdentity()), upgrade(path, protocol));
    expect(answer).toMatch(/^HTTP\/1\.1 426 /);
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({
      error: { code: 'version', sentence: expect.stringMatching(new RegExp(`${theirs}.*${ours}`)) },
    });
  });

  it.each(['admin', 'monitor', null] as const)('lets nobody replicate who is not an agent (%s)', async (role) => {
    const agent = await startTestAgent();
    const identity = await newIdentity();
    if (role !== null) agent.trust(identity, role);
    const answer = await answerTo(
      await tlsTo(agent.address, identity),
      upgrade(`/${REPLICATION_PROTOCOL}`, REPLICATION_PROTOCOL),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*not-trusted/);
  });

  it('talks to nobody without a certificate', async () => {
    const agent = await startTestAgent();
    const answer = await answerTo(await tlsTo(agent.address, null), upgrade('/understudy-management/1', 'websocket'));
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*show a certificate/);
  });

  it('makes the oldest stranger go for a new one', async () => {
    const agent = await startTestAgent('alpha', { 'limits.strangers': 4 });
    const first = connect(agent.address.port, agent.address.host);
    await once(first, 'connect');
    const gone = once(first, 'close');
    const others = Array.from({ length: 4 }, () => connect(agent.address.port, agent.address.host));
    await gone;
    expect(agent.served.listener.counts.strangers).toBeLessThanOrEqual(4);
    expect(agent.served.listener.counts.noise['crowded-out']).toBeGreaterThanOrEqual(1);
    for (const other of others) other.destroy();
  });
});

describe('a port', () => {
  it('that is in use is named, with what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const base = await openAgentBase({ home: temporaryFolder(), listen: `127.0.0.1:${port}`, version: '0' });
    try {
      await expect(serveAgent(base, { jobs: new FakeJobs(), onReplication: () => {} })).rejects.toMatchObject({
        fault: 'port-in-use',
        exitCode: 5,
        message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port} is in use .*--listen`)),
      });
    } finally {
      await base.close();
      other.close();
    }
  });

  it.each(['nowhere', '127.0.0.1', '127.0.0.1:99999'])('%s is wrong usage', async (listen) => {
    await expect(openAgentBase({ home: temporaryFolder(), listen, version: '0' })).rejects.toMatchObject({
      fault: 'listen-invalid',
      exitCode: 2,
    });
  });

  it('of another machine is wrong usage', async () => {
    const base = await openAgentBase({ home: temporaryFolder(), listen: '192.0.2.1:0', version: '0' });
    await expect(serveAgent(base, { jobs: new FakeJobs(), onReplication: () => {} })).rejects.toMatchObject({
      exitCode: 2,
    });
    await base.close();
  });
});
