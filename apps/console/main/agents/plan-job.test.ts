import { type Connection, type KnownServer, SdkError } from '@understudy/sdk';
import { describe, expect, test } from 'vitest';
import { plannedJobSchema } from '../../shared/ipc-channels.ts';
import { statusOf } from '../../testing.ts';
import { checkJob, createJob, type Pair } from './plan-job.ts';

const server = (name: string, sign: string): KnownServer => ({
  name,
  address: `${name}:7320`,
  fingerprint: sign.repeat(64),
  role: 'admin',
  addedAt: '2026-11-22T12:00:00.000Z',
});
const [source, target] = [server('alpha', 'a'), server('beta', 'b')];
const planned = (preset: string | null = null) =>
  plannedJobSchema.parse({
    source: 'alpha',
    target: 'beta',
    preset,
    definition: { name: 'files', include: [{ text: '/srv', bytes: 'L3Nydg==' }] },
  });

type Answers = Readonly<Record<string, (params: never) => unknown>>;
/** Two agents that know each other; what they are asked is noted. */
function pairOf(answers: { readonly alpha?: Answers; readonly beta?: Answers }) {
  const asked: string[] = [];
  const usual: Answers = { 'agent.peers': () => ({ peers: [target] }), 'agent.introduce': () => ({}) };
  const connectionOf = (name: 'alpha' | 'beta') =>
    ({
      call: async (call: string, params: never) => {
        asked.push(`${name} ${call}`);
        const answer = { ...usual, ...answers[name] }[call];
        if (answer === undefined) throw new Error(`nobody answers ${call}`);
        return answer(params);
      },
    }) as unknown as Connection;
  const pair: Pair = { source, target, connect: (name) => connectionOf(name === 'alpha' ? 'alpha' : 'beta') };
  return { pair, asked };
}
const refuse = (sentence: string) => (): never => {
  throw new SdkError('agent-error', sentence, { agentCode: 'refused' });
};
const found = (severity: 'error' | 'warning', sentence: string) => () => ({
  problems: [{ severity, code: 'x', sentence }],
});

describe('the check-list', () => {
  test('is whole where all is well, and asks for no preset where none is meant', async () => {
    const { pair, asked } = pairOf({ alpha: { 'job.validate': () => ({ problems: [] }) } });
    expect((await checkJob(planned(), pair)).map(({ step, state }) => `${step} ${state}`)).toEqual([
      'source ok',
      'target ok',
      'introduce ok',
      'definition ok',
      'preset skipped',
    ]);
    expect(asked).toEqual(['alpha agent.peers', 'alpha agent.introduce', 'alpha job.validate']);
  });

  test('names every problem, and goes on to the next step', async () => {
    const { pair } = pairOf({
      alpha: { 'job.validate': found('warning', 'a file is open'), 'presets.needs': () => ({}) },
      beta: { 'presets.validate': found('error', 'the port is taken') },
    });
    expect((await checkJob(planned('postgresql:15-main'), pair)).slice(3)).toEqual([
      { step: 'definition', state: 'warning', sentences: ['a file is open'] },
      { step: 'preset', state: 'error', sentences: ['the port is taken'] },
    ]);
  });

  test('asks nobody behind a server that does not answer', async () => {
    const { pair, asked } = pairOf({});
    const silent: Pair = {
      ...pair,
      connect: (name) => (name === 'beta' ? refuse('beta is not connected now')() : pair.connect(name)),
    };
    expect(await checkJob(planned(), silent)).toMatchObject([
      { step: 'source', state: 'ok' },
      { step: 'target', state: 'error', sentences: ['beta is not connected now'] },
      { state: 'skipped' },
      { state: 'skipped' },
      { state: 'skipped' },
    ]);
    expect(asked).toEqual([]);
  });
});

describe('a job that is made', () => {
  const wanted = { ...planned(), start: true, adopt: true };

  test('names the target as the profile knows it, whatever the window said', async () => {
    let made: unknown = null;
    const { pair } = pairOf({
      alpha: {
        'job.create': (params) => {
          made = params;
          return { status: statusOf(), notes: ['it does not exist yet'] };
        },
        'job.start': () => statusOf(),
      },
    });
    expect(await createJob(wanted, pair)).toEqual({ key: 'alpha/files', notes: ['it does not exist yet'] });
    const { name, address, fingerprint } = target;
    expect(made).toMatchObject({ sourceName: 'alpha', target: { name, address, fingerprint }, adopt: true });
  });

  test('is there though it could not be started, and the person is told both', async () => {
    const { pair } = pairOf({
      alpha: { 'job.create': () => ({ status: statusOf(), notes: [] }), 'job.start': refuse('alpha: a file is open') },
    });
    const { key, notes } = await createJob(wanted, pair);
    expect([key, notes]).toEqual([
      'alpha/files',
      [expect.stringMatching(/was created and could not be started: .*open/)],
    ]);
  });
});
