import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Profile, pair } from '@understudy/sdk';
import { FakeAgent } from '@understudy/sdk/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { statusOf } from '../../testing.ts';
import { Agents } from './agents.ts';

const CODE = 'AAAAA-AAAAA-AAAAA-AAAAA';
let folder = '';
let agent: FakeAgent;
let agents: Agents;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-agents-'));
  agent = await FakeAgent.start({
    name: 'alpha',
    answers: {
      'job.list': () => ({ jobs: [{ status: statusOf(), definition: definition() }] }),
      'events.list': () => ({ events: [], last: 0 }),
    },
  });
  agents = new Agents(folder);
  agents.beginConnecting();
});
afterEach(async () => {
  agents.stop();
  await agent.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const definition = () => ({
  name: 'files',
  target: { name: 'beta', address: 'beta:7320', fingerprint: 'b'.repeat(64) },
  include: [{ text: '/srv', bytes: 'L3Nydg==' }],
});
const file = () => path.join(folder, 'servers.json');
const names = () => agents.model.servers.map(({ name }) => name);

/** Looks again after each turn of the loop: files are told of by the kernel, and connections by the network. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
const isLive = () => agents.model.servers[0]?.link.state === 'live';

describe('a profile', () => {
  test.each([
    ['cut off', '{"version": 1, "servers": [{"na'],
    ['no JSON at all', '\u0000\u0000'],
  ])('that is %s is kept aside, which the window is told, and pairing begins anew', async (_how, text) => {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(file(), text);
    await agents.start();
    const [aside = ''] = fs.readdirSync(folder).filter((name) => name.startsWith('servers.json.damaged-'));
    expect(fs.readFileSync(path.join(folder, aside), 'utf8')).toBe(text);
    expect(agents.model.notices).toEqual([expect.stringContaining(aside)]);
    expect(agents.model.take()).toContainEqual({ kind: 'notice', sentence: expect.stringContaining(aside) });
    agent.code = CODE;
    expect((await agents.pair({ address: agent.address, code: CODE, name: null })).fingerprint).toBe(agent.fingerprint);
    expect(names()).toEqual(['alpha']);
  });

  test('that is damaged while the console runs does so too', async () => {
    await agents.start();
    agent.code = CODE;
    await agents.pair({ address: agent.address, code: CODE, name: null });
    await until(isLive);
    fs.writeFileSync(file(), '{');
    await until(() => agents.model.notices.length > 0);
    expect(agents.model.notices[0]).toMatch(/servers\.json/);
    await until(() => names().length === 0);
  });

  test('of a newer release is left as it is, and said', async () => {
    fs.mkdirSync(folder, { recursive: true });
    const text = '{"version": 7, "machines": {}}';
    fs.writeFileSync(file(), text);
    await agents.start();
    expect(agents.model.notices).toEqual([expect.stringMatching(/was written by a newer release \(version 7/)]);
    expect(fs.readFileSync(file(), 'utf8')).toBe(text);
  });

  test('whose identity was damaged gets a new one; that the servers do not know it any more is said', async () => {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'identity.pem'), 'no key', { mode: 0o600 });
    await agents.start();
    agent.code = CODE;
    await agents.pair({ address: agent.address, code: CODE, name: null });
    expect(agents.model.notices).toEqual([expect.stringMatching(/identity\.pem is damaged; it is kept as/)]);
  });

  test('that the command line changes is followed: a server comes, and goes with its jobs', async () => {
    await agents.start();
    agent.code = CODE;
    const other = new Profile(folder);
    await pair(other, { address: agent.address, code: CODE, name: 'other' });
    await until(isLive);
    expect(agents.model.ends.map(({ server, status }) => `${server}/${status.name}`)).toEqual(['other/files']);
    await other.removeServer('other');
    await until(() => names().length === 0);
    expect(agents.model.ends).toEqual([]);
  });
});

test('of many jobs the figures of those that are on the screen are asked for, of few of all', async () => {
  const asked: unknown[] = [];
  agent.onSubscribe = (topic, _push, params) => {
    if (topic === 'job-changes') asked.push(params);
  };
  await agents.start();
  agent.code = CODE;
  await agents.pair({ address: agent.address, code: CODE, name: null });
  await until(isLive);
  expect(asked).toEqual([{}]);
  const heard: number[] = [];
  const hear = (name: string, sentBytes: number) =>
    agent.push('job-status', {
      name,
      status: statusOf({ name, replication: { ...statusOf().replication, sentBytes } }),
    });
  const names = Array.from({ length: 201 }, (_, i) => `job${i}`);
  for (const name of names) hear(name, 1);
  const bytesOf = (name: string) => agents.model.end(`alpha/${name}`)?.status.replication.sentBytes;
  const changes = () => agent.seen.filter((one) => one === 'change job-changes').length;
  await until(() => changes() === 1);
  agents.watch(['alpha/job7', 'gone/job1'], () => heard.push(bytesOf('job7') ?? 0));
  await until(() => heard.length === 1);
  for (const name of names) hear(name, 2);
  await until(() => bytesOf('job7') === 2);
  expect(bytesOf('job8')).toBe(1);
  agents.watch(['alpha/job8'], () => heard.push(bytesOf('job8') ?? 0));
  await until(() => heard.length === 2);
  expect(heard).toEqual([1, 2]);
});

describe('pairing', () => {
  test('with a wrong code is refused by the agent’s own word, and nothing is remembered', async () => {
    await agents.start();
    agent.code = CODE;
    const wrong = agents.pair({ address: agent.address, code: 'BBBBB-BBBBB-BBBBB-BBBBB', name: null });
    await expect(wrong).rejects.toMatchObject({ code: 'not-trusted', agentCode: 'wrong-code' });
    expect([names(), fs.existsSync(file())]).toEqual([[], false]);
  });

  test('at an address that showed another certificate before is refused with both', async () => {
    await agents.start();
    agent.code = CODE;
    await agents.pair({ address: agent.address, code: CODE, name: null });
    const { port } = agent;
    const before = agent.fingerprint;
    await agent.stop();
    agent = await FakeAgent.start({ name: 'alpha', port });
    agent.code = CODE;
    const again = agents.pair({ address: agent.address, code: CODE, name: null });
    await expect(again).rejects.toThrow(before);
    await expect(again).rejects.toThrow(agent.fingerprint);
    expect(agent.code).toBe(CODE);
    await until(() => agents.model.servers[0]?.link.state === 'refused');
    expect(agents.model.servers[0]?.link).toMatchObject({ code: 'fingerprint-changed' });
    expect(agent.seen).not.toContain('call job.list');
  });
});
