import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand, summaryOf, TwoServers } from './testing.ts';

const ID = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const PLAN = {
  name: 'files',
  server: 'alpha',
  places: ['/srv/data'],
  steps: ['The replica of files at /replica/srv/data stands still.'],
  obstacles: [] as object[],
  notes: ['The job was stopped on alpha.'],
};
const STATUS = {
  name: 'files',
  server: 'alpha',
  places: ['/srv/data'],
  by: 'admin',
  startedAt: '2026-11-29T06:00:00.000Z',
  endedAt: null as string | null,
  phase: 'copying',
  mirror: null,
  reason: null as object | null,
};

describe('restore', () => {
  let two: TwoServers;
  let asked: unknown[];
  const run = (...args: string[]) => runCommand(['restore', 'files', ...args], { env: two.env });

  beforeEach(async () => {
    two = await TwoServers.start();
    asked = [];
    two.jobs(summaryOf({ id: ID, state: 'stopped' }));
    two.beta.answers['job.list'] = () => ({ jobs: [summaryOf({ id: ID, role: 'target' })] });
    two.beta.answers['job.restorePlan'] = () => PLAN;
    two.beta.answers['job.restore'] = (params: unknown) => {
      asked.push(params);
      return STATUS;
    };
  });
  afterEach(() => two.stop());

  it('asks the server that keeps the replica, shows the plan, and follows it to its end', async () => {
    let looks = 0;
    two.beta.answers['job.restoreStatus'] = () => {
      looks += 1;
      return { restore: looks < 2 ? STATUS : { ...STATUS, phase: 'done', endedAt: STATUS.startedAt } };
    };
    const { exitCode, out } = await run('--overwrite', '--yes');
    expect(exitCode).toBe(0);
    expect(out).toContain('  1. The replica of files at /replica/srv/data stands still.');
    expect(out).toContain('Note: The job was stopped on alpha.');
    expect(out).toContain('files: what was kept of it lies on alpha (/srv/data)');
    expect(asked).toEqual([{ name: 'files', to: null, overwrite: true, risks: [] }]);
  });

  it('does nothing without a yes, or with --dry-run', async () => {
    expect(await run('--dry-run')).toMatchObject({ exitCode: 0, out: expect.stringContaining('Restore of files') });
    const ran = await run();
    expect(ran).toMatchObject({ exitCode: 2, err: expect.stringContaining('say --yes') });
    expect(asked).toEqual([]);
  });

  it('names everything that stands in the way, and which risks there are', async () => {
    const obstacle = { code: 'incomplete', sentence: 'The replica is not complete.', risk: 'incomplete' };
    two.beta.answers['job.restorePlan'] = () => ({ ...PLAN, obstacles: [obstacle] });
    const ran = await run('--yes');
    expect(ran.exitCode).toBe(1);
    expect(ran.err).toContain('The replica is not complete. Taken knowingly: --risk incomplete');
    expect(asked).toEqual([]);
  });

  it('one that ends otherwise says why, and exits with 1', async () => {
    const reason = { code: 'unrepairable', sentence: 'One file could not be copied.' };
    two.beta.answers['job.restoreStatus'] = () => ({ restore: { ...STATUS, phase: 'halted', reason } });
    const { exitCode, out } = await run('--yes');
    expect([exitCode, out]).toEqual([1, expect.stringContaining('halted, to alpha (/srv/data). One file could not')]);
  });
});
