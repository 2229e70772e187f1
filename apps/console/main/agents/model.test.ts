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

const monitorOf = (light: 'green' | 'red', msLeft: number) => ({ light, msLeft, timeToFailMs: 15_000, addresses: [] });

test('of many statuses of one job the last one is told, once', () => {
  const model = new Model();
  model.putServer(serverOf('alpha'));
  for (const state of ['calculating', 'mirroring', 'protected'] as const) model.putJob('alpha', statusOf({ state }));
  const deltas = model.take();
  expect(deltas.map(({ kind }) => kind)).toEqual(['server', 'job']);
  expect(deltas[1]).toMatchObject({ end: { server: 'alpha', status: { state: 'protected' } } });
  expect(model.take()).toEqual([]);
  expect(model.ends).toHaveLength(1);
});

test('figures wait for the next beat, and what somebody may have to see does not', () => {
  const model = new Model();
  model.putServer(serverOf('alpha'));
  model.putJob('alpha', statusOf());
  model.putJob('alpha', statusOf({ name: 'other' }));
  expect(model.take('urgent').map(({ kind }) => kind)).toEqual(['server', 'job', 'job']);
  const { replication } = statusOf();
  const moved = statusOf({ replication: { ...replication, sentBytes: 9 } });
  model.putJob('alpha', moved);
  expect(model.take('urgent')).toEqual([]);
  model.putJob('alpha', statusOf({ ...moved, state: 'halted' }));
  model.putJob('alpha', statusOf({ ...moved, state: 'halted', replication: { ...replication, sentBytes: 10 } }));
  expect(model.take('urgent')).toMatchObject([
    { kind: 'job-changed', name: 'files', set: { state: 'halted', 'replication.sentBytes': 10 } },
  ]);
  for (const changes of [
    { actions: ['stop' as const] },
    { reason: { code: 'x', sentence: 's' } },
    { targetDataState: 'retrying' as const },
    { audit: { lastSeen: null, ageMs: null, begins: 'kernel' as const, hop: 'sent' as const } },
    { mirror: { ...statusOf().mirror, state: 'mirroring' as const } },
    { uncovered: ['/srv/usb'] },
    { failover: { automatic: false, takeover: null, monitor: monitorOf('red', 0) } },
  ]) {
    model.putJob('alpha', statusOf({ name: 'other', ...changes }));
    expect(model.take('urgent'), JSON.stringify(changes)).toHaveLength(1);
    model.putJob('alpha', statusOf({ name: 'other' }));
    model.take();
  }
  model.putJob('alpha', moved);
  model.take();
  model.putJob('alpha', statusOf({ ...moved, recoveryPoint: { time: null, latencyMs: null, position: '1' } }));
  model.putJob('alpha', statusOf({ replication: { ...replication, sentBytes: 11 } }));
  expect(model.take()).toHaveLength(1);
});

test('of a job that is known only the parts that are others now are told, and those that it has no longer', () => {
  const model = new Model();
  model.putJob('alpha', statusOf({ tripwireOff: 'no fanotify' }));
  expect(model.take()).toMatchObject([{ kind: 'job' }]);
  const { replication } = statusOf();
  model.putJob('alpha', statusOf({ tripwireOff: 'no fanotify', replication: { ...replication, sentBytes: 9 } }));
  model.putJob('alpha', statusOf({ replication: { ...replication, sentBytes: 10 } }));
  expect(model.take()).toEqual([
    {
      ...{ kind: 'job-changed', server: 'alpha', name: 'files', gone: ['tripwireOff'] },
      set: { 'replication.sentBytes': 10 },
    },
  ]);
  model.putJob('alpha', statusOf({ state: 'halted', replication: { ...replication, sentBytes: 10 } }));
  model.putJob('alpha', statusOf({ replication: { ...replication, sentBytes: 10 } }));
  expect(model.take(), 'what is again as it was told').toEqual([]);
  model.removeJob('alpha', 'files');
  model.putJob('alpha', statusOf());
  expect(model.take(), 'what comes anew is told as a whole').toMatchObject([{ kind: 'job' }]);
});

test('a monitor that counts down is no news', () => {
  const model = new Model();
  const failover = (msLeft: number) => ({ automatic: false, takeover: null, monitor: monitorOf('green', msLeft) });
  model.putJob('beta', statusOf({ role: 'target', failover: failover(9000) }));
  model.take();
  model.putJob('beta', statusOf({ role: 'target', failover: failover(8000) }));
  expect([model.take('urgent').length, model.take().length]).toEqual([0, 1]);
});

test('a server that is forgotten takes along what waits of its jobs: they must not come after it', () => {
  const model = new Model();
  model.putServer(serverOf('alpha'));
  model.putJob('alpha', statusOf());
  model.take();
  model.putJob('alpha', statusOf({ replication: { ...statusOf().replication, sentBytes: 9 } }));
  model.removeServer('alpha');
  expect([model.take('urgent').map(({ kind }) => kind), model.take()]).toEqual([['server-gone'], []]);
});

test('what a reconnected server no longer has is gone', () => {
  const model = new Model();
  model.putJobs('alpha', [statusOf({ name: 'a' }), statusOf({ name: 'b' })]);
  model.putJob('beta', statusOf({ name: 'a' }));
  model.take();
  model.putJobs('alpha', [statusOf({ name: 'b' })]);
  expect(model.take().map((delta) => delta.kind)).toEqual(['job-gone']);
  expect(model.ends.map(({ server, status }) => `${server}/${status.name}`)).toEqual(['alpha/b', 'beta/a']);
});

test('a server that is forgotten takes all of its own along', () => {
  const model = new Model();
  for (const name of ['alpha', 'beta']) {
    model.putServer(serverOf(name));
    model.putJob(name, statusOf());
    model.addEvents(name, [event(1)]);
  }
  model.removeServer('alpha');
  expect([model.servers.length, model.ends.length, model.events.length]).toEqual([1, 1, 1]);
});

test('events are bounded, however many come, and a notice is told once', () => {
  const model = new Model();
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
