import { randomUUID } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { EpochRecord } from '@understudy/engine';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endAll, newIdentity, startTestAgent, type TestAgent, temporaryFolder } from '../listen/testing/test-agent.ts';
import { AgentRegister } from './agent-register.ts';
import { EtcdRegister } from './etcd-register.ts';
import type { Register } from './register.ts';
import { type EtcdProcess, startEtcd, whyNoEtcd } from './testing/etcd-process.ts';
import { MemoryRegister } from './testing/memory-register.ts';

const TIMEOUT_MS = 2000;

interface Pair {
  /** Of the same job, one a server. */
  readonly source: Register;
  readonly target: Register;
  readonly holders: readonly [string, string];
}

/** What every register does, whoever keeps it. */
function contract(open: () => Promise<Pair>): void {
  let pair: Pair;
  const record = (epoch: number, of: 0 | 1 = 0, more: Partial<EpochRecord> = {}): EpochRecord => ({
    epoch,
    holder: pair.holders[of],
    leaseMs: 6000,
    released: false,
    ...more,
  });
  beforeEach(async () => {
    pair = await open();
  });
  afterEach(() => {
    pair.source.close();
    pair.target.close();
  });

  it('knows nothing of a new job, and keeps what is put in the place of nothing', async () => {
    expect(await pair.source.read()).toBeNull();
    const made = await pair.source.swap(null, record(1));
    expect(made).toMatchObject({ swapped: true, now: { record: record(1) } });
    expect(await pair.target.read()).toEqual(made.now);
  });

  it('puts in the place of nothing only once, whoever comes first', async () => {
    const both = await Promise.all([pair.source.swap(null, record(1)), pair.source.swap(null, record(1))]);
    expect(both.filter(({ swapped }) => swapped)).toHaveLength(1);
    expect(both[0]?.now).toEqual(both[1]?.now);
  });

  it('has another revision after each change, the same record too', async () => {
    const first = (await pair.source.swap(null, record(1))).now?.revision ?? '';
    const second = await pair.source.swap(first, record(1));
    expect(second.swapped).toBe(true);
    expect(second.now?.revision).not.toBe(first);
  });

  it('changes nothing for who names another revision, and says what is kept', async () => {
    const first = (await pair.source.swap(null, record(1))).now?.revision ?? '';
    const renewed = await pair.source.swap(first, record(1));
    expect(await pair.target.swap(first, record(2, 1))).toEqual({ swapped: false, now: renewed.now });
    expect(await pair.source.read()).toEqual(renewed.now);
    const taken = await pair.target.swap(renewed.now?.revision ?? '', record(2, 1));
    expect(taken.swapped).toBe(true);
    expect(await pair.source.swap(renewed.now?.revision ?? '', record(1))).toEqual({ swapped: false, now: taken.now });
  });

  it('keeps that a holder has let go', async () => {
    const first = (await pair.source.swap(null, record(1))).now?.revision ?? '';
    await pair.source.swap(first, record(1, 0, { released: true }));
    expect((await pair.target.read())?.record.released).toBe(true);
  });
}

afterAll(endAll);

describe('[FO3] a register in memory', () => {
  contract(async () => {
    const register = new MemoryRegister();
    return { source: register, target: register, holders: ['a'.repeat(64), 'b'.repeat(64)] };
  });
});

describe('[FO3] a third agent as the register', () => {
  let witness: TestAgent;
  beforeAll(async () => {
    witness = await startTestAgent('witness');
  });
  const identities = async () => [await newIdentity(), await newIdentity()] as const;
  const open = async (jobId: string = randomUUID()): Promise<Pair & { jobId: string }> => {
    const [one, other] = await identities();
    for (const each of [one, other]) witness.trust(each, 'peer', `peer-${each.fingerprint.slice(0, 8)}`);
    const server = { name: 'witness', address: witness.served.address, fingerprint: witness.base.identity.fingerprint };
    const parties = [one.fingerprint, other.fingerprint];
    const of = (identity: typeof one) => new AgentRegister({ server, identity, parties }, jobId, TIMEOUT_MS);
    return { source: of(one), target: of(other), holders: [one.fingerprint, other.fingerprint], jobId };
  };
  contract(open);

  it('lets nobody else change or read the record of a job, and nobody speak for another', async () => {
    const pair = await open();
    const record = { epoch: 1, holder: pair.holders[0], leaseMs: 6000, released: false };
    await pair.source.swap(null, record);
    const stranger = await open(pair.jobId);
    await expect(stranger.source.read()).rejects.toMatchObject({ code: 'denied' });
    await expect(stranger.source.swap('1', { ...record, holder: stranger.holders[0] })).rejects.toMatchObject({
      code: 'denied',
    });
    await expect(pair.target.swap('1', record)).rejects.toThrow(/for itself and for nobody else/);
    for (const each of [pair, stranger]) for (const one of [each.source, each.target]) one.close();
  });

  it('that is not trusted, or not there, is named', async () => {
    const server = { name: 'witness', address: witness.served.address, fingerprint: witness.base.identity.fingerprint };
    const identity = await newIdentity();
    const unknown = new AgentRegister({ server, identity, parties: [] }, randomUUID(), TIMEOUT_MS);
    await expect(unknown.read()).rejects.toMatchObject({ code: 'denied' });
    const gone = { ...server, address: '127.0.0.1:1' };
    const unreachable = new AgentRegister({ server: gone, identity, parties: [] }, randomUUID(), TIMEOUT_MS);
    await expect(unreachable.read()).rejects.toMatchObject({ code: 'unreachable' });
  });
});

const noEtcd = whyNoEtcd();
if (noEtcd !== null) console.warn(`SKIPPED etcd as the register: ${noEtcd}`);

describe.skipIf(noEtcd !== null)('[FO3] etcd as the register', () => {
  let etcd: EtcdProcess;
  beforeAll(async () => {
    etcd = await startEtcd(temporaryFolder());
  });
  afterAll(() => etcd.end());
  const open = async (jobId: string = randomUUID(), more = {}): Promise<Pair> => {
    const of = () => new EtcdRegister({ endpoints: [etcd.endpoint], ...more }, jobId, TIMEOUT_MS);
    return { source: of(), target: of(), holders: ['a'.repeat(64), 'b'.repeat(64)] };
  };
  contract(() => open());

  it('asks the next endpoint where one does not answer, and names all of them where none does', async () => {
    const dead = 'http://127.0.0.1:1';
    const { source } = await open(randomUUID(), { endpoints: [dead, etcd.endpoint] });
    expect(await source.read()).toBeNull();
    const { target } = await open(randomUUID(), { endpoints: [dead] });
    await expect(target.read()).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining(dead) });
  });

  it('leaves what is no record as it is, and says so', async () => {
    const jobId = randomUUID();
    await put(etcd.endpoint, `/understudy/epoch/${jobId}`, '{"epoch":0}');
    const { source } = await open(jobId);
    await expect(source.read()).rejects.toMatchObject({ code: 'damaged' });
  });

  it('is asked as a user where it wants one', async () => {
    const folder = temporaryFolder();
    const guarded = await startEtcd(folder);
    try {
      const ask = (path: string, body: unknown) => post(guarded.endpoint, path, body);
      await ask('auth/user/add', { name: 'root', password: 'over' });
      await ask('auth/role/add', { name: 'root' });
      await ask('auth/user/grant', { user: 'root', role: 'root' });
      await ask('auth/enable', {});
      const passwordFile = join(folder, 'password');
      writeFileSync(passwordFile, 'over\n');
      chmodSync(passwordFile, 0o600);
      const endpoints = [guarded.endpoint];
      const { source } = await open(randomUUID(), { endpoints, user: 'root', passwordFile });
      expect(await source.read()).toBeNull();
      writeFileSync(passwordFile, 'wrong\n');
      const { target } = await open(randomUUID(), { endpoints, user: 'root', passwordFile });
      await expect(target.read()).rejects.toMatchObject({ code: 'denied' });
    } finally {
      await guarded.end();
    }
  });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const put = (endpoint: string, key: string, value: string) =>
  post(endpoint, 'kv/put', { key: base64(key), value: base64(value) });

function post(endpoint: string, path: string, body: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(`/v3/${path}`, endpoint), { method: 'POST' }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}
