import type { FakeAgent } from '@understudy/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunOptions, runCommand, statusOf, TwoServers } from './testing.ts';

let servers: TwoServers;
let alpha: FakeAgent;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  servers = await TwoServers.start();
  ({ alpha, env } = servers);
});
afterEach(() => servers.stop());

const run = (line: string, options: RunOptions = {}) => runCommand(line.split(' '), { env, ...options });
const result = { truncated: false, filesChecked: 3, bytesChecked: 4096, position: '77', repaired: 0 };
const difference = { path: '/srv/data/a', what: 'content', detail: '' };

describe('mirror', () => {
  it('[MIR2] [MIR4] hands its options on, and only those that were given', async () => {
    const asked: unknown[] = [];
    alpha.answers['job.mirror'] = (params) => {
      asked.push(params);
      return statusOf({ state: 'mirroring' });
    };
    await run('mirror files');
    await run(
      'mirror files --compare checksum --block-size 64K --no-calculate --orphans move --orphans-older-than 30d',
    );
    expect(asked[0]).toEqual({ name: 'files', compare: 'attributes', blockSize: null });
    expect(asked[1]).toEqual({
      name: 'files',
      compare: 'checksum',
      blockSize: 65_536,
      calculate: false,
      orphans: 'move',
      orphansOlderThanMs: 30 * 86_400_000,
    });
  });

  it.each(['pause', 'resume', 'stop'])('[MIR3] --%s is about the mirror under way', async (change) => {
    alpha.answers['job.mirrorChange'] = (params) => statusOf({ name: params.change === change ? 'files' : 'wrong' });
    expect(await run(`mirror files --${change}`)).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^files:/) });
    expect(alpha.seen).not.toContain('call job.mirror');
  });

  it.each([
    ['mirror files --block-size 5000', 'power of two from 4K to 1M'],
    ['mirror files --block-size 2M', 'power of two from 4K to 1M'],
    ['mirror files --orphans burn', 'report, move, delete'],
    ['mirror files --orphans-older-than soon', 'an age such as'],
    ['mirror files --pause --stop', 'cannot be used with'],
    ['verify files --repair --last', 'cannot be used with'],
  ])('%s is wrong usage and says what would be right', async (line, help) => {
    expect(await run(line)).toMatchObject({ exitCode: 2, err: expect.stringContaining(help) });
  });
});

describe('verify --repair', () => {
  it('[VER2] is exit 0 once all that differed was sent, and 1 where something was not', async () => {
    alpha.answers['job.verify'] = ({ repair }) => ({
      ...result,
      differences: [difference],
      count: 1,
      repaired: repair ? 1 : 0,
    });
    const ran = await run('verify files --repair');
    expect([ran.exitCode, ran.out]).toEqual([
      0,
      '/srv/data/a: content differs\n1 difference, 1 of them sent again; 3 files and 4.0 KiB checked up to position 77\n',
    ]);
    expect((await run('verify files')).exitCode).toBe(1);
  });

  it('[VER1] names what was in motion', async () => {
    const moving = { inMotion: ['/srv/data/log'], inMotionCount: 2 };
    alpha.answers['job.verify'] = () => ({ ...result, differences: [], count: 0, ...moving });
    const ran = await run('verify files');
    expect([ran.exitCode, ran.out]).toEqual([
      0,
      '/srv/data/log: changed all the time and was not compared\n' +
        'no differences; 3 files and 4.0 KiB checked up to position 77; 2 things in motion not compared\n',
    ]);
  });
});

describe('reports of verifications', () => {
  const report = {
    number: 7,
    startedAt: '2026-01-02T03:00:00.000Z',
    endedAt: '2026-01-02T03:00:09.000Z',
    by: null,
    repair: true,
    brokenOff: null,
    result: { ...result, differences: [difference], count: 1 },
  };
  const broken = { ...report, number: 8, by: 'ops', brokenOff: 'the link was lost', result: null };

  it('are listed, and one is shown in full', async () => {
    alpha.answers['job.verifications'] = ({ number }) => ({
      reports: number === undefined ? [broken, report] : [report],
    });
    const list = await run('verifications files');
    expect(list.out.split('\n').slice(0, 3)).toEqual([
      '#8  2026-01-02T03:00:00.000Z  by ops, with repair; broken off: the link was lost',
      '#7  2026-01-02T03:00:00.000Z  by schedule, with repair; took 9 s',
      '  1 difference; 3 files and 4.0 KiB checked up to position 77',
    ]);
    expect((await run('verifications files --number 7')).out).toContain('/srv/data/a: content differs');
    expect(JSON.parse((await run('verifications files --json')).out).reports).toHaveLength(2);
  });

  it('verify --last shows the newest that came to its end, with its exit code; none yet is said so', async () => {
    alpha.answers['job.verifications'] = () => ({ reports: [broken, report] });
    const last = await run('verify files --last');
    expect([last.exitCode, last.out.split('\n')[1]]).toEqual([1, '/srv/data/a: content differs']);
    alpha.answers['job.verifications'] = () => ({ reports: [] });
    expect(await run('verify files --last')).toMatchObject({
      exitCode: 5,
      err: expect.stringContaining('has not been verified yet'),
    });
  });
});
