import { ManagementError } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { endAll, newIdentity, startTestAgent, type TestAgent } from '../listen/testing/test-agent.ts';
import { introduce } from './introduce.ts';

afterEach(endAll);

function introduction(target: TestAgent, code: string | null) {
  return { name: 'beta', address: target.served.address, fingerprint: target.base.identity.fingerprint, code };
}
const optionsOf = (agent: TestAgent) => ({ ...agent.base, listenPort: agent.served.port });

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof ManagementError ? error.code : String(error);
}

describe('two agents that are introduced', () => {
  it('trust each other as peers and know where the other listens', async () => {
    const [alpha, beta] = [await startTestAgent('alpha'), await startTestAgent('beta')];
    await introduce(introduction(beta, beta.base.codes.issue('peer', 60_000).code), optionsOf(alpha));
    expect(alpha.base.trust.peers()).toMatchObject([
      { name: 'beta', fingerprint: beta.base.identity.fingerprint, addresses: [beta.served.address] },
    ]);
    expect(beta.base.trust.peers()).toMatchObject([
      { name: 'alpha', fingerprint: alpha.base.identity.fingerprint, addresses: [alpha.served.address] },
    ]);
  });

  it('need no second code', async () => {
    const [alpha, beta] = [await startTestAgent('alpha'), await startTestAgent('beta')];
    expect(await codeOf(introduce(introduction(beta, null), optionsOf(alpha)))).toBe('not-trusted');
    await introduce(introduction(beta, beta.base.codes.issue('peer', 60_000).code), optionsOf(alpha));
    expect(await codeOf(introduce(introduction(beta, null), optionsOf(alpha)))).toBe('null');
    beta.base.trust.remove(alpha.base.identity.fingerprint);
    expect(await codeOf(introduce(introduction(beta, null), optionsOf(alpha)))).toBe('not-trusted');
  });

  it('do not trust each other by a wrong code, or by one for clients', async () => {
    const [alpha, beta] = [await startTestAgent('alpha'), await startTestAgent('beta')];
    const other = alpha.base.codes.issue('peer', 60_000).code;
    beta.base.codes.issue('peer', 60_000);
    expect(await codeOf(introduce(introduction(beta, other), optionsOf(alpha)))).toBe('not-trusted');
    expect(await codeOf(introduce(introduction(beta, 'what'), optionsOf(alpha)))).toBe('wrong-code');
    const { code } = beta.base.codes.issue('monitor', 60_000);
    expect(await codeOf(introduce(introduction(beta, code), optionsOf(alpha)))).toBe('invalid');
    expect(alpha.base.trust.list()).toEqual([]);
  });

  it('remember nothing of one that cannot prove that it knew the code', async () => {
    const [alpha, liar] = [await startTestAgent('alpha'), await startTestAgent('beta')];
    const { code } = liar.base.codes.issue('peer', 60_000);
    liar.base.codes.redeem = () => ({ role: 'peer', proof: '0'.repeat(64) });
    await expect(introduce(introduction(liar, code), optionsOf(alpha))).rejects.toThrow(/could not prove/);
    expect(alpha.base.trust.list()).toEqual([]);
  });

  it('refuse a changed fingerprint, loudly, before anything is sent', async () => {
    const [alpha, beta] = [await startTestAgent('alpha'), await startTestAgent('beta')];
    const { code } = beta.base.codes.issue('peer', 60_000);
    const expected = { ...introduction(beta, code), fingerprint: (await newIdentity()).fingerprint };
    expect(await codeOf(introduce(expected, optionsOf(alpha)))).toBe('not-trusted');
    expect(alpha.base.events.list({ severity: 'error' }, 10)).toMatchObject([{ code: 'fingerprint-changed' }]);
    expect(beta.base.codes.size).toBe(1);
  });

  it('that was installed anew is noticed', async () => {
    const [alpha, beta, anew] = [
      await startTestAgent('alpha'),
      await startTestAgent('beta'),
      await startTestAgent('beta'),
    ];
    await introduce(introduction(beta, beta.base.codes.issue('peer', 60_000).code), optionsOf(alpha));
    await introduce(introduction(anew, anew.base.codes.issue('peer', 60_000).code), optionsOf(alpha));
    expect(alpha.base.events.list({ severity: 'warning' }, 10)).toMatchObject([{ code: 'fingerprint-changed' }]);
  });

  it('that cannot be reached is named', async () => {
    const [alpha, beta] = [await startTestAgent('alpha'), await startTestAgent('beta')];
    await beta.served.close();
    const attempt = introduce(introduction(beta, null), optionsOf(alpha));
    await expect(attempt).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
    expect(await codeOf(attempt)).toBe('unreachable');
  });
});
