import { expect, test } from 'vitest';
import { serverOf, statusOf } from '../../testing.ts';
import { EVENTS_KEPT, Model } from './model.ts';

const event = (id: number) => ({
  id,
  time: '2026-11-22T12:00:00.000Z',
  severity: 'information' as const,
  code: 'x',
  job: null,
  sentence: '',
  advice: '',
});

test('of many statuses of one job the last one is told, once', () => {
  const model = new Model(() => 5);
  model.putServer(serverOf('alpha'));
  for (const state of ['calculating', 'mirroring', 'protected'] as const) model.putJob('alpha', statusOf({ state }));
  const deltas = model.take();
  expect(deltas.map(({ kind }) => kind)).toEqual(['server', 'job']);
  expect(deltas[1]).toMatchObject({ end: { server: 'alpha', heardMs: 5, status: { state: 'protected' } } });
  expect(model.take()).toEqual([]);
  expect(model.ends).toHaveLength(1);
});

test('what a reconnected server no longer has is gone', () => {
  const model = new Model(() => 0);
  model.putJobs('alpha', [statusOf({ name: 'a' }), statusOf({ name: 'b' })]);
  model.putJob('beta', statusOf({ name: 'a' }));
  model.take();
  model.putJobs('alpha', [statusOf({ name: 'b' })]);
  expect(model.take().map((delta) => delta.kind)).toEqual(['job-gone', 'job']);
  expect(model.ends.map(({ server, status }) => `${server}/${status.name}`)).toEqual(['alpha/b', 'beta/a']);
});

test('a server that is forgotten takes all of its own along', () => {
  const model = new Model(() => 0);
  for (const name of ['alpha', 'beta']) {
    model.putServer(serverOf(name));
    model.putJob(name, statusOf());
    model.addEvents(name, [event(1)]);
  }
  model.removeServer('alpha');
  expect([model.servers.length, model.ends.length, model.events.length]).toEqual([1, 1, 1]);
});

test('events are bounded, however many come, and a notice is told once', () => {
  const model = new Model(() => 0);
  model.addEvents(
    'alpha',
    Array.from({ length: EVENTS_KEPT + 50 }, (_, i) => event(i + 1)),
  );
  expect(model.events).toHaveLength(EVENTS_KEPT);
  expect(model.events.at(-1)?.event.id).toBe(EVENTS_KEPT + 50);
  model.notice('the profile is damaged');
  model.notice('the profile is damaged');
  expect(model.notices).toEqual(['the profile is damaged']);
});
