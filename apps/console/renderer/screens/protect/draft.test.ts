import type { FoundPreset } from '@understudy/wire';
import { describe, expect, test } from 'vitest';
import { channels } from '../../../shared/ipc-channels.ts';
import { rawPathFromText } from '../../raw-path.ts';
import {
  type Draft,
  emptyDraft,
  isComplete,
  planOf,
  recommendedFailover,
  suggestedName,
  toProblem,
  withChoice,
} from './draft.ts';

const draft = (changes: Partial<Draft> = {}): Draft => ({
  ...emptyDraft('alpha'),
  include: [rawPathFromText('/srv/data')],
  target: 'beta',
  to: '/srv/replicas',
  name: 'data',
  ...changes,
});
const preset: FoundPreset = {
  name: 'postgresql:15-main',
  title: 'PostgreSQL 15',
  running: true,
  include: [rawPathFromText('/var/lib/postgresql/15/main')],
  exclude: [rawPathFromText('/var/lib/postgresql/15/main/pg_stat_tmp')],
  services: [
    {
      name: 'postgresql',
      unit: 'postgresql@15-main.service',
      start: ['/bin/a'],
      stop: ['/bin/b'],
      check: ['/bin/c'],
      timeoutMs: 1000,
    },
  ],
  notes: [],
};

describe('a step is complete', () => {
  test('when it has what the next one needs', () => {
    expect(isComplete('source', emptyDraft(null))).toBe(false);
    expect(isComplete('what', draft({ include: [] }))).toBe(false);
    expect(isComplete('what', draft({ include: [], preset }))).toBe(true);
    expect(isComplete('target', draft({ target: null }))).toBe(false);
    expect(isComplete('target', draft({ name: 'no spaces' }))).toBe(false);
    expect(isComplete('target', draft())).toBe(true);
    expect(isComplete('options', draft({ bandwidth: 0.001 }))).toBe(false);
    expect(isComplete('options', draft({ bandwidth: 1 }))).toBe(true);
    const recommended = recommendedFailover(draft());
    expect(isComplete('options', draft({ failover: recommended }))).toBe(true);
    expect(isComplete('options', draft({ failover: { ...recommended, automatic: true } }))).toBe(false);
  });
  test('a replica beside its source needs a folder of its own', () => {
    expect(toProblem(draft({ target: 'alpha', to: ' ' }))).toBe('same');
    expect(toProblem(draft({ target: 'alpha' }))).toBeNull();
    expect(toProblem(draft({ to: 'srv' }))).toBe('rule');
    expect(toProblem(draft({ to: '' }))).toBeNull();
  });
});

test('a name is proposed that can be a job’s and is free', () => {
  expect(suggestedName(draft(), new Set())).toBe('data');
  expect(suggestedName(draft(), new Set(['data', 'data-2']))).toBe('data-3');
  expect(suggestedName(draft({ include: [rawPathFromText('/srv/ü ö')] }), new Set())).toMatch(/^[A-Za-z0-9]/);
  expect(suggestedName(draft({ preset }), new Set())).toBe('postgresql-15-main');
});

describe('the plan', () => {
  const taken = (one: Draft) => channels.checkJob.params.parse(planOf(one)).definition;
  test('is what the main process takes', () => {
    expect(taken(draft({ bandwidth: 2, compression: 'low' }))).toMatchObject({
      name: 'data',
      to: { text: '/srv/replicas' },
      bandwidth: 2 * 1024 * 1024,
      compression: 'low',
      include: [{ text: '/srv/data' }],
    });
    expect(taken(draft({ to: '' })).to).toBeNull();
  });
  test('of an application has its rules first and its services', () => {
    const made = taken(draft({ preset, exclude: [rawPathFromText('/srv/data/tmp')] }));
    expect(made.include.map(({ text }) => text)).toEqual(['/var/lib/postgresql/15/main', '/srv/data']);
    expect(made.ruleOrder).toEqual(['include', 'exclude', 'include', 'exclude']);
    expect(made.failover?.services[0]).toMatchObject({ name: 'postgresql', unit: 'postgresql@15-main.service' });
    expect(taken(draft({ preset, include: [] })).ruleOrder).toBeUndefined();
  });
  test('has the failover that was written, with the commands of the application’s services', () => {
    const failover = { ...recommendedFailover(draft({ preset })), addresses: '192.0.2.10/24@eth0' };
    expect(taken(draft({ preset, failover })).failover).toMatchObject({
      ...{ automatic: false, monitor: { agent: true } },
      addresses: [{ address: '192.0.2.10/24', interface: 'eth0' }],
      services: [{ name: 'postgresql', start: ['/bin/a'], check: ['/bin/c'] }],
    });
    expect(taken(draft()).failover).toBeUndefined();
    expect(() => planOf(draft({ failover: { ...failover, addresses: 'nowhere' } }))).toThrow();
    expect(withChoice(draft({ failover }), { preset: null }).failover, 'with another application').toBeNull();
    expect(withChoice(draft({ failover }), { name: 'x' }).failover).toBe(failover);
  });
});
