import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { FakeAgent } from '@understudy/sdk/testing';
import { ManagementError } from '@understudy/wire';
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

describe('finding a job', () => {
  it('suggests what was meant: exit 2', async () => {
    expect(await run('status flies')).toMatchObject({
      exitCode: 2,
      err: 'error: there is no job "flies"; did you mean files?\n',
    });
  });

  it('that two servers have is ambiguous: exit 2; SERVER/JOB names one', async () => {
    beta.answers['job.list'] = () => ({ jobs: [summaryOf({ source: 'beta' })] });
    const ran = await run('status files');
    expect(ran).toMatchObject({ exitCode: 2, err: expect.stringContaining('write alpha/files or beta/files') });
    expect(JSON.parse((await run('status beta/files --json')).out).source).toBe('beta');
  });

  it('that may be on a server that is away: exit 3, both said', async () => {
    await beta.stop();
    expect((await run('status files --json')).exitCode).toBe(0);
    const ran = await run('status flies');
    expect(ran.exitCode).toBe(3);
    expect(ran.err).toMatch(/"flies" was not found on alpha \(did you mean files\?\)[\s\S]*beta: .*cannot be reached/);
  });

  it('is not kept waiting by a server that accepts and says nothing', async () => {
    const { port } = beta;
    await beta.stop();
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(port, '127.0.0.1');
    await once(silent, 'listening');
    const began = performance.now();
    expect((await run('status files --json')).exitCode).toBe(0);
    // The patience of a connection is ten seconds.
    expect(performance.now() - began).toBeLessThan(8000);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('by a client that is no longer trusted: exit 3', async () => {
    alpha.answers['job.list'] = () => {
      throw new ManagementError('not-trusted', 'this client is not paired');
    };
    expect(await run('status alpha/files')).toMatchObject({ exitCode: 3 });
  });
});

describe('changing a job', () => {
  it.each(['start', 'stop', 'pause', 'resume'] as const)(
    'job %s asks the source and prints how it stands',
    async (verb) => {
      alpha.answers[`job.${verb}`] = ({ name }) => statusOf({ name, state: 'paused' });
      expect(await run(`job ${verb} files`)).toMatchObject({
        exitCode: 0,
        out: expect.stringMatching(/^files: paused/),
      });
      expect(alpha.seen).toContain(`call job.${verb}`);
    },
  );

  it('job start says why not: exit 5', async () => {
    alpha.answers['job.start'] = () => {
      throw new ManagementError('refused', 'postgres (pid 812) holds /srv/data/base/1 open for writing; restart it');
    };
    const ran = await run('job start files');
    expect(ran).toMatchObject({ exitCode: 5, err: expect.stringContaining('postgres (pid 812)') });
  });

  it('job start warns of what can change unseen, once the agent has found it out', async () => {
    const looking = statusOf({ state: 'mirroring' });
    delete looking.exposures;
    alpha.answers['job.start'] = () => looking;
    const found = { exposures: ['1 file in /srv has a name outside of it'], uncovered: ['/srv/disk'] };
    let asked = 0;
    alpha.answers['job.status'] = () => {
      asked += 1;
      return asked < 3 ? looking : { ...statusOf({ state: 'mirroring' }), ...found, tripwireOff: 'EPERM' };
    };
    const ran = await run('job start files');
    expect(ran.exitCode).toBe(0);
    expect(ran.err.split('\n').filter((line) => line.startsWith('warning: '))).toEqual([
      'warning: 1 file in /srv has a name outside of it',
      'warning: /srv/disk: mounted within what is protected and not intercepted',
      expect.stringContaining('the tripwire is off (EPERM)'),
    ]);
    expect(asked).toBe(3);
  });

  it('job stop names who keeps the mount', async () => {
    alpha.answers['job.stop'] = () => statusOf({ state: 'stopped', mountUsers: ['bash (pid 7)'] });
    expect((await run('job stop files')).err).toContain('until these end: bash (pid 7)');
  });

  it('job delete says that the data stays', async () => {
    alpha.answers['job.delete'] = () => ({});
    expect(await run('job delete files')).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('stay as they are'),
    });
  });

  it('mirror hands on how to compare', async () => {
    let compare = '';
    alpha.answers['job.mirror'] = (params) => {
      compare = params.compare;
      return statusOf({ state: 'mirroring' });
    };
    expect((await run('mirror files --compare checksum')).exitCode).toBe(0);
    expect(compare).toBe('checksum');
  });

  it('flush prints the position alone; the agent’s time-out is exit 4', async () => {
    alpha.answers['job.flush'] = ({ timeoutMs }) => ({ position: String(timeoutMs) });
    expect(await run('flush files --timeout 2s')).toEqual({ exitCode: 0, out: '2000\n', err: '' });
    alpha.answers['job.flush'] = () => {
      throw new ManagementError('timeout', 'position 9 is not applied within 2 s');
    };
    expect(await run('flush files')).toMatchObject({ exitCode: 4, err: expect.stringContaining('position 9') });
  });

  it('flush says no position where not all could be brought over: exit 5, never 0', async () => {
    alpha.answers['job.flush'] = () => {
      throw new ManagementError(
        'failed',
        'files is applied up to position 9, but for 2 paths that could not be brought over',
      );
    };
    expect(await run('flush files')).toMatchObject({ exitCode: 5, out: '', err: expect.stringContaining('2 paths') });
  });

  it('an answer of another shape is the agent’s error: exit 5', async () => {
    alpha.answers['job.flush'] = () => ({ position: 12 });
    expect(await run('flush files')).toMatchObject({ exitCode: 5, err: expect.stringContaining('position') });
  });
});

describe('verify', () => {
  const result = { truncated: false, filesChecked: 120, bytesChecked: 4_718_592, position: '77', repaired: 0 };

  it('without differences is exit 0', async () => {
    alpha.answers['job.verify'] = () => ({ ...result, differences: [], count: 0 });
    expect(await run('verify files')).toEqual({
      exitCode: 0,
      out: 'no differences; 120 files and 4.5 MiB checked up to position 77\n',
      err: '',
    });
  });

  it('lists each path and why, names of any bytes with escapes: exit 1', async () => {
    const differences = [
      { path: '/srv/data/a', what: 'content', detail: 'bytes 4096 to 8191' },
      {
        path: '/srv/data/\udcff',
        pathBytes: Buffer.from('/srv/data/\xff', 'latin1').toString('base64'),
        what: 'missing',
        detail: '',
      },
      { path: '/srv/data/n\nl', what: 'extra', detail: '' },
    ];
    alpha.answers['job.verify'] = () => ({ ...result, differences, count: 9, truncated: true });
    const ran = await run('verify files');
    expect(ran.exitCode).toBe(1);
    expect(ran.out.split('\n')).toEqual([
      '/srv/data/a: content differs (bytes 4096 to 8191)',
      '/srv/data/\\xff: missing on the target',
      '/srv/data/n\\x0al: only on the target',
      '… and 6 more',
      '9 differences; 120 files and 4.5 MiB checked up to position 77',
      '',
    ]);
    const asJson = await run('verify files --json');
    expect(asJson.exitCode).toBe(1);
    expect(JSON.parse(asJson.out).differences[1].pathBytes).toBe(differences[1]?.pathBytes);
  });

  it('shows progress on a terminal and none on a pipe', async () => {
    alpha.onSubscribe = (_topic, push) =>
      push({ name: 'files', status: statusOf({ verification: { percent: 41.9, differences: 0 } }) });
    alpha.answers['job.verify'] = () => ({ ...result, differences: [], count: 0 });
    const terminal = await run('verify files', { isTerminal: true });
    expect(terminal.err).toContain('verifying files: 41 % · no difference so far');
    expect(terminal.err.endsWith('\r\u001b[K')).toBe(true);
    expect((await run('verify files')).err).toBe('');
  });
});
