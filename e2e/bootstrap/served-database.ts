/**
 * A database that clients reach by a service's address: protected by its preset between two servers, with etcd as the witness and a failover
 * that follows by itself. In: the job's mode. Out: the source cut off, the service back on the target, what was answered and what is there.
 * Promised: times are the client's, from the cut to the answer of a commit; what the product says of itself is told apart.
 */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bootstrap } from './bootstrap.ts';
import { startEtcd, whyNoEtcd } from './etcd.ts';
import { Lan } from './lan.ts';
import { whyNoLine } from './line.ts';
import { ServiceClient } from './service-client.ts';
import {
  clusterRooms,
  clusterVersion,
  type FoundApplication,
  killHard,
  makeCluster,
  openTwo,
  presetOf,
  protectPreset,
  psql,
  serve,
  type Two,
} from './two-servers.ts';
import { until } from './until.ts';

/** Where Debian has the clusters. */
export const SERVED_DATA = '/var/lib/postgresql';
export const SERVED_JOB = 'app';

/** Why there can be none here; null: nothing is missing. */
export function whyNoServedDatabase(): string | null {
  const noCluster = clusterVersion() === null || !existsSync('/usr/bin/pg_createcluster');
  return whyNoLine() ?? whyNoEtcd() ?? (noCluster ? 'Debian package postgresql is not installed' : null);
}

/** What an administrator gives for a source that is to be missed for seconds: its silence is noticed within five of them. */
const SECTION = { interval: '1s', failures: 5, lease: '3s' } as const;

export interface ServedOptions {
  readonly mode: 'async' | 'sync';
  /** The target's replica is copied to there before anything writes on it: what had arrived, and nothing else. */
  readonly imageTo?: string;
}

export interface Recovery {
  /** From the cut to the first commit that the target answered. */
  readonly totalMs: number;
  /** Of it the time that the database took to start, as the step of the failover says. */
  readonly databaseMs: number;
  readonly steps: readonly { readonly step: string; readonly state: string; readonly outcome: string | null }[];
}

const now = (): bigint => process.hrtime.bigint();

export class ServedDatabase {
  readonly two: Two;
  readonly lan: Lan;
  readonly client: ServiceClient;
  readonly #preset: FoundApplication;
  #cutAt = { began: 0n, done: 0n };

  private constructor(two: Two, lan: Lan, client: ServiceClient, preset: FoundApplication) {
    this.two = two;
    this.lan = lan;
    this.client = client;
    this.#preset = preset;
  }

  /** Protected, served, and written to by a client. */
  static async open(stage: Bootstrap, options: ServedOptions): Promise<ServedDatabase> {
    const rooms = clusterRooms('ext4');
    const two = await openTwo(stage, { source: rooms, target: rooms }, async (servers) => {
      await makeCluster(servers);
      await letClientsIn(servers);
    });
    const lan = await Lan.open(stage, two.line);
    const etcd = await startEtcd(stage, lan.atClient, lan.clientAddress);
    const preset = await presetOf(two, `postgresql:${clusterVersion()}-main`);
    const synchronous = options.mode === 'sync' ? ['--mode', 'sync', '--sync-at', 'fsync'] : [];
    const section = writeSection(two, etcd, options);
    await protectPreset(two, 'postgresql', '--failover-file', section, ...synchronous);
    await serve(two.source, preset);
    await two.source.run(...psql('-c', 'CREATE TABLE ledger(id bigint PRIMARY KEY)'));
    return new ServedDatabase(two, lan, new ServiceClient(stage, lan), preset);
  }

  /** The source's network is gone: neither its target nor its witness nor a client reaches it, nor it them. */
  cutOff(): void {
    const began = now();
    this.two.line.cut();
    this.lan.cut();
    this.#cutAt = { began, done: now() };
    this.two.stage.clientPrefix = this.two.line.on('target');
  }

  /** When the target has answered a commit, and its failover is over. */
  async recovered(): Promise<Recovery> {
    const { began, done } = this.#cutAt;
    const first = await until('the target answers a commit', () => this.client.firstAfter(done) ?? false, {
      timeoutMs: 120_000,
    });
    const steps = await until('the failover is over', async () => {
      const status = (await this.two.stage.client.status(`beta/${SERVED_JOB}`)) as unknown as {
        failover?: { takeover: { phase: string; steps: Recovery['steps'] } | null };
      };
      // The job in the other direction is `failed-over` as soon as it is intercepted there, before its services are up.
      const takeover = status.failover?.takeover;
      return takeover?.phase === 'failed-over' && takeover.steps;
    });
    const said = steps.find(({ step }) => step === 'services')?.outcome ?? '';
    const seconds = Number(/serves after ([\d.]+) s/.exec(said)?.[1] ?? Number.NaN);
    return { totalMs: Number(first.at - began) / 1e6, databaseMs: seconds * 1000, steps };
  }

  /** Rows whose commits a client had been told of before the cut. */
  acknowledged(): number[] {
    return [...this.client.answered].filter(([, at]) => at <= this.#cutAt.done).map(([id]) => id);
  }

  async rowsOnTarget(): Promise<ReadonlySet<number>> {
    const said = await this.two.target.run(...psql('-c', 'SELECT id FROM ledger'));
    return new Set(said.trim().split('\n').map(Number));
  }

  /** What lies on the source now, as its applications see it. */
  async copySource(to: string): Promise<string> {
    await this.two.source.run('cp', '-a', SERVED_DATA, to);
    return to;
  }

  async close(): Promise<void> {
    await this.client.stop();
    for (const { stop } of this.#preset.services) await this.two.target.try(...stop);
    // What is held waits for its witness still; nothing of it is to outlive the test.
    await killHard(this.two, 'postgres');
  }
}

/** In /etc, which is an administrator's on both servers. */
async function letClientsIn({ source, target }: Two): Promise<void> {
  const folder = `/etc/postgresql/${clusterVersion()}/main`;
  const script = `echo "listen_addresses = '*'" >> ${folder}/postgresql.conf && echo "host all all ${Lan.net} trust" >> ${folder}/pg_hba.conf`;
  for (const server of [source, target]) await server.run('sh', '-c', script);
}

function writeSection({ stage, line }: Two, etcd: string, { imageTo }: ServedOptions): string {
  const lines = [
    'automatic: true',
    `monitor: { agent: true, addresses: [${line.address('source')}], interval: ${SECTION.interval}, failures: ${SECTION.failures} }`,
    `witness: { kind: etcd, endpoints: ["${etcd}"], lease: ${SECTION.lease} }`,
    'addresses:',
    `  - { address: ${Lan.service}/24, interface: ${Lan.device} }`,
  ];
  if (imageTo !== undefined) {
    const script = join(stage.root, 'copy-image');
    writeFileSync(script, `#!/bin/sh\nexec cp -a ${SERVED_DATA} ${imageTo}\n`);
    chmodSync(script, 0o755);
    lines.push('scripts:', `  beforeFailover: { path: ${script} }`);
  }
  const path = join(stage.root, 'failover.yaml');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
