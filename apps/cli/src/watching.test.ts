import type { FakeAgent } from '@understudy/sdk/testing';
import type { JobStatus } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunOptions, runCommand, statusOf, summaryOf, TwoServers } from './testing.ts';

let servers: TwoServers;
let alpha: FakeAgent;
let beta: FakeAgent;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  servers = await TwoServers.start();
  ({ alpha, beta, env } = servers);
});
afterEach(() => servers.stop());

const run = (line: string, options: RunOptions = {}) => runCommand(line.split(' '), { env, ...options });

const eventOf = (id: number, second: number, severity = 'information') => ({
  id,
  time: `2026-11-22T12:00:0${second}.000Z`,
  severity,
  code: 'something',
  job: 'files',
  sentence: `event ${id}`,
  advice: severity === 'information' ? '' : 'Look at it.',
});

describe('jobs and status', () => {
  it('jobs lists every server’s jobs and says who is away', async () => {
    beta.answers['job.list'] = () => ({ jobs: [summaryOf({ name: 'web', state: 'halted' })] });
    const both = await run('jobs');
    expect(both.out).toMatch(/files +alpha -> beta +● protected +done +empty +3 ms behind/);
    expect(both.out).toMatch(/web .*✖ halted/);
    await beta.stop();
    const one = await run('jobs --json');
    expect(one).toMatchObject({ exitCode: 0, err: expect.stringContaining('beta could not be asked') });
    const listed = JSON.parse(one.out);
    expect(listed.jobs).toHaveLength(1);
    expect(listed.jobs[0]).toMatchObject({ server: 'alpha', name: 'files', include: [{ path: '/srv/data' }] });
    expect(listed.unreachable[0].server).toBe('beta');
    await alpha.stop();
    expect(await run('jobs')).toMatchObject({ exitCode: 3, out: '' });
  });

  it('jobs --json gives a rule that is no UTF-8 in base64 too', async () => {
    const bytes = Buffer.from([0x2f, 0xff]).toString('base64');
    servers.jobs(summaryOf({}, { include: [{ text: '/\udcff', bytes }] }));
    const listed = JSON.parse((await run('jobs --json')).out);
    expect(listed.jobs[0].include).toEqual([{ path: '/\\xff', pathBytes: bytes }]);
  });

  it('status --json is the status as agreed', async () => {
    expect(JSON.parse((await run('status files --json')).out)).toEqual(statusOf());
  });

  it('status draws the path with the last events', async () => {
    alpha.answers['events.list'] = () => ({ events: [eventOf(1, 1)], last: 1 });
    const ran = await run('status files');
    expect(ran).toMatchObject({ exitCode: 0, err: '' });
    expect(ran.out).toContain('event 1');
    expect(ran.out).not.toContain('\u001b');
  });

  it('status --watch on a pipe is one line a change until the job is deleted', async () => {
    alpha.onSubscribe = (_topic, push) => {
      for (const state of ['mirroring', 'protected'] as const) push({ name: 'files', status: statusOf({ state }) });
      push({ name: 'files', status: null });
    };
    const lines = (await run('status files --watch --json')).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).state)).toEqual(['mirroring', 'protected']);
    const ran = await run('status files --watch');
    expect(ran).toMatchObject({ exitCode: 0, err: 'note: files was deleted\n' });
    expect(ran.out).toMatch(/^files: mirroring .*\nfiles: protected .*\n$/);
  });

  it('status --watch on a terminal draws, and gives the terminal back', async () => {
    alpha.answers['events.list'] = () => ({ events: [], last: 0 });
    const abort = new AbortController();
    alpha.onSubscribe = (topic, push) => {
      if (topic === 'job-status') push({ name: 'files', status: statusOf({ state: 'mirroring' }) });
    };
    const ran = await run('status files --watch', {
      isTerminal: true,
      signal: abort.signal,
      onOut: (text) => {
        if (text.includes('◑ mirroring')) abort.abort();
      },
    });
    expect(ran.exitCode).toBe(0);
    expect(ran.out.startsWith('\u001b[?1049h')).toBe(true);
    expect(ran.out.slice(ran.out.indexOf('\u001b[?1049l'))).toMatch(/\[\?25h[\s\S]*◑ mirroring/);
  });
});

describe('wait', () => {
  const pushes = (...states: JobStatus['state'][]) => {
    alpha.onSubscribe = (_topic, push) => {
      for (const state of states) push({ name: 'files', status: statusOf({ state }) });
    };
  };

  it('ends with the event that brings the state', async () => {
    pushes('mirroring', 'repairing', 'protected', 'paused');
    expect(await run('wait files --until protected')).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^files: protected/),
      err: '',
    });
  });

  it('is exit 4 at the time limit and says how the job stands', async () => {
    pushes('mirroring');
    servers.jobs(summaryOf({ state: 'mirroring' }));
    expect(await run('wait files --until protected --timeout 300ms')).toMatchObject({
      exitCode: 4,
      out: '',
      err: expect.stringMatching(/files is not protected after 300 ms\. files: mirroring/),
    });
  });

  it('goes on over a lost connection', async () => {
    let subscriptions = 0;
    alpha.onSubscribe = (_topic, push) => {
      subscriptions += 1;
      if (subscriptions === 1) alpha.drop();
      else push({ name: 'files', status: statusOf() });
    };
    expect((await run('wait files --until protected --timeout 20s')).exitCode).toBe(0);
    expect(subscriptions).toBe(2);
  });

  it('is exit 1 when the job is deleted meanwhile', async () => {
    alpha.onSubscribe = (_topic, push) => push({ name: 'files', status: null });
    expect(await run('wait files --until protected')).toMatchObject({ exitCode: 1 });
  });
});

describe('events', () => {
  beforeEach(() => {
    alpha.answers['events.list'] = ({ job, limit }) => ({
      events: [eventOf(4, 1), eventOf(5, 3, 'warning')]
        .filter((one) => job === undefined || one.job === job)
        .slice(-limit),
      last: 5,
    });
    beta.answers['events.list'] = () => ({ events: [{ ...eventOf(9, 2), job: null }], last: 9 });
  });

  it('of all servers come by time', async () => {
    const ran = await run('events');
    expect(ran.out.split('\n').map((line) => line.replace(/^\S+ +\S+ +/, ''))).toEqual([
      'alpha/files  event 4',
      'beta  event 9',
      'alpha/files  event 5. Look at it.',
      '',
    ]);
    const { events } = JSON.parse((await run('events --json')).out);
    expect(events.map((event: { server: string; id: number }) => [event.server, event.id])).toEqual([
      ['alpha', 4],
      ['beta', 9],
      ['alpha', 5],
    ]);
  });

  it('of one job ask its server only', async () => {
    beta.seen.length = 0;
    expect((await run('events --job files --server alpha --limit 1')).out).toContain('event 5');
    expect(beta.seen).toEqual([]);
    expect((await run('events --job flies')).exitCode).toBe(2);
  });

  it('with --follow go on after the last one, one JSON a line', async () => {
    const abort = new AbortController();
    let after: unknown;
    alpha.onSubscribe = (_topic, push, params) => {
      after = params;
      push(eventOf(6, 4));
    };
    const ran = await run('events --server alpha --follow --json', {
      signal: abort.signal,
      onOut: (text) => {
        if (text.includes('"id":6')) abort.abort();
      },
    });
    expect(ran.exitCode).toBe(0);
    expect(after).toEqual({ after: 5 });
    const lines = ran.out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).toEqual([4, 5, 6]);
  });

  it('say who is away and are exit 3 when nobody answers', async () => {
    await beta.stop();
    expect(await run('events')).toMatchObject({ exitCode: 0, err: expect.stringContaining('beta could not be asked') });
    await alpha.stop();
    expect((await run('events')).exitCode).toBe(3);
  });
});
