import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ClientIdentity, makeCertificate } from '../profile/identity.ts';
import { Profile } from '../profile/profile.ts';
import { FakeAgent } from '../testing/fake-agent.ts';
import { connect } from './connect.ts';
import { keepSubscribed } from './keep-subscribed.ts';

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
let identity: ClientIdentity;
let agent: FakeAgent;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-sdk-'));
  identity = await new Profile(folder).identity();
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  agent = await FakeAgent.start({ name: 'alpha' });
});
afterEach(() => agent.stop());

const known = () => ({ name: 'alpha', address: agent.address, fingerprint: agent.fingerprint });

describe('kept subscriptions', () => {
  it('come back after a lost connection and go on after the last event seen', async () => {
    const got: number[] = [];
    const links: string[] = [];
    const asked: unknown[] = [];
    const abort = new AbortController();
    agent.onSubscribe = (_topic, push, params) => {
      asked.push(params);
      push(event(asked.length));
    };
    await keepSubscribed({
      topic: 'events',
      params: () => (got.length === 0 ? {} : { after: got.at(-1) ?? 0 }),
      onPayload: (one) => {
        got.push(one.id);
        if (got.length === 3) abort.abort();
        else agent.drop();
      },
      onLink: (down) => links.push(down === null ? 'up' : down.code),
      open: () => connect(known(), identity),
      signal: abort.signal,
      backOff: { firstMs: 1, longestMs: 4 },
    });
    expect(got).toEqual([1, 2, 3]);
    expect(asked).toEqual([{}, { after: 1 }, { after: 2 }]);
    expect(links.filter((link) => link !== 'up')).toEqual(['disconnected', 'disconnected']);
  });

  it('wait for an agent that is away, and say so once', async () => {
    const { port, certificate, fingerprint } = agent;
    await agent.stop();
    const abort = new AbortController();
    const links: string[] = [];
    let tries = 0;
    await keepSubscribed({
      topic: 'events',
      params: () => ({}),
      onPayload: () => abort.abort(),
      onLink: (down) => links.push(down === null ? 'up' : down.code),
      open: async () => {
        tries += 1;
        if (tries === 4) {
          agent = await FakeAgent.start({ name: 'alpha', port, certificate });
          agent.onSubscribe = (_topic, push) => push(event(1));
        }
        return await connect({ name: 'alpha', address: `127.0.0.1:${port}`, fingerprint }, identity);
      },
      signal: abort.signal,
      backOff: { firstMs: 1, longestMs: 2 },
    });
    expect(tries).toBe(4);
    expect(links[0]).toBe('unreachable');
    expect(links.filter((link) => link === 'unreachable')).toHaveLength(1);
  });

  it('give up where no try will help: another certificate stands there now', async () => {
    const { port, fingerprint } = agent;
    await agent.stop();
    agent = await FakeAgent.start({ name: 'alpha', port, certificate: await makeCertificate('other') });
    const kept = keepSubscribed({
      topic: 'events',
      params: () => ({}),
      onPayload: () => {},
      open: () => connect({ name: 'alpha', address: agent.address, fingerprint }, identity),
      signal: new AbortController().signal,
    });
    await expect(kept).rejects.toMatchObject({ code: 'fingerprint-changed' });
  });
});
