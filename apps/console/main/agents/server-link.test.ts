import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect, type KnownServer, Profile, pair } from '@understudy/sdk';
import { FakeAgent } from '@understudy/sdk/testing';
import type { AgentEvent, FiguresAsked, JobStatus } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LinkView, OTHER_VERSION, type ServerView } from '../../shared/view.ts';
import { statusOf } from '../../testing.ts';
import { FIRST_MS, LONGEST_MS, pauseBefore } from './back-off.ts';
import { ServerLink } from './server-link.ts';

const definition = (name: string) => ({
  name,
  target: { name: 'beta', address: 'beta:7320', fingerprint: 'b'.repeat(64) },
  include: [{ text: '/srv', bytes: 'L3Nydg==' }],
});
const event = (id: number): AgentEvent => ({
  id,
  time: '2026-11-22T12:00:00.000Z',
  severity: 'information',
  code: 'x',
  job: null,
  sentence: 's',
  advice: '',
});

let folder = '';
let agent: FakeAgent;
let profile: Profile;
let known: KnownServer;
let link: ServerLink | null = null;
const heard = { links: [] as LinkView[], jobs: [] as string[], gone: [] as string[], events: [] as number[] };
let wake = (): void => {};
let figures: FiguresAsked | null = null;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-link-'));
  agent = await FakeAgent.start({
    name: 'alpha',
    answers: {
      'job.list': () => ({ jobs: [{ status: statusOf(), definition: definition('files') }] }),
      'events.list': () => ({ events: [event(6), event(7)], last: 7 }),
    },
  });
  agent.code = 'AAAAA-AAAAA-AAAAA-AAAAA';
  profile = new Profile(path.join(folder, 'profile'));
  known = await pair(profile, { address: agent.address, code: agent.code });
  for (const list of Object.values(heard)) list.length = 0;
  figures = null;
});
afterEach(async () => {
  link?.stop();
  await agent.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** `random` 0: the shortest pause that there is. */
function begin(server: KnownServer = known): void {
  const into = <T>(list: T[], ...heardNow: readonly T[]): void => {
    list.push(...heardNow);
    wake();
  };
  link = new ServerLink(server, {
    open: async (one) => await connect(one, await profile.identity()),
    now: Date.now,
    random: () => 0,
    figures: () => figures,
    sink: {
      onServer: (view: ServerView) => into(heard.links, view.link),
      onJobs: (_server, statuses: readonly JobStatus[]) => into(heard.jobs, ...statuses.map(({ name }) => name)),
      onJob: (_server, { name, status }) => into(status === null ? heard.gone : heard.jobs, name),
      onEvents: (_server, events) => into(heard.events, ...events.map(({ id }) => id)),
    },
  });
  void link.run();
}

/** Looks again whenever something is heard. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo())
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
}
const state = (): string | undefined => heard.links.at(-1)?.state;

describe('a connection to a server', () => {
  test('brings its jobs, what was told before, and what is told from then on', async () => {
    begin();
    await until(() => state() === 'live');
    expect([heard.jobs, heard.events, link?.view.info?.version]).toEqual([['files', 'files'], [6, 7], '0.1.0']);
    agent.push('job-status', { name: 'more', status: statusOf({ name: 'more' }) });
    agent.push('job-status', { name: 'files', status: null });
    agent.push('events', event(8));
    await until(() => heard.events.includes(8) && heard.gone.length > 0);
    expect([heard.jobs, heard.gone]).toEqual([['files', 'files', 'more'], ['files']]);
  });

  test('that is lost is made again, and events go on after the last one', async () => {
    let after: unknown = null;
    agent.onSubscribe = (topic, _push, params) => {
      if (topic === 'events') after = params;
    };
    begin();
    await until(() => state() === 'live');
    agent.push('events', event(9));
    await until(() => heard.events.includes(9));
    agent.drop();
    await until(() => state() === 'lost');
    const lost = heard.links.at(-1);
    expect(lost).toMatchObject({ state: 'lost', code: 'disconnected' });
    await until(() => state() === 'live');
    expect(after).toEqual({ after: 9 });
    expect(heard.events).toEqual([6, 7, 9]);
  });

  test('asks for the figures that are wanted, at once and over every connection, and for no others', async () => {
    const asked: unknown[] = [];
    agent.onSubscribe = (topic, _push, params) => {
      if (topic === 'job-changes') asked.push(params);
    };
    const later = (bytes: number) =>
      agent.push('job-status', {
        name: 'files',
        status: statusOf({ replication: { ...statusOf().replication, sentBytes: bytes } }),
      });
    figures = { of: [], othersEveryMs: 60_000 };
    begin();
    await until(() => state() === 'live');
    later(1);
    agent.push('events', event(8));
    await until(() => heard.events.includes(8));
    expect(heard.jobs, 'nobody sees it').toEqual(['files', 'files']);
    expect(await link?.retune()).toBe(false);
    figures = { of: ['files'], othersEveryMs: 60_000 };
    expect(await link?.retune()).toBe(true);
    await until(() => heard.jobs.length === 3);
    later(2);
    await until(() => heard.jobs.length === 4);
    agent.drop();
    await until(() => state() === 'lost');
    expect(await link?.retune()).toBe(false);
    await until(() => state() === 'live');
    expect(asked).toEqual([{ figures: { of: [], othersEveryMs: 60_000 } }, { figures }]);
    expect(agent.seen.filter((one) => one.startsWith('change'))).toEqual(['change job-changes']);
  });

  test('of a server that is away says since when, not since the last try', async () => {
    begin();
    await until(() => state() === 'live');
    await agent.stop();
    await until(() => heard.links.filter((one) => one.state === 'lost').length >= 3);
    const lost = heard.links.filter((one) => one.state === 'lost');
    expect(new Set(lost.map(({ sinceMs }) => sinceMs)).size).toBe(1);
    expect(() => link?.connection()).toThrow(/alpha is not connected now: /);
  });

  test('to another certificate than the pinned one is refused, and tried again only when a person wants it', async () => {
    begin({ ...known, fingerprint: 'c'.repeat(64) });
    await until(() => state() === 'refused');
    expect(heard.links.at(-1)).toMatchObject({
      code: 'fingerprint-changed',
      sentence: expect.stringContaining('c'.repeat(64)),
    });
    expect(agent.seen).not.toContain('call job.list');
    const before = heard.links.length;
    link?.retry();
    await until(() => heard.links.length > before);
    expect(state()).toBe('refused');
  });
});

describe('an agent that is not as it should be', () => {
  test('is too new: both versions are named, and it is tried again, for an update mends that', async () => {
    agent.speaks = 'understudy-management/9';
    begin();
    await until(() => heard.links.filter((one) => one.state === 'lost').length >= 2);
    expect(heard.links.at(-1)).toMatchObject({
      code: OTHER_VERSION,
      sentence: expect.stringMatching(/speaks understudy-management\/9; this client speaks understudy-management\/1/),
    });
    agent.speaks = null;
    link?.retry();
    await until(() => state() === 'live');
  });

  test('answers in a shape that nobody agreed on: nothing of it is shown, and that is said', async () => {
    agent.answers['job.list'] = () => ({ jobs: [{ status: { ...statusOf(), state: 'splendid' }, definition: {} }] });
    begin();
    await until(() => state() === 'lost');
    expect(heard.links.at(-1)).toMatchObject({ code: 'invalid-answer', sentence: expect.stringContaining('job.list') });
    expect(heard.jobs).toEqual([]);
  });

  test('has a clock of its own: it is measured, so that ages are right', async () => {
    agent.answers['agent.info'] = () => ({
      ...{ name: 'alpha', version: '0.1.0', fingerprint: agent.fingerprint, role: 'admin' },
      protocols: { management: [], replication: [] },
      details: {
        ...{ pid: 1, home: '/h', listen: '0.0.0.0:1', residentBytes: 1 },
        startedAt: new Date(Date.now() + 7_200_000 - 5000).toISOString(),
        uptimeMs: 5000,
      },
    });
    begin();
    await until(() => state() === 'live');
    expect(Math.abs((link?.view.info?.clockOffsetMs ?? 0) - 7_200_000)).toBeLessThan(5000);
  });
});

test('pauses grow up to their longest, and no two consoles need keep step', () => {
  expect([pauseBefore(1, 0), pauseBefore(1, 0.999)]).toEqual([FIRST_MS / 2, FIRST_MS]);
  expect(pauseBefore(3, 0)).toBe(FIRST_MS * 2);
  expect(pauseBefore(1000, 0.999)).toBeLessThanOrEqual(LONGEST_MS);
  expect(pauseBefore(1000, 0)).toBe(LONGEST_MS / 2);
});
