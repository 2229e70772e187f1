import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManagementError, type TakeoverPlan, type TakeoverStatus } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failoverOf } from './actions/failover-file.ts';
import { parseMoment } from './commands/failover.ts';
import { runCommand, statusOf, summaryOf, TwoServers } from './testing.ts';

const ID = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const PLAN: TakeoverPlan = {
  name: 'files',
  steps: [
    { step: 'check', sentence: 'Look whether the replica is good.', undo: null, pointOfNoReturn: false },
    { step: 'intercept', sentence: 'Let go of /srv/data.', undo: null, pointOfNoReturn: true },
  ],
  obstacles: [],
  queue: { operations: 7, bytes: 2048 },
  reaches: '2026-11-29T06:00:00.000Z',
  notes: [],
};
const takeover = (more: Partial<TakeoverStatus> = {}): TakeoverStatus => ({
  phase: 'failed-over',
  startedAt: '2026-11-29T06:00:00.000Z',
  endedAt: null,
  by: 'anna',
  data: 'apply',
  point: null,
  epoch: 2,
  steps: [
    { step: 'check', state: 'done', sentence: 'Look.', outcome: 'nothing stands in the way' },
    { step: 'intercept', state: 'done', sentence: 'Let go.', outcome: 'intercepted' },
  ],
  reason: null,
  advice: '',
  ...more,
});
const failover = (more: TakeoverStatus | null) => ({ automatic: false, monitor: null, takeover: more });

describe('failover', () => {
  let two: TwoServers;
  let asked: unknown[];
  const kept = (state: 'disconnected' | 'halted', more: TakeoverStatus | null) => {
    const replica = summaryOf({ id: ID, role: 'target', epoch: more?.epoch ?? 1, state, failover: failover(more) });
    two.beta.answers['job.list'] = () => ({ jobs: [replica] });
  };
  const run = (...args: string[]) => runCommand(['failover', ...args], { env: two.env });
  const pushes = (status: ReturnType<typeof statusOf>) => {
    two.beta.onSubscribe = (_topic, push) => push({ name: 'files', status });
  };

  beforeEach(async () => {
    two = await TwoServers.start();
    asked = [];
    two.jobs(summaryOf({ id: ID }));
    kept('disconnected', null);
    two.beta.answers['job.failoverPlan'] = () => PLAN;
    two.beta.answers['job.failover'] = (params) => {
      asked.push(params);
      return statusOf({ state: 'failing-over' });
    };
    pushes(statusOf({ id: ID, role: 'target', state: 'failed-over', failover: failover(takeover()) }));
  });
  afterEach(() => two.stop());

  it('shows the plan, and does nothing with --dry-run', async () => {
    const { exitCode, out } = await run('files', '--dry-run');
    expect(exitCode).toBe(0);
    expect(out).toContain('beta takes over from alpha');
    expect(out).toContain('2. intercept (point of no return): Let go of /srv/data.');
    expect(out).toContain('7 operations, 2.0 KiB');
    expect(asked).toEqual([]);
    expect(JSON.parse((await run('files', '--dry-run', '--json')).out)).toEqual(PLAN);
  });

  it('[FO3] wants the word that the source is down: --yes, or the job’s name from a person', async () => {
    const refused = await run('files');
    expect([refused.exitCode, refused.err]).toEqual([2, expect.stringContaining('with --yes you say')]);
    const { exitCode, out } = await run('files', '--yes');
    expect([exitCode, out]).toEqual([0, expect.stringContaining('✔ intercept: intercepted')]);
    expect(asked).toEqual([{ name: 'files', data: 'apply', point: null, risks: [], sourceIsDown: true, skip: false }]);
  });

  it('asks the target where the source is gone, and shows its status', async () => {
    await two.alpha.stop();
    const { exitCode, out } = await runCommand(['status', 'files', '--json'], { env: two.env });
    expect([exitCode, JSON.parse(out)]).toMatchObject([0, { role: 'target', state: 'disconnected' }]);
    expect((await run('files', '--yes', '--point', '2026-11-29T05:00:00Z', '--risk', 'stopped')).exitCode).toBe(0);
    expect(asked).toMatchObject([{ data: 'rewind', point: '2026-11-29T05:00:00.000Z', risks: ['stopped'] }]);
  });

  it('[FO2] exits with 1 and names the risk where something stands in the way', async () => {
    const obstacles = [{ code: 'incomplete', sentence: 'The replica is not complete.', risk: 'incomplete' }];
    two.beta.answers['job.failoverPlan'] = () => ({ ...PLAN, obstacles });
    const { exitCode, err, out } = await run('files', '--yes');
    expect([exitCode, out]).toEqual([1, expect.stringContaining('In the way: The replica is not complete.')]);
    expect(err).toContain('--risk incomplete');
    expect(asked).toEqual([]);
  });

  it('tells a second console who was first', async () => {
    two.beta.answers['job.failover'] = () => {
      throw new ManagementError('busy', 'anna is at the failover of files.');
    };
    const { exitCode, err } = await run('files', '--yes');
    expect([exitCode, err]).toEqual([1, expect.stringContaining('anna is at the failover')]);
  });

  it('goes on with one that is halted, or takes its step for done', async () => {
    const steps = [{ step: 'intercept', state: 'failed', sentence: 'Let go.', outcome: 'no' }] as const;
    const halted = takeover({ phase: 'halted', steps: [...steps], advice: 'Mend it; failover NAME goes on.' });
    kept('halted', halted);
    pushes(statusOf({ id: ID, state: 'halted', failover: failover(halted) }));
    const { exitCode, err } = await run('files', '--skip', '--yes');
    expect([exitCode, err]).toEqual([5, expect.stringContaining('failover files goes on')]);
    expect(asked).toMatchObject([{ skip: true }]);
  });

  it('is one job to everybody, whose two ends are asked', async () => {
    const { out } = await runCommand(['jobs', '--json'], { env: two.env });
    const listed = () => JSON.parse(out).jobs as { server: string; state: string }[];
    expect(listed()).toMatchObject([{ server: 'alpha', state: 'protected' }]);
    kept('halted', takeover());
    const after = await runCommand(['jobs', '--json'], { env: two.env });
    expect(JSON.parse(after.out).jobs).toMatchObject([{ server: 'beta', role: 'target' }]);
  });

  it('refuses what makes no sense', async () => {
    expect((await run('files', '--point', 'noon')).exitCode).toBe(2);
    expect((await run('files', '--json')).exitCode).toBe(2);
    expect((await run('files', '--skip', '--yes')).err).toContain('no failover of files stands at a step');
    expect((await run('files', '--data', 'apply', '--point', '2026-11-29T05:00:00Z')).exitCode).toBe(2);
    expect(parseMoment('2026-11-29 05:00Z')).toBe('2026-11-29T05:00:00.000Z');
  });
});

describe('the failover section', () => {
  let two: TwoServers;
  beforeEach(async () => {
    two = await TwoServers.start();
  });
  afterEach(() => two.stop());
  const file = (text: string) => {
    const path = join(two.folder, 'failover.yaml');
    writeFileSync(path, text);
    return path;
  };

  it('is read from YAML, with times and sizes as people write them', () => {
    const failoverFile = file(`
monitor: { interval: 500ms, failures: 4, icmp: true }
services: [{ name: db, unit: postgresql@15-main.service, timeout: 90s }]
witness: { kind: etcd, endpoints: ["https://etcd1:2379"], lease: 8s }
undo: { size: 10G, age: 2d }
`);
    expect(failoverOf({ failoverFile })).toMatchObject({
      monitor: { intervalMs: 500, failures: 4, icmp: true, agent: true },
      services: [{ name: 'db', timeoutMs: 90_000 }],
      witness: { leaseMs: 8000 },
      undo: { sizeBytes: 10 * 2 ** 30, ageMs: 172_800_000 },
      automatic: false,
    });
  });

  it('is made of flags, beside what the job has', () => {
    const before = failoverOf({ serviceAddress: ['192.0.2.9/24@eth0'], monitor: ['agent'] });
    const after = failoverOf({ timeToFail: 10_000, service: ['nginx.service'] }, before ?? null);
    expect(after).toMatchObject({
      addresses: [{ address: '192.0.2.9/24', interface: 'eth0' }],
      services: [{ unit: 'nginx.service' }],
      monitor: { agent: true, icmp: false, intervalMs: 2000 },
    });
    expect(failoverOf({})).toBeUndefined();
    expect(failoverOf({ failoverFile: 'none' }, after ?? null)).toBeNull();
  });

  it.each([
    ['services: [{ name: db }]', /services\.0.*a unit, or a command/],
    ['adresses: []', /adresses/],
    ['automatic: true', /needs a monitor/],
    ['{ automatic: true, monitor: {} }', /needs a witness/],
    ['monitor: { interval: soon }', /interval: soon.*30s/],
    ['scripts: { beforeFailover: { path: announce } }', /absolute path/],
    ['addresses: [{ address: 300.1.1.1/24, interface: eth0 }]', /192\.0\.2\.10\/24/],
    ['- one', /holds no failover section/],
    ['{', /cannot be read as YAML/],
  ])('is refused with what would be right: %s', (text, sentence) => {
    expect(() => failoverOf({ failoverFile: file(text) })).toThrow(sentence);
  });

  it('goes to the agent with job create', async () => {
    let failover: unknown;
    two.alpha.answers['job.validate'] = () => ({ problems: [] });
    two.alpha.answers['agent.introduce'] = () => ({ name: 'beta', fingerprint: two.beta.fingerprint });
    two.alpha.answers['agent.peers'] = () => ({ peers: [] });
    two.beta.answers['agent.createPairingCode'] = () => ({
      code: 'x',
      role: 'peer',
      expiresAt: new Date().toISOString(),
    });
    two.alpha.answers['job.create'] = (definition) => {
      failover = definition.failover;
      return { status: statusOf({ state: 'stopped' }), notes: [] };
    };
    const args = ['job', 'create', 'files', '--source', 'alpha', '--target', 'beta', '--include', '/srv'];
    const flags = ['--monitor', 'agent,tcp:5432', '--time-to-fail', '5s', '--service', 'a.service', 'b.service'];
    const ran = await runCommand([...args, ...flags], { env: two.env });
    expect([ran.exitCode, ran.err]).toMatchObject([0, expect.anything()]);
    expect(failover).toMatchObject({
      monitor: { agent: true, tcp: [5432], intervalMs: 1000 },
      services: [{ unit: 'a.service' }, { unit: 'b.service' }],
    });
  });
});
