import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Profile, profileFolder } from './profile.ts';
import type { KnownServer } from './servers.ts';

let folder: string;
let notices: string[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-profile-'));
  notices = [];
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const open = () => new Profile(folder, { onNotice: (sentence) => notices.push(sentence), lockWaitMs: 2000 });

function server(name: string): KnownServer {
  return {
    name,
    address: '127.0.0.1:7320',
    fingerprint: 'ab'.repeat(32),
    role: 'admin',
    addedAt: '2026-11-22T12:00:00.000Z',
  };
}

describe('where the profile lies', () => {
  it('is the option, then the environment, then the home', () => {
    expect(profileFolder('/a', { UNDERSTUDY_PROFILE: '/b' })).toBe('/a');
    expect(profileFolder(undefined, { UNDERSTUDY_PROFILE: '/b' })).toBe('/b');
    expect(profileFolder(undefined, { UNDERSTUDY_PROFILE: '' })).toBe(path.join(os.homedir(), '.config/understudy'));
  });
});

describe('the client’s identity', () => {
  it('is made once, readable by its owner alone, and the same ever after', async () => {
    const first = await open().identity();
    expect(fs.statSync(path.join(folder, 'identity.pem')).mode & 0o777).toBe(0o600);
    expect(first.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(await open().identity()).toEqual(first);
    expect(notices).toEqual([]);
  });

  it('is one for two processes that need it at the same moment', async () => {
    const both = await Promise.all([open().identity(), open().identity()]);
    expect(both[0].fingerprint).toBe(both[1].fingerprint);
  });

  it('is kept aside when damaged, and the person is told that servers must be paired again', async () => {
    const first = await open().identity();
    const file = path.join(folder, 'identity.pem');
    const damaged = fs.readFileSync(file, 'utf8').replace(/CERTIFICATE-----\n.{20}/, 'CERTIFICATE-----\n');
    fs.writeFileSync(file, damaged);
    const second = await open().identity();
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('understudy pair');
    const aside = fs.readdirSync(folder).find((name) => name.startsWith('identity.pem.damaged-'));
    expect(fs.readFileSync(path.join(folder, aside ?? ''), 'utf8')).toBe(damaged);
  });

  it.skipIf(process.platform !== 'linux')('says so at once where the kernel makes no directories', async () => {
    await expect(new Profile('/proc/understudy').identity()).rejects.toThrow('/proc/understudy');
  });

  it('is refused when others may read the key', async () => {
    await open().identity();
    fs.chmodSync(path.join(folder, 'identity.pem'), 0o644);
    await expect(open().identity()).rejects.toMatchObject({ code: 'profile-unusable', message: /chmod 600/ });
  });
});

describe('the list of servers', () => {
  it('is empty where there is no file, and looking makes none', async () => {
    expect(await open().servers()).toEqual([]);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('keeps what was put, sorted by name, and replaces the same name', async () => {
    await open().putServer(server('beta'));
    await open().putServer(server('alpha'));
    await open().putServer({ ...server('beta'), address: '10.0.0.2:7320' });
    const servers = await open().servers();
    expect(servers.map((one) => `${one.name} ${one.address}`)).toEqual(['alpha 127.0.0.1:7320', 'beta 10.0.0.2:7320']);
    await open().removeServer('alpha');
    expect((await open().servers()).map((one) => one.name)).toEqual(['beta']);
  });

  it.each([
    ['cut off', '{"version": 1, "servers": [{"na'],
    ['empty', ''],
    ['of another shape', '{"version": 1, "servers": [{"name": "alpha"}]}'],
    ['with a name twice', JSON.stringify({ version: 1, servers: [server('a'), server('a')] })],
  ])('is kept aside, never overwritten, when it is %s', async (_what, content) => {
    fs.writeFileSync(path.join(folder, 'servers.json'), content);
    await open().putServer(server('new'));
    expect((await open().servers()).map((one) => one.name)).toEqual(['new']);
    const aside = fs.readdirSync(folder).filter((name) => name.startsWith('servers.json.damaged-'));
    expect(aside).toHaveLength(1);
    expect(fs.readFileSync(path.join(folder, aside[0] ?? ''), 'utf8')).toBe(content);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(aside[0]);
  });

  it('of a newer release is refused and left where it is', async () => {
    fs.writeFileSync(path.join(folder, 'servers.json'), '{"version": 7, "machines": {}}');
    await expect(open().servers()).rejects.toMatchObject({ code: 'profile-unusable', message: /newer release/ });
    await expect(open().putServer(server('x'))).rejects.toMatchObject({ code: 'profile-unusable' });
    expect(fs.readFileSync(path.join(folder, 'servers.json'), 'utf8')).toContain('machines');
  });

  it('loses nothing when several processes add at once', async () => {
    const script = `
      import { Profile } from ${JSON.stringify(path.resolve(import.meta.dirname, 'profile.ts'))};
      const profile = new Profile(process.argv[1]);
      for (let i = 0; i < 5; i += 1)
        await profile.putServer({ name: process.argv[2] + i, address: 'h:1', fingerprint: 'cd'.repeat(32), role: 'admin', addedAt: new Date().toISOString() });
    `;
    const run = (name: string) =>
      promisify(execFile)(process.execPath, [
        ...['--conditions=source', '--import', 'tsx', '--input-type=module'],
        ...['-e', script, folder, name],
      ]);
    await Promise.all([run('a'), run('b'), run('c')]);
    expect(await open().servers()).toHaveLength(15);
    expect(fs.readdirSync(folder)).toEqual(['servers.json']);
  }, 60_000);
});

describe('the lock', () => {
  it('left behind by a process that died is taken over', async () => {
    const dead = JSON.stringify({ id: 'x', pid: 2 ** 22 + 1, host: os.hostname() });
    fs.writeFileSync(path.join(folder, 'lock'), dead);
    await open().putServer(server('alpha'));
    expect(fs.readdirSync(folder)).toEqual(['servers.json']);
  });

  it('held by a living process is waited for and then named', async () => {
    const alive = JSON.stringify({ id: 'x', pid: process.pid, host: os.hostname() });
    fs.writeFileSync(path.join(folder, 'lock'), alive);
    const impatient = new Profile(folder, { lockWaitMs: 50 });
    await expect(impatient.putServer(server('alpha'))).rejects.toMatchObject({
      code: 'profile-busy',
      message: new RegExp(`process ${process.pid} `),
    });
    expect(fs.readFileSync(path.join(folder, 'lock'), 'utf8')).toBe(alive);
  });
});

describe('finding a server by name', () => {
  it('is exact first, then by case, and suggests what was meant', async () => {
    for (const name of ['alpha', 'Alpha', 'beta']) await open().putServer(server(name));
    expect((await open().server('Alpha')).name).toBe('Alpha');
    expect((await open().server('BETA')).name).toBe('beta');
    await expect(open().server('ALPHA')).rejects.toMatchObject({ code: 'ambiguous', message: /Alpha or alpha/ });
    await expect(open().server('btea')).rejects.toMatchObject({
      code: 'unknown-server',
      message: /did you mean beta\?/,
    });
    await expect(open().server('zzz')).rejects.toMatchObject({ message: /known are Alpha, alpha, beta/ });
  });

  it('says how to pair where none is known', async () => {
    await expect(open().server('alpha')).rejects.toMatchObject({ message: /understudy pair HOST:PORT/ });
  });
});
