import { ManagementError, type TestFailover } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand, summaryOf, TwoServers } from './testing.ts';

const ID = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const TESTED: TestFailover = {
  startedAt: '2026-11-29T06:00:00.000Z',
  endedAt: '2026-11-29T06:00:09.000Z',
  by: 'anna',
  ok: true,
  sentence: 'The test failover of files succeeded: db served after 4.2 s.',
  position: '812',
  point: '2026-11-29T05:59:59.500Z',
  copy: 'reflink',
  heldMs: 40,
  recoveryMs: 4200,
  services: [{ name: 'db', ms: 4200 }],
};

describe('failover --test', () => {
  let two: TwoServers;
  const run = (line: string) => runCommand(line.split(' '), { env: two.env });
  const test = (last: TestFailover, proven: TestFailover | null) => {
    const failover = { automatic: false, monitor: null, takeover: null, test: { running: false, last, proven } };
    two.beta.answers['job.list'] = () => ({ jobs: [summaryOf({ id: ID, role: 'target', failover })] });
  };

  beforeEach(async () => {
    two = await TwoServers.start();
    two.jobs(summaryOf({ id: ID }));
    two.alpha.answers['events.list'] = () => ({ events: [], last: 0 });
    test(TESTED, TESTED);
    two.beta.answers['job.testFailover'] = () => TESTED;
  });
  afterEach(() => two.stop());

  it('asks the target, and tells what it came to', async () => {
    const ran = await run('failover files --test');
    expect(ran.exitCode).toBe(0);
    expect(ran.out).toBe(
      'The test failover of files succeeded: db served after 4.2 s.\n' +
        'tried on the replica as of 2026-11-29T05:59:59.500Z (position 812)\n' +
        'nothing was applied to the replica for 40 ms, while its blocks were shared\n' +
        'db served after 4.2 s\n',
    );
    expect(two.alpha.seen).not.toContain('call job.testFailover');
    expect(JSON.parse((await run('failover files --test --json')).out)).toEqual(TESTED);
  });

  it('that did not succeed, or could not be made, is the answer no: exit 1', async () => {
    const failed = { ...TESTED, ok: false, sentence: 'It did not serve.', recoveryMs: null, services: [] };
    two.beta.answers['job.testFailover'] = () => failed;
    expect(await run('failover files --test')).toMatchObject({
      exitCode: 1,
      out: expect.stringMatching(/^It did not serve\.\n/),
    });
    two.beta.answers['job.testFailover'] = () => {
      throw new ManagementError('refused', 'files has no services');
    };
    expect(await run('failover files --test')).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('files has no services'),
    });
  });

  it.each(['--yes', '--dry-run', '--data discard', '--point 2026-11-29T06:00:00Z', '--risk mirroring'])(
    'takes no %s beside it: exit 2',
    async (option) => {
      const ran = await run(`failover files --test ${option}`);
      expect(ran).toMatchObject({ exitCode: 2, err: expect.stringContaining(`leave out ${option.split(' ')[0]}`) });
    },
  );

  it('stands in the status of its job: last proven, and the last that failed', async () => {
    expect((await run('status files')).out).toMatch(
      /last proven +2026-11-29T06:00:00\.000Z · position 812 · served after 4\.2 s/,
    );
    expect(JSON.parse((await run('status files --json')).out).failover.test.proven).toEqual(TESTED);
    test({ ...TESTED, ok: false, sentence: 'It did not serve.' }, TESTED);
    const { out } = await run('status files');
    expect(out).toMatch(/test failover .*It did not serve\./);
    expect(out).toMatch(/last proven /);
  });
});
