import { type Heard, type JobStatus, jobNewsSchema, StatusBook, StatusTeller, withChanges } from '@understudy/wire';
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

/** What agents tell of their jobs, as it comes over the wire. */
function agentsOf(model: Model): (server: string, status: JobStatus) => void {
  const sides = new Map<string, { readonly teller: StatusTeller; readonly book: StatusBook }>();
  return (server, status) => {
    const side = sides.get(server) ?? { teller: new StatusTeller(), book: new StatusBook() };
    sides.set(server, side);
    const news = side.teller.tell(status.name, status);
    if (news === null) return;
    model.hear(server, side.book.take(jobNewsSchema.parse(JSON.parse(JSON.stringify(news)))) as Heard);
  };
}

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
  const tell = agentsOf(model);
  model.putServer(serverOf('alpha'));
  tell('alpha', statusOf());
  tell('alpha', statusOf({ name: 'other' }));
  expect(model.take('urgent').map(({ kind }) => kind)).toEqual(['server', 'job', 'job']);
  const { replication } = statusOf();
  const moved = statusOf({ replication: { ...replication, sentBytes: 9 } });
  tell('alpha', moved);
  expect(model.take('urgent')).toEqual([]);
  tell('alpha', statusOf({ ...moved, state: 'halted' }));
  tell('alpha', statusOf({ ...moved, state: 'halted', replication: { ...replication, sentBytes: 10 } }));
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
    tell('alpha', statusOf({ name: 'other', ...changes }));
    expect(model.take('urgent'), JSON.stringify(changes)).toHaveLength(1);
    tell('alpha', statusOf({ name: 'other' }));
    model.take();
  }
  tell('alpha', moved);
  model.take();
  tell('alpha', statusOf({ ...moved, recoveryPoint: { time: null, latencyMs: null, position: '1' } }));
  tell('alpha', statusOf({ replication: { ...replication, sentBytes: 11 } }));
  expect(model.take()).toHaveLength(1);
});

test('of a job that is known only the parts that are others now are told, and those that it has no longer', () => {
  const model = new Model();
  const tell = agentsOf(model);
  tell('alpha', statusOf({ tripwireOff: 'no fanotify' }));
  expect(model.take()).toMatchObject([{ kind: 'job' }]);
  const { replication } = statusOf();
  tell('alpha', statusOf({ tripwireOff: 'no fanotify', replication: { ...replication, sentBytes: 9 } }));
  tell('alpha', statusOf({ replication: { ...replication, sentBytes: 10 } }));
  expect(model.take()).toEqual([
    {
      ...{ kind: 'job-changed', server: 'alpha', name: 'files', gone: ['tripwireOff'] },
      set: { 'replication.sentBytes': 10 },
    },
  ]);
  tell('alpha', statusOf({ replication: { ...replication, sentBytes: 10 } }));
  expect(model.take(), 'nothing has changed').toEqual([]);
  model.removeJob('alpha', 'files');
  model.putJob('alpha', statusOf());
  expect(model.take(), 'what comes anew is told as a whole').toMatchObject([{ kind: 'job' }]);
});

test('of changes that wait the later ones count, whether of a part or of a field of it', () => {
  const model = new Model();
  const tell = agentsOf(model);
  const verification = (percent: number) => ({ verification: { percent, differences: 0 } });
  tell('alpha', statusOf(verification(1)));
  const [whole] = model.take();
  let shown = whole?.kind === 'job' ? structuredClone(whole.end.status) : statusOf();
  for (const steps of [
    [verification(2), {}, verification(3), verification(4)],
    [verification(5), {}],
    [verification(6), { unrepairable: 1 }, { unrepairable: 2, ...verification(7) }],
    [{ unrepairable: 2 }, verification(8), {}, verification(9)],
  ]) {
    for (const step of steps) tell('alpha', statusOf(step));
    for (const delta of model.take()) if (delta.kind === 'job-changed') shown = withChanges(shown, delta);
    expect(shown).toEqual(statusOf(steps.at(-1)));
  }
});

test('a monitor that counts down is no news', () => {
  const model = new Model();
  const tell = agentsOf(model);
  const failover = (msLeft: number) => ({ automatic: false, takeover: null, monitor: monitorOf('green', msLeft) });
  tell('beta', statusOf({ role: 'target', failover: failover(9000) }));
  model.take();
  tell('beta', statusOf({ role: 'target', failover: failover(8000) }));
  expect([model.take('urgent').length, model.take().length]).toEqual([0, 1]);
});

test('a server that is forgotten takes along what waits of its jobs: they must not come after it', () => {
  const model = new Model();
  const tell = agentsOf(model);
  model.putServer(serverOf('alpha'));
  tell('alpha', statusOf());
  model.take();
  tell('alpha', statusOf({ replication: { ...statusOf().replication, sentBytes: 9 } }));
  model.removeServer('alpha');
  expect([model.take('urgent').map(({ kind }) => kind), model.take()]).toEqual([['server-gone'], []]);
});

test('what a reconnected server no longer has is gone', () => {
  const model = new Model();
  model.putJobs('alpha', [statusOf({ name: 'a' }), statusOf({ name: 'b' })]);
  model.putJob('beta', statusOf({ name: 'a' }));
  model.take();
  model.putJobs('alpha', [statusOf({ name: 'b' })]);
  expect(model.take().map((delta) => delta.kind)).toEqual(['job-gone', 'job']);
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
