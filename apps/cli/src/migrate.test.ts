import { ManagementError, type TakeoverPlan, type TakeoverStatus } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand, statusOf, summaryOf, TwoServers } from './testing.ts';

const ID = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const PLAN: TakeoverPlan = {
  name: 'files',
  steps: [{ step: 'intercept', sentence: 'Let go of /srv/data.', undo: null, pointOfNoReturn: true }],
  obstacles: [],
  queue: { operations: 7, bytes: 2048 },
  reaches: null,
  notes: [],
};
const takeover = (phase: TakeoverStatus['phase'], epoch: 'waiting' | 'done'): TakeoverStatus => ({
  phase,
  startedAt: '2026-11-29T06:00:00.000Z',
  endedAt: null,
  by: 'anna',
  data: 'apply',
  point: null,
  epoch: 2,
  steps: [{ step: 'epoch', state: epoch, sentence: 'Begin epoch 2.', outcome: null }],
  reason: null,
  advice: 'Mend that.',
});

describe('migrate', () => {
  let two: TwoServers;
  /** What was asked of the two, in order. */
  let asked: string[];
  const run = (...args: string[]) => runCommand(['migrate', 'files', ...args], { env: two.env });
  const ends = (one: TakeoverStatus) => {
    const status = statusOf({
      id: ID,
      role: 'target',
      epoch: 2,
      state: one.phase === 'halted' ? 'halted' : 'failed-over',
      failover: { automatic: false, monitor: null, takeover: one },
    });
    two.beta.onSubscribe = (_topic, push) => push({ name: 'files', status });
    two.beta.answers['job.status'] = () => status;
  };

  beforeEach(async () => {
    two = await TwoServers.start();
    asked = [];
    const source = summaryOf({ id: ID });
    two.jobs(source);
    two.alpha.answers['job.status'] = () => source.status;
    two.alpha.answers['job.holdWrites'] = () => {
      asked.push('hold');
      return { position: '4711', until: '2026-11-29T06:01:00.000Z' };
    };
    two.alpha.answers['job.letWrite'] = () => {
      asked.push('let write');
      return source.status;
    };
    two.alpha.answers['job.unsent'] = () => ({
      unsent: { at: '2026-11-29T06:00:00.000Z', entries: [], more: 0, size: 0, asideAt: [] },
    });
    two.beta.answers['job.list'] = () => ({ jobs: [summaryOf({ id: ID, role: 'target' })] });
    two.beta.answers['job.failoverPlan'] = () => PLAN;
    two.beta.answers['job.failover'] = () => {
      asked.push('failover');
      return statusOf({ state: 'failing-over' });
    };
    ends(takeover('failed-over', 'done'));
  });
  afterEach(() => two.stop());

  it('says that a job is ready, with what waits and what would be done, and does nothing', async () => {
    const { exitCode, out } = await run();
    expect(exitCode).toBe(0);
    expect(out).toContain('files on alpha: protected, mirror 100 %, beta is behind by 3 ms.');
    expect(out).toContain('on beta: 7 operations, 2.0 KiB');
    expect(out).toContain('Let go of /srv/data.');
    expect(out).toContain('files is ready to be cut over');
    expect(asked).toEqual([]);
    const { ready, reasons, queue, lagMs } = JSON.parse((await run('--json')).out);
    expect({ ready, reasons, lagMs }).toEqual({ ready: true, reasons: [], lagMs: 3 });
    expect(queue.target).toEqual({ operations: 7, bytes: 2048 });
  });

  it('names why one is not ready, exits with 1, and is not cut over', async () => {
    const reason = { code: 'mirroring', sentence: 'Half of it is there.' };
    two.alpha.answers['job.status'] = () => statusOf({ id: ID, state: 'mirroring', reason });
    const obstacles = [{ code: 'incomplete', sentence: 'No mirror has come to its end.', risk: 'incomplete' }];
    two.beta.answers['job.failoverPlan'] = () => ({ ...PLAN, obstacles });
    const { exitCode, out } = await run('--cutover', '--yes');
    expect(exitCode).toBe(1);
    expect(out).toContain('Not yet: On alpha the job is mirroring. Half of it is there.');
    expect(out).toContain('Not yet: No mirror has come to its end.');
    expect(asked).toEqual([]);
    const { reasons } = JSON.parse((await run('--json')).out);
    expect(reasons.map(({ code }: { code: string }) => code)).toEqual(['not-protected', 'incomplete']);
  });

  it('holds the source, and only then lets the target take over', async () => {
    const unasked = await run('--cutover');
    expect([unasked.exitCode, unasked.err]).toEqual([2, expect.stringContaining('say --yes')]);
    const { exitCode, out } = await run('--cutover', '--yes');
    expect([exitCode, asked]).toEqual([0, ['hold', 'failover']]);
    expect(out).toContain('everything up to position 4711 is applied on beta');
    expect(out).toContain('Nothing was left behind on alpha.');
    expect(out).toContain('understudy undo-failover files');
  });

  it('lets the source write on where the target does not take the order, or fails before its epoch', async () => {
    two.beta.answers['job.failover'] = () => {
      throw new ManagementError('refused', 'The brake holds.');
    };
    const refused = await run('--cutover', '--yes');
    expect([refused.exitCode, refused.err]).toEqual([1, expect.stringContaining('The brake holds.')]);
    expect(asked).toEqual(['hold', 'let write']);
    asked.length = 0;
    two.beta.answers['job.failover'] = () => statusOf({ state: 'failing-over' });
    ends(takeover('halted', 'waiting'));
    expect((await run('--cutover', '--yes')).exitCode).toBe(5);
    expect(asked).toEqual(['hold', 'let write']);
    asked.length = 0;
    ends(takeover('halted', 'done'));
    expect((await run('--cutover', '--yes')).exitCode).toBe(5);
    expect(asked).toEqual(['hold']);
  });

  it('needs both servers, and is broken off by --cancel', async () => {
    const cancelled = await run('--cancel');
    expect([cancelled.exitCode, cancelled.out]).toEqual([0, expect.stringContaining('write on')]);
    expect(asked).toEqual(['let write']);
    const both = await run('--cancel', '--cutover');
    expect([both.exitCode, both.err]).toEqual([2, expect.stringContaining('say one of them')]);
    two.beta.answers['job.list'] = () => ({ jobs: [] });
    const alone = await run();
    expect([alone.exitCode, alone.err]).toEqual([3, expect.stringContaining('a cut-over ends on beta')]);
  });
});
