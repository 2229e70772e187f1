import { calls } from '@understudy/wire';
import { describe, expect, test } from 'vitest';
import { type ChannelName, channels, permittedCalls } from './ipc-channels.ts';

const accepts = (name: ChannelName, payload: unknown): boolean => channels[name].params.safeParse(payload).success;

const job = {
  source: 'alpha',
  target: 'beta',
  preset: null,
  definition: { name: 'files', include: [{ text: '/srv', bytes: 'L3Nydg==' }] },
};

describe('a request of the window', () => {
  test.each<[ChannelName, unknown]>([
    ['open', {}],
    ['drawn', {}],
    ['remember', { theme: 'dark', place: { screen: 'job', job: 'alpha/files' } }],
    ['pair', { address: 'alpha:7320', code: 'AAAAA-BBBBB-CCCCC-DDDDD', name: null }],
    ['ask', { server: 'alpha', call: 'job.pause', params: { name: 'files' } }],
    ['checkJob', job],
    ['createJob', { ...job, start: true, adopt: false }],
  ])('to %s is taken as it should be', (name, payload) => expect(accepts(name, payload)).toBe(true));

  test.each<[string, ChannelName, unknown]>([
    ['of nothing', 'open', null],
    ['with more than it takes', 'open', { extra: 1 }],
    ['that is a list', 'remember', []],
    ['for a theme that there is not', 'remember', { theme: 'javascript:alert(1)' }],
    ['for a place outside', 'remember', { place: { screen: 'file:///etc/passwd' } }],
    ['with a name that leads elsewhere', 'forget', { name: '../../etc' }],
    ['with a name of another type', 'forget', { name: { toString: 'x' } }],
    ['with an endless address', 'pair', { address: 'x'.repeat(10_000), code: 'c', name: null }],
    ['to no server', 'ask', { server: '', call: 'job.pause', params: { name: 'files' } }],
    ['for a call that is not permitted', 'ask', { server: 'alpha', call: 'agent.pair', params: {} }],
    ['for a call that is none', 'ask', { server: 'alpha', call: '__proto__', params: {} }],
    ['for a call among agents', 'ask', { server: 'alpha', call: 'witness.swap', params: {} }],
    [
      'with parameters that do not fit the call',
      'ask',
      { server: 'alpha', call: 'job.pause', params: { name: '<b>' } },
    ],
    ['with parameters too many', 'ask', { server: 'alpha', call: 'job.pause', params: { name: 'a', force: true } }],
    ['with no parameters at all', 'ask', { server: 'alpha', call: 'job.pause' }],
    ['that names the target itself', 'checkJob', { ...job, definition: { ...job.definition, target: {} } }],
    ['without anything to protect', 'checkJob', { ...job, definition: { ...job.definition, include: [] } }],
  ])('%s is refused by %s', (_title, name, payload) => expect(accepts(name, payload)).toBe(false));

  test('reaches nothing that makes or spends trust by itself', () => {
    for (const call of ['agent.pair', 'agent.introduce', 'witness.read', 'witness.swap', 'job.create'])
      expect(permittedCalls as readonly string[]).not.toContain(call);
    for (const call of permittedCalls) expect(calls[call]).toBeDefined();
  });
});
