/**
 * What the activity log costs a database: pgbench's rate in two servers that are protected alike, of which one source cannot keep the log
 * (its file's place is taken, so its agent says `activity-log-failed` and goes on without), and of a third that is not protected. The
 * rounds alternate, so that a machine with better and worse moments has them for all three.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Bootstrap, Postgres, postgresPrograms, whyNoFuse } from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import { median } from '../measure/statistics.ts';
import { figure, type StageRow } from './row.ts';

interface Server {
  readonly name: string;
  readonly postgres: Postgres;
  readonly rates: number[];
}

const WITH = 'protected';
const WITHOUT = 'protected, without the activity log';
const MEASURE = "pgbench's rate";

export const activity: StageRow = {
  id: 'activity',
  title: 'what the activity log costs a PostgreSQL server',
  ownOnly: true,
  async onStage({ stage, sizes, rounds }) {
    const programs = postgresPrograms();
    const why = whyNoFuse() ?? (programs === null ? 'PostgreSQL is not installed (Debian: postgresql)' : null);
    if (programs === null || why !== null)
      return [figure('activity', MEASURE, 'transactions/s', null, { note: why ?? '' })];
    await stage.addAgent('alpha');
    await stage.addAgent('beta');
    // A directory where the log's file should be: it cannot be made there, which is told and keeps nobody waiting.
    mkdirSync(join(stage.homeOf('gamma'), 'fsi', 'activity'), { recursive: true, mode: 0o700 });
    await stage.addAgent('gamma');
    const servers = [
      await serverOn(stage, programs, { name: 'bare', agent: null }),
      await serverOn(stage, programs, { name: WITHOUT, agent: 'gamma' }),
      await serverOn(stage, programs, { name: WITH, agent: 'alpha' }),
    ];
    try {
      for (let round = 0; round < rounds(8); round += 1)
        for (const server of round % 2 === 0 ? servers : servers.toReversed())
          server.rates.push(await rate(server.postgres, sizes.quick ? 3 : 8));
    } finally {
      for (const { postgres } of servers) await postgres.stop();
    }
    await logIsOff(stage);
    return figures(servers);
  },
};

async function serverOn(
  stage: Bootstrap,
  programs: string,
  { name, agent }: { readonly name: string; readonly agent: string | null },
): Promise<Server> {
  const folder = stage.folder(agent ?? 'bare', 'pg');
  const postgres = new Postgres(programs, join(folder, 'data'), join(stage.root, `socket-${agent ?? 'bare'}`));
  await postgres.initialise();
  if (agent !== null)
    await stage.client.protect({
      name: `pg-${agent}`,
      source: agent,
      target: 'beta',
      include: [folder],
      to: stage.folder(`replica-${agent}`),
      intercept: 'fuse',
    });
  await postgres.start();
  await postgres.bench('-i', '-q', '-s', '4');
  await rate(postgres, 2);
  return { name, postgres, rates: [] };
}

async function rate(postgres: Postgres, seconds: number): Promise<number> {
  const said = await postgres.bench('-c', '4', '-j', '1', '-n', '-T', String(seconds));
  const found = /tps = ([\d.]+)/.exec(said)?.[1];
  if (found === undefined) throw new Error(`pgbench does not say its rate: ${said}`);
  return Number(found);
}

/** Otherwise both had it, and the figure would say that it costs nothing. */
async function logIsOff(stage: Bootstrap): Promise<void> {
  const events = (await stage.client.events('--server', 'gamma', '--json')).stdout;
  if (!events.includes('activity log')) throw new Error('gamma keeps its activity log: there is nothing to compare');
}

function figures(servers: readonly Server[]): Figure[] {
  const rateOf = (name: string) => median(servers.find((server) => server.name === name)?.rates ?? []);
  const samples = servers[0]?.rates.length ?? 0;
  // Neighbouring rounds are compared with each other.
  const [without, kept] = [servers[1]?.rates ?? [], servers[2]?.rates ?? []];
  const ratios = kept.map((one, i) => one / (without[i] ?? Number.NaN));
  return [
    ...servers.map(({ name, rates }) =>
      figure('activity', `${MEASURE}, ${name}`, 'transactions/s', rateOf(name), {
        samples,
        note: rates.map((one) => Math.round(one)).join(' '),
      }),
    ),
    figure('activity', 'with the log, of without', 'of bare', median(ratios), { samples, reach: { atLeast: 0.97 } }),
  ];
}
