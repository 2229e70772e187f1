import { expect, test } from 'vitest';
import { type FailoverForm, formOf } from './failover-edit.ts';
import { effectsOf } from './failover-effects.ts';

const nothing = formOf(null);
const effects = (changes: Partial<FailoverForm>): readonly string[] =>
  effectsOf({ ...nothing, ...changes }).map(({ effect }) => effect);

test('of a form that says nothing a person is left with all of it', () => {
  expect(effects({})).toEqual(['unwatched', 'manual', 'alone', 'dataOnly', 'untried']);
});

test('each thing that is written down is told, with how many there are', () => {
  const form: FailoverForm = {
    ...{
      ...nothing,
      monitored: true,
      seconds: 9,
      automatic: true,
      data: 'discard',
      witness: 'etcd',
      test: '0 4 * * *',
    },
    ...{ addresses: '192.0.2.1/24@eth0\n\n192.0.2.2/24@eth0', services: 'a.service' },
    dns: { ...nothing.dns, on: true, records: 'a.example.org A 192.0.2.1' },
  };
  expect(effectsOf(form)).toEqual([
    { effect: 'watched', values: { seconds: 9 } },
    { effect: 'automatic', values: {} },
    { effect: 'discarded', values: {} },
    { effect: 'witnessed', values: {} },
    { effect: 'addresses', values: { count: 2 } },
    { effect: 'dns', values: { count: 1 } },
    { effect: 'services', values: { count: 1 } },
    { effect: 'tried', values: {} },
  ]);
});

test('records that were written and switched off again are none', () => {
  expect(effects({ dns: { ...nothing.dns, on: false, records: 'a.example.org A 192.0.2.1' } })).toContain('dataOnly');
});
