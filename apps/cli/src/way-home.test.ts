import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand, summaryOf, TwoServers } from './testing.ts';

const ID = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const ENTRY = {
  kind: 'ranges',
  path: '/srv/data/ledger',
  bytes: 'L3Nydg==',
  ranges: [0, 4096],
  size: 4096,
  sinceMs: 0,
};

describe('unsent', () => {
  let two: TwoServers;
  const run = () => runCommand(['unsent', 'files'], { env: two.env });

  beforeEach(async () => {
    two = await TwoServers.start();
    two.alpha.answers['job.unsent'] = () => ({
      unsent: {
        at: '2026-11-29T06:00:00.000Z',
        entries: [{ ...ENTRY, kind: 'ranges' }],
        more: 0,
        size: 4096,
        asideAt: ['/srv/.understudy/unsent'],
      },
    });
  });
  afterEach(() => two.stop());

  it('asks the former source while another server speaks for the job', async () => {
    two.jobs(summaryOf({ id: ID, epoch: 1, state: 'halted' }));
    const taken = summaryOf({ id: ID, epoch: 2, source: 'beta', target: 'alpha', state: 'failed-over' });
    two.beta.answers['job.list'] = () => ({ jobs: [taken] });
    two.beta.answers['job.unsent'] = () => ({ unsent: null });
    const { exitCode, out } = await run();
    expect(exitCode).toBe(0);
    expect(out).toContain('/srv/data/ledger: changed, 4.0 KiB');
  });

  it('names where it lies when the roles are as they were, too', async () => {
    two.jobs(summaryOf({ id: ID, epoch: 3 }));
    two.beta.answers['job.list'] = () => ({ jobs: [summaryOf({ id: ID, role: 'target', epoch: 3 })] });
    const { exitCode, out } = await run();
    expect(exitCode).toBe(0);
    expect(out).toContain('put aside in /srv/.understudy/unsent');
  });
});

describe('failback', () => {
  let two: TwoServers;

  beforeEach(async () => {
    two = await TwoServers.start();
    two.alpha.answers['job.unsent'] = () => ({ unsent: null });
    two.alpha.answers['job.list'] = () => ({ jobs: [summaryOf({ id: ID })] });
  });
  afterEach(() => two.stop());

  /** What the server says of the job each time it is asked, once it is on its way; the last of it again and again. */
  const says = (...left: NonNullable<Parameters<typeof summaryOf>[0]>[]) => {
    two.alpha.answers['job.failback'] = () => {
      two.alpha.answers['job.list'] = () => ({
        jobs: [summaryOf({ id: ID, ...(left.length > 1 ? left.shift() : left[0]) })],
      });
      return summaryOf({ id: ID }).status;
    };
  };
  const run = () => runCommand(['failback', 'files', '--yes'], { env: two.env });
  const halted = (code: string, sentence: string) => ({ state: 'halted', reason: { code, sentence } }) as const;

  it('goes on waiting over the moment in which the job is between two runs', async () => {
    says(halted('starting', 'The job is about to be started.'), { state: 'stopped' });
    const { exitCode, out } = await run();
    expect(exitCode).toBe(0);
    expect(out).toContain('is the primary again');
  });

  it('ends with what halted the job', async () => {
    says(halted('mount-gone', 'The mount was taken away.'));
    const { exitCode, err } = await run();
    expect(exitCode).toBe(1);
    expect(err).toContain('The mount was taken away.');
  });
});
