import type { FoundPreset } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunOptions, runCommand, statusOf, TwoServers } from './testing.ts';

let servers: TwoServers;

beforeEach(async () => {
  servers = await TwoServers.start();
});
afterEach(() => servers.stop());

const run = (line: string, options: RunOptions = {}) => runCommand(line.split(' '), { env: servers.env, ...options });

const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });

function found(changes: Partial<FoundPreset> = {}): FoundPreset {
  return {
    name: 'postgresql:15-main',
    title: 'PostgreSQL 15, cluster main',
    running: true,
    include: [path('/var/lib/postgresql/15/main'), path('/disks/fast')],
    exclude: [path('/var/lib/postgresql/15/main/postmaster.pid')],
    services: [
      {
        name: 'PostgreSQL 15 main',
        unit: 'postgresql@15-main.service',
        start: ['/usr/bin/pg_ctlcluster', '15', 'main', 'start'],
        stop: ['/usr/bin/pg_ctlcluster', '15', 'main', 'stop'],
        check: ['/usr/bin/pg_isready'],
        timeoutMs: 60_000,
      },
    ],
    notes: ['/etc/postgresql/15/main is not replicated'],
    ...changes,
  };
}

describe('presets', () => {
  it('lists what the servers have', async () => {
    servers.alpha.answers['presets.list'] = () => ({ presets: [found()] });
    servers.beta.answers['presets.list'] = () => ({
      presets: [found({ name: 'samba', title: 'Samba', running: false })],
    });
    const listed = await run('presets');
    expect(listed.exitCode).toBe(0);
    expect(listed.out).toMatch(
      /alpha +postgresql:15-main +yes +PostgreSQL 15, cluster main +\/var\/lib\/postgresql\/15\/main and 1 more/,
    );
    expect(listed.out).toMatch(/beta +samba +no +Samba/);
    const one = JSON.parse((await run('presets --server beta --json')).out);
    expect(one.servers).toMatchObject([{ server: 'beta', presets: [{ name: 'samba' }] }]);
    servers.alpha.answers['presets.list'] = () => ({ presets: [] });
    expect((await run('presets --server alpha')).out).toBe('no application that a preset knows was found\n');
  });
});

describe('job create --preset', () => {
  const needs = {
    ...{ name: 'postgresql:15-main', title: 'PostgreSQL 15, cluster main', parts: ['15', 'main'], version: '15' },
    ...{
      accounts: [],
      ports: [],
      paths: [path('/var/lib/postgresql/15/main')],
      bytes: 1,
      counted: true,
      configuration: [],
    },
  };
  const created: {
    include: { text: string }[];
    exclude: { text: string }[];
    ruleOrder?: unknown;
    failover?: { services: unknown; addresses: unknown } | null | undefined;
  }[] = [];
  let asked: unknown;
  let problems: { severity: 'error' | 'warning'; code: string; sentence: string }[];

  beforeEach(() => {
    created.length = 0;
    problems = [];
    const { alpha, beta } = servers;
    alpha.answers['presets.list'] = () => ({
      presets: [found(), found({ name: 'postgresql:16-other' }), found({ name: 'samba' })],
    });
    alpha.answers['presets.needs'] = () => needs;
    beta.answers['presets.validate'] = (params) => {
      asked = params;
      return { problems };
    };
    alpha.answers['agent.peers'] = () => ({ peers: [] });
    beta.answers['agent.createPairingCode'] = ({ role }) => ({ code: 'C0DE', role, expiresAt: '2026-11-22T12:00:00Z' });
    alpha.answers['agent.introduce'] = () => ({ name: 'beta', fingerprint: beta.fingerprint });
    alpha.answers['job.validate'] = () => ({ problems: [] });
    alpha.answers['job.create'] = (definition) => {
      created.push(definition);
      return { status: statusOf({ name: definition.name, state: 'stopped' }), notes: [] };
    };
  });

  const create = (options: string) => run(`job create db --source alpha --target beta ${options}`);

  it('takes its rules and services, and what is given beside them', async () => {
    const ran = await create('--preset postgresql:15-main --include /srv/more --exclude /srv/more/not --to /replicas');
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.err).toContain('note: /etc/postgresql/15/main is not replicated');
    expect(created).toHaveLength(1);
    expect(created[0]?.include.map(({ text }) => text)).toEqual([
      '/var/lib/postgresql/15/main',
      '/disks/fast',
      '/srv/more',
    ]);
    expect(created[0]?.exclude.map(({ text }) => text)).toEqual([
      '/var/lib/postgresql/15/main/postmaster.pid',
      '/srv/more/not',
    ]);
    expect(created[0]?.ruleOrder).toEqual(['include', 'include', 'exclude', 'include', 'exclude']);
    expect(created[0]?.failover?.services).toEqual(found().services);
    expect(asked).toEqual({ needs, to: path('/replicas') });
    await create('--preset samba --service-address 192.0.2.1/24@eth0');
    expect(created[1]?.failover).toMatchObject({ services: found().services, addresses: [{ interface: 'eth0' }] });
    await create('--preset samba --service other.service');
    expect(created[2]?.failover?.services).toMatchObject([{ unit: 'other.service' }]);
  });

  it('makes no job that the target could not take over: exit 5', async () => {
    problems = [
      { severity: 'warning', code: 'preset-configuration', sentence: 'pg_hba.conf differs' },
      { severity: 'error', code: 'preset-version', sentence: 'the target has version 14' },
    ];
    const ran = await create('--preset samba');
    expect(ran.exitCode).toBe(5);
    expect(ran.err).toMatch(
      /warning: pg_hba\.conf differs\nerror: the target has version 14\n.*the job was not created/,
    );
    expect(created).toEqual([]);
  });

  it.each([
    ['--preset postgresql', /write --preset postgresql:15-main or --preset postgresql:16-other/],
    ['--preset sambo', /there is no sambo on the source; did you mean samba\?/],
    ['--preset /srv', /Write it as `understudy presets` lists it/],
    ['', /say what to protect: --include RULE, or --preset NAME/],
  ])('refuses %j as wrong usage', async (options, sentence) => {
    const ran = await run(`job create db --source alpha --target beta${options === '' ? '' : ` ${options}`}`);
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toMatch(sentence);
    expect(created).toEqual([]);
  });
});
