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
