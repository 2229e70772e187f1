import { SdkError } from '@understudy/sdk';
import { expect, test } from 'vitest';
import { answer, type Handlers } from './answer.ts';

const never = async (): Promise<never> => {
  throw new Error('no handler was to be asked');
};
const handlers = (some: Partial<Handlers>): Handlers => ({
  open: never,
  drawn: never,
  remember: never,
  forgetMemory: never,
  pair: never,
  forget: never,
  reconnect: never,
  watch: never,
  ask: never,
  introduce: never,
  checkJob: never,
  createJob: never,
  ...some,
});

test('a payload that does not fit reaches no handler, and the answer says what is wrong', async () => {
  for (const payload of [undefined, null, 'alpha', { name: '../x' }, { name: 'alpha', more: 1 }])
    expect(await answer('forget', payload, handlers({}))).toMatchObject({ ok: false, error: { code: 'bad-argument' } });
  const said = await answer('ask', { server: 'alpha', call: 'job.pause', params: { name: '-' } }, handlers({}));
  expect(said).toMatchObject({
    error: { sentence: expect.stringMatching(/params\.name: a name has 1 to 64 letters/) },
  });
});

test('the handler gets what was checked', async () => {
  const seen: unknown[] = [];
  const forget = async (params: unknown): Promise<true> => {
    seen.push(params);
    return true;
  };
  expect(await answer('forget', { name: 'alpha' }, handlers({ forget }))).toEqual({ ok: true, value: true });
  expect(seen).toEqual([{ name: 'alpha' }]);
});

test('what goes wrong becomes a code and a sentence', async () => {
  const refused = async (): Promise<never> => {
    throw new SdkError('agent-error', 'alpha: no', { agentCode: 'refused' });
  };
  expect(await answer('reconnect', { name: 'alpha' }, handlers({ reconnect: refused }))).toEqual({
    ok: false,
    error: { code: 'agent-error', agentCode: 'refused', sentence: 'alpha: no' },
  });
  expect(await answer('reconnect', { name: 'alpha' }, handlers({}))).toMatchObject({
    error: { code: 'failed', sentence: 'no handler was to be asked' },
  });
});
