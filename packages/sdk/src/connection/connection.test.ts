import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { ManagementError } from '@understudy/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClientIdentity } from '../profile/identity.ts';
import { Profile } from '../profile/profile.ts';
import { FakeAgent } from '../testing/fake-agent.ts';
import { connect, connectLocal } from './connect.ts';
import type { Connection } from './connection.ts';

const event = (id: number) => ({
  id,
  time: '2026-11-22T12:00:00.000Z',
  severity: 'warning',
  code: 'disconnected',
  job: 'files',
  sentence: 'the link is down',
  advice: '',
});

let folder: string;
let profile: Profile;
let identity: ClientIdentity;
let agent: FakeAgent;
let connection: Connection | null = null;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-sdk-'));
  profile = new Profile(folder);
  identity = await profile.identity();
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  agent = await FakeAgent.start({ name: 'alpha' });
});
afterEach(async () => {
  connection?.close();
  connection = null;
  await agent.stop();
});

const known = () => ({ name: 'alpha', address: agent.address, fingerprint: agent.fingerprint });
const dial = async () => {
  connection = await connect(known(), identity);
  return connection;
};

describe('trust', () => {
  it('shows the client’s own certificate and accepts the pinned one', async () => {
    let seen = '';
    agent.answers['events.list'] = (_params, caller) => {
      seen = caller.fingerprint;
      return { events: [], last: 0 };
    };
    await (await dial()).call('events.list', {});
    expect(seen).toBe(identity.fingerprint);
  });

  it('refuses a changed fingerprint, shows both and sends nothing', async () => {
    const pinned = 'ab'.repeat(32);
    const refused = connect({ ...known(), fingerprint: pinned }, identity);
    await expect(refused).rejects.toMatchObject({ code: 'fingerprint-changed' });
    await expect(refused).rejects.toThrow(pinned);
    await expect(refused).rejects.toThrow(agent.fingerprint);
    expect(agent.seen).toEqual([]);
  });
});

describe('what is at the address', () => {
  it('nothing: unreachable, with the address', async () => {
    await agent.stop();
    await expect(dial()).rejects.toMatchObject({ code: 'unreachable', message: new RegExp(agent.address) });
  });

  it('a name nobody knows: unreachable', async () => {
    const server = { ...known(), address: 'no-such-host.invalid:7320' };
    await expect(connect(server, identity)).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('something that says nothing: unreachable after the time limit', async () => {
    const sockets: net.Socket[] = [];
    const silent = net.createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(silent.address() as net.AddressInfo).port}`;
    const refused = connect({ ...known(), address }, identity, { timeoutMs: 100 });
    await expect(refused).rejects.toMatchObject({ code: 'unreachable', message: /says nothing/ });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('something without TLS: not an agent', async () => {
    const plain = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(plain.address() as net.AddressInfo).port}`;
    await expect(connect({ ...known(), address }, identity)).rejects.toMatchObject({ code: 'not-an-agent' });
    plain.close();
  });

  it.each([
    ['another web server', 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno', /not an agent .*404/],
    [
      'an agent of another version',
      (() => {
        const body = JSON.stringify({
          error: { code: 'version', sentence: 'this agent speaks understudy-management/9' },
        });
        return `HTTP/1.1 426 Upgrade Required\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      })(),
      /understudy-management\/9; this client speaks understudy-management\/1/,
    ],
  ])('%s: said so', async (_what, response, sentence) => {
    const certificate = agent.certificate;
    const server = tls.createServer({ cert: certificate.certificate, key: certificate.key }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    const refused = connect({ ...known(), address }, identity);
    await expect(refused).rejects.toMatchObject({ code: 'not-an-agent', message: sentence });
    server.close();
  });

  it('a local socket, however deep the home lies', async () => {
    const home = path.join(folder, 'deep'.repeat(20), 'er'.repeat(20));
    fs.mkdirSync(home, { recursive: true });
    const short = fs.mkdtempSync(path.join(folder, 'h'));
    const local = await FakeAgent.start({ name: 'local', home: short });
    fs.renameSync(path.join(short, 'agent.sock'), path.join(home, 'agent.sock'));
    const link = await connectLocal(home);
    expect((await link.call('agent.info', {})).name).toBe('local');
    link.close();
    await local.stop();
  });

  it('no socket in the home: says how to start an agent', async () => {
    await expect(connectLocal(folder)).rejects.toMatchObject({ code: 'unreachable', message: /understudy agent run/ });
  });
});

describe('calls', () => {
  it('give the answer, with the agent’s defaults for what was left out', async () => {
    agent.answers['events.list'] = (params) => ({ events: [event(params.limit)], last: 7 });
    const answer = await (await dial()).call('events.list', { job: 'files' });
    expect(answer).toEqual({ events: [event(100)], last: 7 });
  });

  it('are answered in any order', async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    agent.answers['job.flush'] = async () => {
      await held;
      return { position: '9' };
    };
    agent.answers['events.list'] = () => ({ events: [], last: 1 });
    const link = await dial();
    const slow = link.call('job.flush', { name: 'files' });
    expect((await link.call('events.list', {})).last).toBe(1);
    release();
    expect((await slow).position).toBe('9');
  });

  it('hand on the agent’s error with its code and sentence', async () => {
    agent.answers['job.start'] = () => {
      throw new ManagementError('refused', 'postgres (pid 7) holds /srv/a open for writing');
    };
    await expect((await dial()).call('job.start', { name: 'files' })).rejects.toMatchObject({
      code: 'agent-error',
      agentCode: 'refused',
      message: 'alpha: postgres (pid 7) holds /srv/a open for writing',
    });
  });

  it('by a client that the agent does not know are not trusted', async () => {
    agent.answers['job.list'] = () => {
      throw new ManagementError('not-trusted', 'this client is not paired');
    };
    await expect((await dial()).call('job.list', {})).rejects.toMatchObject({ code: 'not-trusted' });
  });

  it('end at their time limit, and the connection lives on', async () => {
    agent.answers['job.flush'] = () => undefined;
    agent.answers['events.list'] = () => ({ events: [], last: 1 });
    const link = await dial();
    await expect(link.call('job.flush', { name: 'files' }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'timeout',
    });
    expect((await link.call('events.list', {})).last).toBe(1);
  });

  it('refuse an answer of another shape, naming where', async () => {
    agent.answers['events.list'] = () => ({ events: [{ ...event(1), severity: 'fine' }], last: 1 });
    await expect((await dial()).call('events.list', {})).rejects.toMatchObject({
      code: 'invalid-answer',
      message: /events\.0\.severity/,
    });
  });

  it('refuse wrong parameters before anything is sent', async () => {
    const link = await dial();
    await expect(link.call('job.start', { name: 'no spaces, please' })).rejects.toMatchObject({
      code: 'bad-argument',
      message: /a name has 1 to 64 letters/,
    });
    expect(agent.seen).toEqual([]);
  });

  it.each(['{', '[]', '{"id": "ID", "ok": "perhaps"}', '{"id": -1, "ok": true, "result": {}}'])(
    'end when %s comes for an answer',
    async (raw) => {
      agent.nextRaw = [raw];
      await expect((await dial()).call('events.list', {})).rejects.toMatchObject({ code: 'invalid-answer' });
      expect(connection?.isOpen).toBe(false);
    },
  );

  it('in flight are refused when the connection is lost', async () => {
    agent.answers['job.flush'] = () => {
      agent.drop();
    };
    const link = await dial();
    await expect(link.call('job.flush', { name: 'files' })).rejects.toMatchObject({ code: 'disconnected' });
    expect((await link.closed).code).toBe('disconnected');
    await expect(link.call('events.list', {})).rejects.toMatchObject({ code: 'disconnected' });
  });
});

describe('subscriptions', () => {
  it('push in order, each checked, until they are ended', async () => {
    const got: number[] = [];
    agent.onSubscribe = (_topic, push) => {
      for (const id of [1, 2, 3]) push(event(id));
    };
    const link = await dial();
    const end = await link.subscribe('events', {}, (one) => void got.push(one.id));
    agent.answers['events.list'] = () => ({ events: [], last: 3 });
    await link.call('events.list', {});
    expect(got).toEqual([1, 2, 3]);
    await end.end();
    expect(agent.subscriptions).toEqual([]);
  });

  it('end the connection when a push has another shape', async () => {
    agent.onSubscribe = (_topic, push) => push({ nonsense: true });
    const link = await dial();
    await link.subscribe('events', {}, () => {}).catch(() => {});
    expect((await link.closed).code).toBe('invalid-answer');
  });
});
