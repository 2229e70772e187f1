import type { AgentEvent } from '@understudy/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_PREFERENCES } from '../../shared/preferences.ts';
import type { Delta, Snapshot, World } from '../../shared/view.ts';
import { endOf, LIVE, LOST, serverOf } from '../../testing.ts';
import { jobsOf } from './jobs.ts';
import { applied, EMPTY, EVENTS_SHOWN, jobByKey, opened } from './store.ts';

const event = (id: number, time: string): AgentEvent => ({
  id,
  time,
  severity: 'information',
  code: 'x',
  job: null,
  sentence: '',
  advice: '',
});
const snapshot: Snapshot = {
  version: '0.1.0',
  profile: '/p',
  memory: '/memory',
  world: '',
  preferences: { ...DEFAULT_PREFERENCES, place: { screen: 'events' } },
  systemLanguage: 'en-GB',
};
const world: World = {
  number: 1,
  servers: [serverOf('alpha'), serverOf('beta')],
  ends: [endOf('alpha')],
  events: [],
  notices: [],
};
const begun = opened(EMPTY, snapshot, world);

test('a window begins with everything, where it was', () => {
  expect(begun).toMatchObject({ ready: true, place: { screen: 'events' }, version: '0.1.0' });
  expect(jobByKey(begun, 'alpha/files')?.status.state).toBe('protected');
});

test('what did not change keeps its identity', () => {
  const after = applied(begun, [
    { kind: 'events', events: [{ server: 'alpha', event: event(1, '2026-01-01T00:00:00.000Z') }] },
  ]);
  expect(after.jobs).toBe(begun.jobs);
  expect(after.ends).toBe(begun.ends);
  expect(after.servers).toBe(begun.servers);
  expect(after.events).toHaveLength(1);
});

test('whatever comes in whatever order: what was put together change by change is what all of it comes to', () => {
  const server = fc.constantFrom('alpha', 'beta', 'gamma');
  const name = fc.constantFrom('files', 'mail');
  const state = fc.constantFrom('protected' as const, 'halted' as const, 'paused' as const);
  const role = fc.constantFrom('source' as const, 'target' as const);
  const set = fc.oneof(
    state.map((it) => ({ state: it })),
    fc.nat(3).map((it) => ({ epoch: it + 1 })),
    fc.nat(9).map((it) => ({ 'replication.sentBytes': it })),
    fc
      .constantFrom('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002')
      .map((id) => ({ id })),
  );
  const delta = fc.oneof<fc.Arbitrary<Delta>[]>(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('job-changed' as const),
        server,
        name,
        set,
        gone: fc.constantFrom([], ['id']),
      }),
    } as never,
    fc
      .record({ server, name, state, role })
      .map(({ server: at, ...status }) => ({ kind: 'job', end: endOf(at, status) })),
    fc.record({ kind: fc.constant('job-gone' as const), server, name }),
    fc
      .record({ at: server, link: fc.constantFrom(LIVE, LOST) })
      .map(({ at, link }) => ({ kind: 'server', server: serverOf(at, link) })),
    server.map((gone) => ({ kind: 'server-gone', name: gone })),
  );
  fc.assert(
    fc.property(fc.array(fc.array(delta, { maxLength: 4 }), { maxLength: 12 }), (batches) => {
      let now = begun;
      for (const deltas of batches) now = applied(now, deltas);
      expect(now.jobs).toEqual(jobsOf(now.ends, now.servers));
    }),
  );
});

test('a change of a status leaves the rest of it, and every other job, what it was', () => {
  const two = applied(begun, [{ kind: 'job', end: endOf('beta', { name: 'other', tripwireOff: 'x' }) }]);
  const set = { 'replication.sentBytes': 7 };
  const after = applied(two, [
    { kind: 'job-changed', server: 'beta', name: 'other', set, gone: ['tripwireOff'] },
    { kind: 'job-changed', server: 'beta', name: 'nobody', set, gone: [] },
  ]);
  const [before, now] = [two, after].map((state) => jobByKey(state, 'beta/other')?.status);
  expect([now?.replication.sentBytes, now?.tripwireOff, before?.tripwireOff]).toEqual([7, undefined, 'x']);
  expect(now?.mirror).toBe(before?.mirror);
  expect(jobByKey(after, 'alpha/files')).toBe(jobByKey(two, 'alpha/files'));
  expect(after.jobs).toHaveLength(2);
});

test('one batch is one state: a status, and the loss of the server that told it', () => {
  const after = applied(begun, [
    { kind: 'job', end: endOf('alpha', { state: 'paused' }) },
    { kind: 'server', server: serverOf('alpha', LOST) },
  ]);
  const [job] = after.jobs;
  expect([job?.status.state, job?.staleSinceMs, job?.health]).toEqual(['paused', 5000, 'risk']);
  expect(begun.jobs[0]?.status.state).toBe('protected');
});

test('a job or a server that is gone takes along what was known of it', () => {
  expect(applied(begun, [{ kind: 'job-gone', server: 'alpha', name: 'files' }]).jobs).toEqual([]);
  const withEvents = applied(begun, [
    { kind: 'events', events: [{ server: 'alpha', event: event(1, '2026-01-01T00:00:00.000Z') }] },
  ]);
  const after = applied(withEvents, [{ kind: 'server-gone', name: 'alpha' }]);
  expect([Object.keys(after.servers), after.jobs, after.events]).toEqual([['beta'], [], []]);
});

test('events of several servers stand in the order of time, and no more of them than can be looked through', () => {
  const later = { server: 'beta', event: event(1, '2026-01-01T00:00:02.000Z') };
  const sooner = { server: 'alpha', event: event(9, '2026-01-01T00:00:01.000Z') };
  const state = applied(begun, [{ kind: 'events', events: [later, sooner] }]);
  expect(state.events).toEqual([sooner, later]);
  const many = Array.from({ length: EVENTS_SHOWN + 10 }, (_, i) => ({
    server: 'alpha',
    event: event(i + 1, '2026-01-02T00:00:00.000Z'),
  }));
  const full = applied(state, [{ kind: 'events', events: many }]);
  expect(full.events).toHaveLength(EVENTS_SHOWN);
  expect(full.events.at(-1)?.event.id).toBe(EVENTS_SHOWN + 10);
});
