import { randomUUID } from 'node:crypto';
import { NO_FAILOVER_OPTIONS, type WitnessOptions, witnessSchema } from '@understudy/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../identity/identity.ts';
import { endAll, newIdentity, temporaryFolder } from '../../listen/testing/test-agent.ts';
import { OwnEpochs, openRegister } from '../../witness/index.ts';
import { type EtcdProcess, startEtcd, whyNoEtcd } from '../../witness/testing/etcd-process.ts';
import type { RaiseContext } from './ports.ts';
import type { ReplicaJob } from './replica-job.ts';
import { witnessedEpochs } from './witnessed-epochs.ts';

const SOURCE = 'a'.repeat(64);
const jobOf = (witness: WitnessOptions | undefined, id: string = randomUUID()): ReplicaJob => ({
  id,
  name: 'files',
  source: 'alpha',
  sourceFingerprint: SOURCE,
  target: 'beta',
  definition: null,
  failover: { ...NO_FAILOVER_OPTIONS, ...(witness === undefined ? {} : { witness }) },
  replicaPaths: [],
  sourcePaths: [],
  epoch: 1,
});

let identity: Identity;
let own: OwnEpochs;
beforeAll(async () => {
  identity = await newIdentity();
  own = new OwnEpochs(temporaryFolder());
});
afterAll(endAll);
const NOTHING = { code: 0, why: '', said: '' };
const epochs = () =>
  witnessedEpochs({
    identity,
    own,
    fault: (error) => {
      throw error;
    },
  });
const raise = (job: ReplicaJob, epoch: number, more: Partial<RaiseContext> = {}) =>
  epochs().raise(job, epoch, {
    automatic: false,
    signal: new AbortController().signal,
    run: async () => NOTHING,
    ...more,
  });

describe('[FO3] an epoch for a server that takes over', () => {
  const fence = witnessSchema.parse({ kind: 'fence', script: { path: '/sbin/off' } });

  it('a fence is believed where it ends with 0, and nothing begins where it does not', async () => {
    const asked: string[] = [];
    const run = async (command: readonly string[]) => {
      asked.push(command.join(' '));
      return { code: asked.length - 1, why: '', said: 'no such host' };
    };
    await expect(raise(jobOf(fence), 2, { run })).resolves.toContain('/sbin/off has put alpha off');
    await expect(raise(jobOf(fence), 2, { run })).rejects.toMatchObject({ code: 'fence-failed' });
    expect(asked).toEqual(['/sbin/off', '/sbin/off']);
  });

  it('says whether anybody can be asked', () => {
    const { whyNotWitnessed } = epochs();
    expect(whyNotWitnessed(jobOf(undefined).failover)).toBe('the job has no witness');
    expect(whyNotWitnessed(jobOf(fence).failover)).toBeNull();
  });
});

const noEtcd = whyNoEtcd();
if (noEtcd !== null) console.warn(`SKIPPED an epoch from etcd: ${noEtcd}`);

describe.skipIf(noEtcd !== null)('[FO3] an epoch from etcd', () => {
  let etcd: EtcdProcess;
  beforeAll(async () => {
    etcd = await startEtcd(temporaryFolder());
  });
  afterAll(() => etcd.end());
  const LEASE_MS = 1000;
  const witness = () => ({ kind: 'etcd' as const, endpoints: [etcd.endpoint], leaseMs: LEASE_MS });
  const registerOf = ({ id }: ReplicaJob) => openRegister(witness(), { jobId: id, identity, parties: [] });
  const held = async (job: ReplicaJob, epoch = 1) =>
    registerOf(job).swap(null, { epoch, holder: SOURCE, leaseMs: LEASE_MS, released: false });

  it('begins when the lease of the source is over, and the next who asks here need not wait', async () => {
    const job = jobOf(witness());
    await held(job);
    const before = performance.now();
    await expect(raise(job, 2)).resolves.toContain('has given epoch 2 to beta');
    expect(performance.now() - before).toBeGreaterThan(LEASE_MS);
    expect((await registerOf(job).read())?.record).toMatchObject({ epoch: 2, holder: identity.fingerprint });
    expect([own.has(job.id, 2), own.has(job.id, 1)]).toEqual([true, false]);
  });

  it('begins at once where its lease was looked at until it was over', async () => {
    const job = jobOf(witness());
    await held(job);
    const { watch, raise: begin } = epochs();
    const seen = performance.now();
    const look = () => {
      watch?.look(job);
      return performance.now() - seen;
    };
    await expect.poll(look, { timeout: 10_000 }).toBeGreaterThan(LEASE_MS + 400);
    const before = performance.now();
    await begin(job, 2, { automatic: true, signal: new AbortController().signal, run: async () => NOTHING });
    expect(performance.now() - before).toBeLessThan(LEASE_MS / 2);
  });

  it('is not begun by itself while the source renews its lease, nor where another has a higher one', async () => {
    const job = jobOf(witness());
    const first = await held(job);
    const renew = setInterval(() => {
      void registerOf(job)
        .read()
        .then((kept) => registerOf(job).swap(kept?.revision ?? null, first.now?.record as never));
    }, 200);
    try {
      await expect(raise(job, 2, { automatic: true })).rejects.toMatchObject({ code: 'source-alive' });
    } finally {
      clearInterval(renew);
    }
    const other = jobOf(witness());
    await held(other, 3);
    await expect(raise(other, 3)).rejects.toMatchObject({ code: 'superseded' });
  });

  it('a witness that does not answer is named, and nothing is done', async () => {
    const job = jobOf({ ...witness(), endpoints: ['http://127.0.0.1:1'] });
    const stop = AbortSignal.abort();
    await expect(raise(job, 2, { signal: stop })).rejects.toMatchObject({ code: 'witness-unreachable' });
  });
});
