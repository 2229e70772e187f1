import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pair } from './pair.ts';
import { Profile } from './profile/profile.ts';
import { FakeAgent } from './testing/fake-agent.ts';

const CODE = 'ABCDE-FGHJK-MNPQR-STVWX';

let folder: string;
let profile: Profile;
let agent: FakeAgent;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-pair-'));
  profile = new Profile(folder);
  agent = await FakeAgent.start({ name: 'alpha' });
});
afterEach(async () => {
  await agent.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const known = () => ({ name: 'alpha', address: agent.address, fingerprint: agent.fingerprint });

describe('pairing', () => {
  it('remembers the server by the name it gives itself; the code goes as a person types it', async () => {
    agent.code = CODE;
    const server = await pair(profile, { address: agent.address, code: 'abcde fghjk mnpqr stvwx' });
    expect(server).toMatchObject({
      name: 'alpha',
      address: agent.address,
      fingerprint: agent.fingerprint,
      role: 'admin',
    });
    expect(await profile.servers()).toEqual([server]);
  });

  it.each([
    ['no code', 'ABCDE'],
    ['nothing', ''],
  ])('refuses %s before it connects', async (_what, code) => {
    await expect(pair(profile, { address: agent.address, code })).rejects.toMatchObject({ code: 'bad-argument' });
    expect(agent.seen).toEqual([]);
  });

  it('with a wrong or spent code is not trusted, and nothing is remembered', async () => {
    agent.code = CODE;
    const wrong = pair(profile, { address: agent.address, code: CODE.replace('A', 'B') });
    await expect(wrong).rejects.toMatchObject({ code: 'not-trusted', agentCode: 'wrong-code' });
    await pair(profile, { address: agent.address, code: CODE });
    fs.rmSync(profile.serversFile);
    const spent = pair(profile, { address: agent.address, code: CODE });
    await expect(spent).rejects.toMatchObject({ code: 'not-trusted' });
    expect(await profile.servers()).toEqual([]);
  });

  it('with something that does not know the code is refused', async () => {
    agent.code = CODE;
    agent.forgeProof = true;
    const forged = pair(profile, { address: agent.address, code: CODE });
    await expect(forged).rejects.toMatchObject({ code: 'not-trusted', message: /without knowing it/ });
    expect(await profile.servers()).toEqual([]);
  });

  it('refuses a known address with another certificate', async () => {
    const server = { ...known(), role: 'admin', addedAt: '2026-11-22T12:00:00.000Z' } as const;
    await profile.putServer({ ...server, fingerprint: 'ab'.repeat(32) });
    agent.code = CODE;
    const refused = pair(profile, { address: agent.address, code: CODE });
    await expect(refused).rejects.toMatchObject({ code: 'fingerprint-changed' });
    expect(agent.code).toBe(CODE);
  });

  it('refuses a name that another server bears, before the code is spent', async () => {
    const other = { name: 'alpha', address: '10.9.9.9:1', fingerprint: 'ab'.repeat(32), role: 'admin' } as const;
    await profile.putServer({ ...other, addedAt: '2026-11-22T12:00:00.000Z' });
    agent.code = CODE;
    const refused = pair(profile, { address: agent.address, code: CODE });
    await expect(refused).rejects.toMatchObject({ code: 'ambiguous', message: /--name alpha-2/ });
    await pair(profile, { address: agent.address, code: CODE, name: 'alpha-2' });
    expect((await profile.servers()).map((server) => server.name)).toEqual(['alpha', 'alpha-2']);
  });
});
