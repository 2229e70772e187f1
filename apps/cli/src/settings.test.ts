import { type AgentSettings, ManagementError } from '@understudy/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCommand, TwoServers } from './testing.ts';

let servers: TwoServers;
let settings: AgentSettings;
const setting = (key: string, now: string) => ({
  ...{ key, now, next: now, usual: '1GiB', from: 'default' as const },
  ...{ doc: `What ${key} does.`, unit: 'a size such as 1GiB' },
});

beforeEach(async () => {
  servers = await TwoServers.start();
  settings = {
    file: '/var/lib/understudy/agent.yaml',
    problem: null,
    settings: [
      setting('queue.memory', '1GiB'),
      setting('queue.disk', '10GiB'),
      { ...setting('name', ''), unit: 'a name' },
    ],
  };
  Object.assign(servers.alpha.answers, {
    'agent.settings': () => settings,
    'agent.changeSetting': ({ key, value }: { key: string; value: string | null }) => {
      if (value === 'much')
        throw new ManagementError('invalid', `${key} cannot be much: a size such as 1GiB would be right`);
      const changed = settings.settings.map((one) =>
        one.key === key ? { ...one, next: value ?? one.usual, from: 'file' as const } : one,
      );
      settings = { ...settings, settings: changed };
      return settings;
    },
  });
});
afterEach(() => servers.stop());

const run = (line: string) => runCommand(line.split(' '), { env: servers.env });

it('lists them with what holds now, and the file that they are in', async () => {
  const { out, exitCode } = await run('settings alpha');
  expect(exitCode).toBe(0);
  expect(out).toMatch(/queue\.memory +1GiB +default/);
  expect(out).toMatch(/name +\(nothing\)/);
  expect(out).toContain('/var/lib/understudy/agent.yaml');
});

it('says of one what it does, what may be written, and what is usual', async () => {
  const { out } = await run('settings alpha queue.memory');
  for (const part of ['What queue.memory does.', 'may be: a size such as 1GiB', 'usually: 1GiB', 'now: 1GiB (default)'])
    expect(out).toContain(part);
  expect(out).not.toContain('from the next start');
});

it('changes one, and says from when on it holds; takes it out again', async () => {
  const changed = await run('settings alpha queue.memory 2GiB');
  expect(changed).toMatchObject({ exitCode: 0 });
  expect(changed.out).toContain('queue.memory is 2GiB, from the next start of the agent on (now 1GiB)');
  expect((await run('settings alpha')).out).toMatch(/queue\.memory +1GiB +2GiB +file/);
  expect((await run('settings alpha queue.memory')).out).toContain('from the next start on: 2GiB');
  expect((await run('settings alpha queue.memory --default')).out).toContain('queue.memory is 1GiB, as it is now');
});

it('gives scripts all of it, or the one that was asked for', async () => {
  expect(JSON.parse((await run('settings alpha --json')).out)).toEqual(settings);
  const one = JSON.parse((await run('settings alpha queue.disk --json')).out) as AgentSettings;
  expect(one.settings.map(({ key, now }) => [key, now])).toEqual([['queue.disk', '10GiB']]);
});

it.each([
  ['settings alpha queue.memry', 'the agent has no setting queue.memry; did you mean queue.memory?'],
  ['settings alpha something', 'the agent has no setting something; "understudy settings SERVER" lists them'],
  ['settings alpha --default', '--default needs the key of a setting'],
  ['settings alpha queue.memory 2GiB --default', 'either a value or --default'],
  ['settings gamma', 'gamma'],
  ['settings', "missing required argument 'server'"],
])('%s is refused with what would be right', async (line, sentence) => {
  const ran = await run(line);
  expect(ran.exitCode).toBe(2);
  expect(ran.err).toContain(sentence);
  expect(servers.alpha.seen).not.toContain('call agent.changeSetting');
});

it('what the agent refuses is told in its words, and a file with which it would not start is told of', async () => {
  const refused = await run('settings alpha queue.memory much');
  expect(refused).toMatchObject({ exitCode: 2, err: expect.stringContaining('a size such as 1GiB would be right') });
  settings = { ...settings, problem: 'queue.disk: 10 is no size' };
  const listed = await run('settings alpha');
  expect(listed.err).toContain('alpha would not start with /var/lib/understudy/agent.yaml: queue.disk: 10 is no size');
});
