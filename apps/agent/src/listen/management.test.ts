import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { LOCAL_SOCKET, MANAGEMENT_PATH } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { openAgentBase, serveAgent } from './agent-base.ts';
import { FakeJobs, statusOf } from './testing/fake-jobs.ts';
import {
  clientProof,
  endAll,
  managementTo,
  newIdentity,
  startTestAgent,
  TestClient,
  temporaryFolder,
} from './testing/test-agent.ts';

afterEach(endAll);

const errorOf = (answer: Awaited<ReturnType<TestClient['call']>>) => (answer.ok ? 'none' : answer.error.code);

describe('a stranger', () => {
  it('learns who this is, and nothing more', async () => {
    const agent = await startTestAgent();
    const client = await managementTo(agent.address, await newIdentity());
    expect(await client.call('agent.info')).toMatchObject({
      ok: true,
      result: { name: 'alpha', fingerprint: agent.base.identity.fingerprint, role: null, details: null },
    });
    for (const call of ['job.list', 'agent.peers', 'agent.createPairingCode', 'events.list'])
      expect(errorOf(await client.call(call))).toBe('not-trusted');
    expect(errorOf(await client.ask({ topic: 'events' }))).toBe('not-trusted');
  });

  it('may not send much', async () => {
    const agent = await startTestAgent();
    const client = await managementTo(agent.address, await newIdentity());
    client.ws.send(JSON.stringify({ id: 1, call: 'agent.pair', params: { name: 'x'.repeat(8192) } }));
    expect(await client.closed).toBe(1009);
  });

  it('is let go after a while', async () => {
    const agent = await startTestAgent('alpha', { 'limits.handshake': 100 });
    const socket = connectPlain(agent.address.port, agent.address.host).resume();
    await once(socket, 'close');
    while (agent.served.listener.counts.strangers > 0) await new Promise((go) => setImmediate(go));
    expect(agent.served.listener.counts).toMatchObject({ strangers: 0, noise: { 'too-slow': 1 } });
  });
});

describe('pairing', () => {
  it('turns a code into trust of its role, at once and for later connections', async () => {
    const agent = await startTestAgent();
    const identity = await newIdentity();
    const client = await managementTo(agent.address, identity);
    const { code } = agent.base.codes.issue('monitor', 60_000);
    const proof = clientProof(client, identity, code);
    expect(await client.call('agent.pair', { name: 'laptop', proof })).toMatchObject({
      ok: true,
      result: { role: 'monitor' },
    });
    expect(errorOf(await client.call('job.list'))).toBe('none');
    const later = await managementTo(agent.address, identity);
    expect(await later.call('agent.info')).toMatchObject({
      result: { role: 'monitor', details: { pid: process.pid } },
    });
    expect(errorOf(await later.call('job.stop', { name: 'files' }))).toBe('forbidden');
    expect(agent.base.events.list({}, 10).map((event) => event.code)).toContain('paired');
  });

  it('does not accept a proof that was made for the session with someone in between', async () => {
    const agent = await startTestAgent('alpha');
    const between = await startTestAgent('mallory');
    const identity = await newIdentity();
    const { code } = agent.base.codes.issue('admin', 60_000);
    const fooled = await managementTo(between.address, identity);
    const overheard = clientProof(fooled, identity, code);
    const forwarded = await managementTo(agent.address, between.base.identity);
    expect(errorOf(await forwarded.call('agent.pair', { name: 'laptop', proof: overheard }))).toBe('wrong-code');
    expect(agent.base.trust.list()).toEqual([]);
    expect(agent.base.events.list({ severity: 'warning' }, 10)[0]).toMatchObject({ code: 'pairing-refused' });
  });

  it('ends a code with the fifth wrong try', async () => {
    const agent = await startTestAgent();
    const identity = await newIdentity();
    const client = await managementTo(agent.address, identity);
    const { code } = agent.base.codes.issue('admin', 60_000);
    for (let i = 0; i < 5; i += 1)
      expect(errorOf(await client.call('agent.pair', { name: 'x', proof: '0'.repeat(64) }))).toBe('wrong-code');
    const proof = clientProof(client, identity, code);
    expect(errorOf(await client.call('agent.pair', { name: 'x', proof }))).toBe('wrong-code');
  });

  it('by an operator hands out codes for agents only', async () => {
    const agent = await startTestAgent();
    const identity = await newIdentity();
    agent.trust(identity, 'operator');
    const client = await managementTo(agent.address, identity);
    expect(errorOf(await client.call('agent.createPairingCode', { role: 'peer' }))).toBe('none');
    expect(errorOf(await client.call('agent.createPairingCode', { role: 'monitor' }))).toBe('forbidden');
  });

  it('undone closes what is open', async () => {
    const agent = await startTestAgent();
    const [admin, laptop] = [await newIdentity(), await newIdentity()];
    agent.trust(admin, 'admin');
    agent.trust(laptop, 'monitor');
    const open = await managementTo(agent.address, laptop);
    const client = await managementTo(agent.address, admin);
    expect(errorOf(await client.call('agent.unpair', { fingerprint: laptop.fingerprint }))).toBe('none');
    expect(await open.closed).toBe(1001);
  });
});

describe('a paired client', () => {
  async function paired(role: 'monitor' | 'operator' | 'admin' = 'operator') {
    const agent = await startTestAgent();
    const identity = await newIdentity();
    agent.trust(identity, role);
    return { agent, identity, client: await managementTo(agent.address, identity) };
  }

  it('hears the runtime say what is wrong, in its words', async () => {
    const { client } = await paired();
    expect(await client.call('job.start', { name: 'none' })).toMatchObject({
      ok: false,
      error: { code: 'unknown-job', sentence: 'there is no job none on this server' },
    });
  });

  it('hears of a bug as a failure, and can go on', async () => {
    const { client } = await paired();
    expect(errorOf(await client.call('job.verify', { name: 'files' }))).toBe('failed');
    expect(errorOf(await client.call('job.status', { name: 'files' }))).toBe('none');
  });

  it('is told which parameter is wrong, and which option is unknown', async () => {
    const { client } = await paired();
    expect(await client.call('job.flush', { name: 'files', timeoutMs: 'long' })).toMatchObject({
      error: { code: 'invalid', sentence: expect.stringContaining('`timeoutMs`') },
    });
    expect(await client.call('job.mirror', { name: 'files', scheduled: true })).toMatchObject({
      error: { code: 'unsupported-option', sentence: expect.stringContaining('`scheduled`') },
    });
    expect(errorOf(await client.call('job.fly'))).toBe('unknown-call');
    expect(errorOf(await client.call('__proto__'))).toBe('unknown-call');
    expect(errorOf(await client.ask({ topic: 'weather' }))).toBe('unknown-topic');
  });

  it('is answered in the order in which things are done, not asked', async () => {
    const { agent, client } = await paired();
    let go = () => {};
    agent.jobs.flushing = () => new Promise((resolve) => (go = resolve));
    const order: string[] = [];
    const flush = client.call('job.flush', { name: 'files' }).then(() => order.push('flush'));
    await client.call('job.status', { name: 'files' }).then(() => order.push('status'));
    go();
    await flush;
    expect(order).toEqual(['status', 'flush']);
  });

  it('that goes away ends what waited for it', async () => {
    const { agent, client } = await paired();
    const waits = new Promise<AbortSignal>((resolve) => {
      agent.jobs.flushing = (signal) => {
        resolve(signal);
        return once(signal, 'abort').then(() => {});
      };
    });
    void client.call('job.flush', { name: 'files' });
    const signal = await waits;
    client.ws.terminate();
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.aborted).toBe(true);
  });

  it('sees the present state and then each change, until it ends the subscription', async () => {
    const { agent, client } = await paired('monitor');
    expect(await client.ask({ topic: 'job-status', params: { name: 'files' } })).toMatchObject({ id: 1, ok: true });
    await client.pushesReach(1);
    agent.jobs.say('files', { ...statusOf('files'), state: 'paused' });
    agent.jobs.say('other', statusOf('other'));
    agent.jobs.say('files', null);
    await client.pushesReach(3);
    const states = client.pushes.map((push) => (push.payload as { status: { state: string } | null }).status?.state);
    expect(states).toEqual(['protected', 'paused', undefined]);
    expect(client.pushes[0]?.subscription).toBe(1);
    expect((await client.ask({ unsubscribe: 1 })).ok).toBe(true);
    expect(agent.jobs.listeners.size).toBe(0);
  });

  it('hears of all jobs together: first each as a whole, then what has changed, and nothing of what has not', async () => {
    const { agent, client } = await paired('monitor');
    const jobs = ['files', 'other'].map((name) => ({ status: statusOf(name), definition: {} as never }));
    agent.jobs.list = async () => ({ jobs });
    await client.ask({ topic: 'job-changes' });
    await client.pushesReach(1);
    agent.jobs.say('files', { ...statusOf('files'), state: 'paused' });
    agent.jobs.say('other', statusOf('other'));
    agent.jobs.say('more', statusOf('more'));
    await client.pushesReach(2);
    agent.jobs.say('other', null);
    await client.pushesReach(3);
    expect(client.pushes.map(({ payload }) => payload)).toMatchObject([
      [
        { name: 'files', status: { state: 'protected' } },
        { name: 'other', status: { name: 'other' } },
      ],
      [
        { name: 'files', set: { state: 'paused' }, gone: [] },
        { name: 'more', status: { name: 'more' } },
      ],
      [{ name: 'other', status: null }],
    ]);
  });

  it('hears of figures as often as it asks for, and may ask otherwise while it hears', async () => {
    const { agent, identity, client } = await paired('monitor');
    agent.jobs.list = async () => ({ jobs: [{ status: statusOf('files'), definition: {} as never }] });
    const say = (sentBytes: number) =>
      agent.jobs.say('files', { ...statusOf('files'), replication: { ...statusOf('files').replication, sentBytes } });
    const slowly = { figures: { of: [], othersEveryMs: 3_600_000 } };
    const { id } = await client.ask({ topic: 'job-changes', params: slowly });
    await client.pushesReach(1);
    say(8);
    say(9);
    expect(
      await client.ask({ subscription: id, params: { figures: { of: ['files'], othersEveryMs: 3_600_000 } } }),
    ).toMatchObject({ ok: true });
    await client.pushesReach(2);
    expect(client.pushes.at(-1)?.payload).toEqual([{ name: 'files', set: { 'replication.sentBytes': 9 }, gone: [] }]);
    for (const [request, sentence] of [
      [{ subscription: id, params: { figures: { of: [], othersEveryMs: 0 } } }, /figures.othersEveryMs/],
      [{ subscription: id, params: { figurs: 1 } }, /does not know `figurs`/],
      [{ subscription: 999, params: {} }, /no subscription 999/],
    ] as const)
      expect(await client.ask(request)).toMatchObject({
        ok: false,
        error: { sentence: expect.stringMatching(sentence) },
      });
    const events = await client.ask({ topic: 'events' });
    expect(await client.ask({ subscription: events.id, params: {} })).toMatchObject({
      error: { code: 'refused', sentence: expect.stringMatching(/chosen once: end it/) },
    });
    agent.trust(identity, 'peer');
    expect(errorOf(await client.ask({ subscription: id, params: {} }))).toBe('forbidden');
  });

  it('gets every event since the one it knows', async () => {
    const { agent, client } = await paired('monitor');
    for (const code of ['a', 'b']) agent.base.events.raise({ severity: 'information', code, sentence: '' });
    await client.ask({ topic: 'events', params: { after: 1 } });
    agent.base.events.raise({ severity: 'information', code: 'c', sentence: '' });
    await client.pushesReach(2);
    expect(client.pushes.map((push) => (push.payload as { code: string }).code)).toEqual(['b', 'c']);
  });

  it('leaves no subscription behind', async () => {
    const { agent, client } = await paired('monitor');
    await client.ask({ topic: 'job-status' });
    expect(agent.jobs.listeners.size).toBe(1);
    client.ws.close();
    await client.closed;
    while (agent.jobs.listeners.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it.each(['garbage', '{"id":1}', '[]', '{"id":1,"call":"agent.info","more":1}'])('is cut off for %j', async (text) => {
    const { client } = await paired();
    client.ws.send(text);
    expect(await client.closed).toBe(1007);
  });

  it('has a bounded number of requests in flight', async () => {
    const { agent, client } = await paired();
    agent.jobs.flushing = (signal) => once(signal, 'abort').then(() => {});
    for (let i = 0; i < 65; i += 1) void client.call('job.flush', { name: 'files' });
    expect(await client.closed).toBe(1008);
  });
});

describe('the local socket', () => {
  it('is for the owner of the home, and makes him admin', async () => {
    const agent = await startTestAgent();
    const path = `${agent.base.home.path}/${LOCAL_SOCKET}`;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const ws = new WebSocket(`ws+unix:${path}:${MANAGEMENT_PATH}`);
    const client = new TestClient(null as never, ws);
    await once(ws, 'open');
    expect(await client.call('agent.info')).toMatchObject({ result: { role: 'admin' } });
    expect(await client.call('agent.createPairingCode', { role: 'monitor' })).toMatchObject({
      ok: true,
      result: { code: expect.stringMatching(/^[0-9A-Z]{5}(-[0-9A-Z]{5}){3}$/), role: 'monitor' },
    });
    expect(errorOf(await client.call('agent.pair', { name: 'x', proof: '0'.repeat(64) }))).toBe('refused');
    ws.terminate();
  });

  it('is there in a home with a path longer than a socket name may be', async () => {
    const home = `${temporaryFolder()}/${'deep/'.repeat(30)}home`;
    const base = await openAgentBase({ home, listen: '127.0.0.1:0', version: '0' });
    const served = await serveAgent(base, { jobs: new FakeJobs(), onReplication: () => {} });
    expect(statSync(base.home.socket).isSocket()).toBe(true);
    await served.close();
    expect(existsSync(base.home.socket)).toBe(false);
    await base.close();
  });

  it('of a killed agent does not stand in the way of the next', async () => {
    const home = temporaryFolder();
    writeFileSync(`${home}/${LOCAL_SOCKET}`, '');
    const base = await openAgentBase({ home, listen: '127.0.0.1:0', version: '0' });
    const served = await serveAgent(base, { jobs: new FakeJobs(), onReplication: () => {} });
    expect(statSync(base.home.socket).isSocket()).toBe(true);
    await served.close();
    await base.close();
  });
});
