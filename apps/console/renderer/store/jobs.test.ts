import { describe, expect, test } from 'vitest';
import type { JobEnd, ServerView } from '../../shared/view.ts';
import { endOf, LIVE, LOST, serverOf } from '../../testing.ts';
import { atStake, healthOf, type JobView, jobsOf, offersOf, recoveryAgeMs, targetEnd, totalsOf } from './jobs.ts';

const ID = '6f1c2a7e-0000-4000-8000-000000000001';
const NOW = Date.parse('2026-11-22T12:00:10.000Z');

const keyed = (...ends: JobEnd[]) => Object.fromEntries(ends.map((end) => [`${end.server}/${end.status.name}`, end]));
const byName = (...servers: ServerView[]) => Object.fromEntries(servers.map((server) => [server.name, server]));
const both = byName(serverOf('alpha'), serverOf('beta'));
function only(ends: Record<string, JobEnd>, servers = both): JobView {
  const [job, ...others] = jobsOf(ends, servers);
  if (job === undefined || others.length > 0) throw new Error('one job was expected');
  return job;
}

const source = (changes = {}) => endOf('alpha', { id: ID, ...changes });
const target = (changes = {}) =>
  endOf('beta', {
    id: ID,
    role: 'target',
    actions: ['failover'],
    failover: { automatic: false, monitor: null, takeover: null },
    ...changes,
  });

describe('the two ends of a job', () => {
  test('are one row, for which the source speaks', () => {
    const job = only(keyed(target(), source()));
    expect([job.key, job.server, job.ends.length]).toEqual([ID, 'alpha', 2]);
    expect(targetEnd(job)?.server).toBe('beta');
  });

  test('the target speaks where the source does not answer', () => {
    const job = only(
      keyed(source(), target({ state: 'disconnected' })),
      byName(serverOf('alpha', LOST), serverOf('beta')),
    );
    expect([job.server, job.status.state, job.staleSinceMs]).toEqual(['beta', 'disconnected', null]);
  });

  test('who has the higher epoch speaks, whether it answers or not', () => {
    const ends = keyed(source({ epoch: 1 }), target({ epoch: 2, state: 'failed-over' }));
    expect(only(ends).server).toBe('beta');
    const silent = only(ends, byName(serverOf('alpha'), serverOf('beta', LOST)));
    expect([silent.server, silent.staleSinceMs]).toEqual(['beta', 5000]);
  });

  test('jobs of the same name without an identity are two', () => {
    expect(jobsOf(keyed(endOf('alpha'), endOf('gamma')), both)).toHaveLength(2);
  });
});

describe('nothing is called well that is not', () => {
  const status = source().status;
  test('a job whose agent does not answer is at risk, whatever it last said', () => {
    expect(healthOf(status, false)).toBe('good');
    expect(healthOf(status, true)).toBe('risk');
    expect(healthOf({ ...status, state: 'halted' }, true)).toBe('halted');
  });
  test.each([
    ['doubtful data', { targetDataState: 'retrying' as const }],
    ['files that cannot be repaired', { unrepairable: 1 }],
    [
      'a mark that did not come through',
      { audit: { lastSeen: null, ageMs: null, begins: 'kernel' as const, hop: 'sent' as const } },
    ],
    ['no recovery point', { recoveryPoint: { time: null, latencyMs: null, position: '0' } }],
    ['a mount that is not intercepted', { uncovered: ['/srv/data/usb'] }],
  ])('%s is a risk though the state is protected', (_title, changes) => {
    expect(healthOf({ ...status, ...changes }, false)).toBe('risk');
  });
  test.each([
    ['paused', 'risk'],
    ['failed-over', 'risk'],
    ['disconnected', 'halted'],
    ['mirroring', 'busy'],
    ['stopped', 'stopped'],
  ] as const)('%s is %s', (state, health) => expect(healthOf({ ...status, state }, false)).toBe(health));
});

test('what needs somebody stands at the top', () => {
  const states = ['protected', 'halted', 'mirroring', 'paused', 'stopped'] as const;
  const ends = states.map((state, index) => endOf('alpha', { name: `job${index}`, state }));
  expect(jobsOf(keyed(...ends), both).map(({ health }) => health)).toEqual([
    'halted',
    'risk',
    'busy',
    'stopped',
    'good',
  ]);
});

describe('an action', () => {
  test('is asked of whoever offers it: a failover of the target, all else of who speaks', () => {
    const job = only(keyed(source(), target()));
    const offers = Object.fromEntries(offersOf(job, both).map(({ action, server }) => [action, server]));
    expect(offers).toMatchObject({ pause: 'alpha', failover: 'beta', start: null, failback: null });
  });
  test('that changes the definition is asked of who captures, where that one offers it', () => {
    const server = (ends: Record<string, JobEnd>, servers = both) =>
      offersOf(only(ends, servers), servers).find(({ action }) => action === 'edit')?.server;
    expect(server(keyed(source(), target()))).toBe('alpha');
    expect(server(keyed(source({ actions: ['start', 'delete'] }), target()))).toBeNull();
    // The target speaks, and keeps no definition that could be changed.
    expect(server(keyed(source({ epoch: 1 }), target({ epoch: 2, state: 'failing-over' })))).toBe('alpha');
    expect(server(keyed(source(), target()), byName(serverOf('alpha', LOST), serverOf('beta')))).toBeNull();
    expect(server(keyed(target()))).toBeNull();
  });
  test('of an end that does not answer is not offered', () => {
    const servers = byName(serverOf('alpha', LOST), serverOf('beta', LOST));
    const job = only(keyed(source(), target()), servers);
    expect(offersOf(job, servers).filter(({ server }) => server !== null)).toEqual([]);
  });
});

describe('the age of the recovery point', () => {
  test('is the latency while it moves along, and grows otherwise', () => {
    expect(recoveryAgeMs(only(keyed(source())), NOW)).toBe(3);
    expect(recoveryAgeMs(only(keyed(source({ state: 'paused' }))), NOW)).toBe(10_000);
    const silent = byName(serverOf('alpha', LOST));
    expect(recoveryAgeMs(only(keyed(source()), silent), NOW)).toBe(10_000);
  });
  test('is reckoned by the server’s own clock', () => {
    const ahead = byName(serverOf('alpha', LIVE, 60_000));
    expect(recoveryAgeMs(only(keyed(source({ state: 'paused' })), ahead), NOW)).toBe(70_000);
  });
  test('is nothing where there never was one', () => {
    const recoveryPoint = { time: null, latencyMs: null, position: '0' };
    const job = only(keyed(source({ recoveryPoint, state: 'mirroring' })));
    expect(recoveryAgeMs(job, NOW)).toBeNull();
    expect(totalsOf([job], NOW)).toMatchObject({ worstAgeMs: null, someWithout: true, busy: 1 });
  });
});

test('what would be lost with the source is what its queue holds; what the queue’s files take of the disk is no part of that', () => {
  const queue = { queuedOperations: 7, queuedFiles: 3, queuedBytes: 100, diskQueueBytes: 50 };
  const replication = { ...source().status.replication, ...queue };
  const dirty = { items: 2, bytes: 9, reasons: [{ reason: 'power-cut', items: 2 }] };
  const job = only(keyed(source({ replication: { ...replication, dirty } })));
  const lacking = { files: 3, operations: 7, bytes: 100, oldestMs: 3 };
  expect(atStake(job, NOW)).toEqual({ ...lacking, dirtyItems: 2, dirtyBytes: 9, dirtyReasons: ['power-cut'] });
  const { queuedFiles: _, ...older } = replication;
  expect(atStake(only(keyed(source({ replication: older }))), NOW).files, 'of an agent that does not count').toBeNull();
});
