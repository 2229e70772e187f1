import fs from 'node:fs';
import path from 'node:path';
import { type Answers, FakeAgent } from '@understudy/sdk/testing';
import { ManagementError } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CODE, type RunOptions, runCommand, statusOf, TwoServers } from './testing.ts';

let servers: TwoServers;
let alpha: FakeAgent;
let beta: FakeAgent;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  servers = await TwoServers.start();
  ({ alpha, beta, env } = servers);
});
afterEach(() => servers.stop());

const run = (line: string, options: RunOptions = {}) => runCommand(line.split(' '), { env, ...options });

describe('pair and servers', () => {
  it('remember a server and list it', async () => {
    const listed = await run('servers');
    expect(listed.out).toMatch(new RegExp(`alpha +${alpha.address} +admin +${alpha.fingerprint}`));
    const { servers } = JSON.parse((await run('servers --json')).out);
    expect(servers.map((server: { name: string }) => server.name)).toEqual(['alpha', 'beta']);
  });

  it('refuse a changed fingerprint with both shown: exit 3', async () => {
    const file = path.join(servers.folder, 'servers.json');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(alpha.fingerprint, 'ab'.repeat(32)));
    for (const line of ['status alpha/files', `pair ${alpha.address} --code ${CODE}`]) {
      const ran = await run(line);
      expect(ran.exitCode).toBe(3);
      expect(ran.err).toContain('ab'.repeat(32));
      expect(ran.err).toContain(alpha.fingerprint);
    }
    expect((await run('servers --forget alpha')).exitCode).toBe(0);
    alpha.code = CODE;
    expect((await run(`pair ${alpha.address} --code ${CODE}`)).exitCode).toBe(0);
  });

  it('refuse a wrong code: exit 3, nothing remembered', async () => {
    const gamma = await FakeAgent.start({ name: 'gamma' });
    servers.others.push(gamma);
    gamma.code = CODE;
    const ran = await run(`pair ${gamma.address} --code ${CODE.replace('A', 'B')}`);
    expect(ran).toMatchObject({ exitCode: 3, err: expect.stringContaining('the code is wrong') });
    expect((await run('servers')).out).not.toContain('gamma');
  });

  it('say which servers answer with --check', async () => {
    await beta.stop();
    const ran = await run('servers --check');
    expect(ran.exitCode).toBe(0);
    expect(ran.out).toMatch(/alpha .*version 0\.1\.0/);
    expect(ran.err).toMatch(/note: beta could not be asked: .*cannot be reached/);
  });

  it('tell of a damaged list instead of losing it', async () => {
    fs.writeFileSync(path.join(servers.folder, 'servers.json'), '{');
    const ran = await run('servers');
    expect(ran.err).toMatch(/note: .*servers\.json is damaged.*kept as .*servers\.json\.damaged-/);
  });
});

describe('agent pairing-code', () => {
  it('prints a code of the agent in that home, alone on a line', async () => {
    const home = fs.mkdtempSync(path.join(servers.folder, 'home-'));
    const answers: Answers = {
      'agent.createPairingCode': ({ role, ttlMs }) => ({
        code: `${role}-${ttlMs}`,
        role,
        expiresAt: '2026-11-22T12:00:00Z',
      }),
    };
    servers.others.push(await FakeAgent.start({ name: 'local', home, answers }));
    const printed = await run(`agent pairing-code --home ${home} --role monitor --ttl 5m`);
    expect(printed).toEqual({ exitCode: 0, out: 'monitor-300000\n', err: '' });
    const byEnvironment = await run('agent pairing-code', { env: { UNDERSTUDY_HOME: home } });
    expect(byEnvironment.out).toBe('admin-600000\n');
  });

  it('says how to start an agent where none runs: exit 3', async () => {
    const ran = await run(`agent pairing-code --home ${servers.folder}`);
    expect(ran).toMatchObject({
      exitCode: 3,
      err: expect.stringMatching(/no agent runs with the home .*agent run --home/),
    });
  });
});

describe('job create', () => {
  const CREATE = 'job create files --source alpha --target beta --include /srv/data';
  let created: unknown;

  beforeEach(() => {
    created = null;
    alpha.answers['agent.peers'] = () => ({ peers: [] });
    beta.answers['agent.createPairingCode'] = ({ role }) => ({ code: 'C0DE', role, expiresAt: '2026-11-22T12:00:00Z' });
    alpha.answers['agent.introduce'] = ({ name, fingerprint }) => ({ name, fingerprint });
    alpha.answers['job.validate'] = () => ({ problems: [] });
    alpha.answers['job.create'] = (params) => {
      created = params;
      return { status: statusOf({ state: 'stopped' }), notes: [] };
    };
    alpha.answers['job.start'] = () => statusOf({ state: 'calculating' });
  });

  it('makes the agents known to each other and sends the definition to the source', async () => {
    let introduced: unknown;
    alpha.answers['agent.introduce'] = (params) => {
      introduced = params;
      return { name: params.name, fingerprint: params.fingerprint };
    };
    const right = await runCommand(
      [...CREATE.split(' '), '/srv/www/**', '--exclude', '/srv/data/tmp', '--exclude', '/a b', '--to', '/r', '--start'],
      { env },
    );
    expect(right).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^files: calculating/), err: '' });
    expect(introduced).toEqual({ name: 'beta', address: beta.address, fingerprint: beta.fingerprint, code: 'C0DE' });
    expect(created).toMatchObject({
      name: 'files',
      sourceName: 'alpha',
      target: { name: 'beta', address: beta.address, fingerprint: beta.fingerprint },
      include: [{ text: '/srv/data' }, { text: '/srv/www/**' }],
      exclude: [{ text: '/srv/data/tmp' }, { text: '/a b' }],
      to: { text: '/r' },
      intercept: 'auto',
    });
    expect(alpha.seen.at(-1)).toBe('call job.start');
  });

  it.each([
    ['off', null],
    ['7,0%/30s', { files: 7, percent: 0, windowMs: 30_000 }],
  ])('[SAFE4] --brake %s', async (written, brake) => {
    expect(await runCommand([...CREATE.split(' '), '--brake', written], { env })).toMatchObject({ exitCode: 0 });
    expect(created).toMatchObject({ brake });
  });

  it('does not pair agents again that know each other', async () => {
    const peer = { name: 'beta', fingerprint: beta.fingerprint, addresses: [], since: '2026-11-22T12:00:00Z' };
    alpha.answers['agent.peers'] = () => ({ peers: [peer] });
    expect((await run(CREATE)).exitCode).toBe(0);
    expect(beta.seen).not.toContain('call agent.createPairingCode');
  });

  it('pairs them anew where the target has forgotten the source', async () => {
    const peer = { name: 'beta', fingerprint: beta.fingerprint, addresses: [], since: '2026-11-22T12:00:00Z' };
    alpha.answers['agent.peers'] = () => ({ peers: [peer] });
    alpha.answers['agent.introduce'] = ({ name, fingerprint, code }) => {
      if (code === null) throw new ManagementError('not-trusted', 'beta does not know this server');
      return { name, fingerprint };
    };
    expect((await run(CREATE)).exitCode).toBe(0);
    expect(alpha.seen.filter((call) => call === 'call agent.introduce')).toHaveLength(2);
  });

  it('keeps rules of any bytes', async () => {
    const ran = await runCommand([...CREATE.split(' '), '/srv/\udcff\udcfe'], { env });
    expect(ran.exitCode).toBe(0);
    const bytes = Buffer.from([0x2f, 0x73, 0x72, 0x76, 0x2f, 0xff, 0xfe]).toString('base64');
    expect(created).toMatchObject({ include: [{}, { bytes }] });
  });

  it('prints warnings and notes once, and says how to start', async () => {
    const sentence = '/srv/data does not exist yet';
    alpha.answers['job.validate'] = () => ({ problems: [{ severity: 'warning', code: 'missing', sentence }] });
    alpha.answers['job.create'] = () => ({ status: statusOf({ state: 'stopped' }), notes: [sentence, 'no database'] });
    const ran = await run(CREATE);
    expect(ran.exitCode).toBe(0);
    expect(ran.err).toBe(
      `warning: ${sentence}\nnote: no database\nnote: it is not started; run: understudy job start files\n`,
    );
  });

  it('that cannot be started says that the job is there all the same: exit 5', async () => {
    alpha.answers['job.start'] = () => {
      throw new ManagementError('refused', 'postgres (pid 812) holds /srv/data/base/1 open');
    };
    const ran = await run(`${CREATE} --start`);
    expect(ran.exitCode).toBe(5);
    expect(ran.err).toMatch(/was created and could not be started.*\n.*postgres \(pid 812\)/);
  });

  it('creates nothing where validation finds an error: exit 5', async () => {
    const sentence = 'the target path /srv/data lies inside the set';
    alpha.answers['job.validate'] = () => ({ problems: [{ severity: 'error', code: 'inside', sentence }] });
    const ran = await run(CREATE);
    expect(ran).toMatchObject({ exitCode: 5, err: expect.stringContaining(`error: ${sentence}\n`) });
    expect(created).toBeNull();
  });

  it.each([
    ['--source alhpa --target beta', 2, /no server "alhpa"; did you mean alpha\?/],
    ['--source alpha --target zzz', 2, /no server "zzz"; known are alpha, beta/],
  ])('%s: a server that is not known', async (servers, exitCode, sentence) => {
    const ran = await run(`job create files ${servers} --include /srv/data`);
    expect(ran).toMatchObject({ exitCode, err: expect.stringMatching(sentence) });
  });

  it('refuses a name that cannot be one: exit 2', async () => {
    const ran = await runCommand(CREATE.replace('files', 'f!les').split(' '), { env });
    expect(ran).toMatchObject({ exitCode: 2, err: expect.stringMatching(/"f!les".*a name has 1 to 64 letters/) });
  });

  it('is exit 3 when the target is away, and the agent’s sentence with 5 when it refuses', async () => {
    alpha.answers['job.create'] = () => {
      throw new ManagementError('name-taken', 'a job named files exists already');
    };
    const taken = await run(CREATE);
    expect(taken).toMatchObject({ exitCode: 5, err: 'error: alpha: a job named files exists already\n' });
    await beta.stop();
    expect((await run(CREATE)).exitCode).toBe(3);
  });
});
