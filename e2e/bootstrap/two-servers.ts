/**
 * Two servers with the same paths and an application on the first, protected by its preset. In: rooms for both. Out: agents, the
 * application started and killed. Promised: what it says of the application comes from the application.
 */
import { join } from 'node:path';
import type { Bootstrap } from './bootstrap.ts';
import { succeeded } from './command.ts';
import { Line } from './line.ts';
import { postgresPrograms } from './postgres.ts';
import { killTogether } from './processes.ts';
import { Server, type ServerOptions } from './server.ts';
import { until } from './until.ts';
import { Load } from './workload.ts';

export interface Two {
  readonly stage: Bootstrap;
  readonly line: Line;
  readonly source: Server;
  readonly target: Server;
}

export type Rooms = Pick<ServerOptions, 'disks' | 'folders'>;

/** `prepare` makes both servers what they are before their agents start. */
export async function openTwo(
  stage: Bootstrap,
  rooms: { readonly source: Rooms; readonly target: Rooms },
  prepare: (two: Two) => Promise<void>,
): Promise<Two> {
  const line = await Line.open(stage);
  stage.clientPrefix = line.on('source');
  const source = await Server.open(stage, line, { name: 'alpha', end: 'source', ...rooms.source });
  const target = await Server.open(stage, line, { name: 'beta', end: 'target', ...rooms.target });
  const two = { stage, line, source, target };
  await prepare(two);
  await source.start();
  await target.start();
  return two;
}

export interface FoundApplication {
  readonly name: string;
  readonly running: boolean;
  readonly services: readonly { readonly start: string[]; readonly check: string[]; readonly stop: string[] }[];
}

export async function presetOf({ stage, source }: Two, name: string): Promise<FoundApplication> {
  const listed = (await stage.cli(['presets', '--server', source.name, '--json'])).json();
  const { servers } = listed as { servers: { presets: FoundApplication[] }[] };
  const found = servers[0]?.presets.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no ${name} among the presets: ${JSON.stringify(listed)}`);
  return found;
}

/** The job is called `app`; asked of its source, for the other end may be away. */
export async function protectPreset({ stage }: Two, preset: string, ...options: string[]): Promise<void> {
  const ends = ['--source', 'alpha', '--target', 'beta', '--preset', preset];
  succeeded(await stage.cli(['job', 'create', 'app', ...ends, ...options, '--start']));
  await stage.client.reach('alpha/app', 'protected');
}

/** As an agent would: started, then asked until it serves. */
export async function serve(server: Server, { services }: FoundApplication): Promise<void> {
  for (const { start, check } of services) {
    await server.run(...start);
    await until(`${start[0]} serves on ${server.name}`, async () => (await server.try(...check)).code === 0);
  }
}

/** The cable is pulled, and every process of the application and of the agent dies where it stands. */
export async function killHard({ stage, line, source }: Two, pattern: string): Promise<void> {
  line.cut();
  const interceptor = stage.interceptorProcesses('alpha');
  await source.agent.kill();
  killTogether([...interceptor.holder, ...interceptor.fsid]);
  const own = (await source.run('readlink', '/proc/self/ns/mnt')).trim();
  const isOwn = `[ "$(readlink /proc/$p/ns/mnt)" = "${own}" ]`;
  await source.try('sh', '-c', `for p in $(pgrep -x '${pattern}'); do ${isOwn} && kill -9 $p; done`);
}

/** Debian's cluster tools, and the version that they would make one of; null: they are not here. */
export const clusterVersion = (): string | null => postgresPrograms()?.split('/').at(-2) ?? null;

/** Where a Debian's PostgreSQL lies, on a file system of that type. */
export const clusterRooms = (type: string): Rooms => ({
  disks: [{ at: '/var/lib/postgresql', type }],
  folders: ['/etc/postgresql', '/run/postgresql', '/var/log/postgresql'],
});

/** A cluster `main` on the source, and its configuration on both. */
export async function makeCluster({ stage, source, target }: Two): Promise<void> {
  const packed = join(stage.root, 'configuration.tar');
  for (const server of [source, target])
    await server.run('chown', 'postgres:postgres', '/run/postgresql', '/var/log/postgresql');
  await source.run('pg_createcluster', clusterVersion() ?? '', 'main', '--', '-A', 'trust', '--no-sync');
  // What lies in /etc an administrator brings over.
  await source.run('tar', '-C', '/etc/postgresql', '-cf', packed, '.');
  await target.run('tar', '-C', '/etc/postgresql', '-xf', packed);
}

const asPostgres = ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--clear-groups', '--'];
export const psql = (...args: string[]): string[] => {
  const cluster = `${clusterVersion()}/main`;
  return [...asPostgres, 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '--cluster', cluster, 'postgres', ...args];
};

/** A client that inserts one row after another, each once the one before is committed. */
export async function openLedger({ stage, source }: Two): Promise<Load> {
  await source.run(...psql('-c', 'CREATE TABLE ledger(id bigint PRIMARY KEY)'));
  const ledger = new Load(...source.command(...psql()), stage.env);
  ledger.onLine = (id) => {
    if (ledger.running) ledger.write(`INSERT INTO ledger VALUES (${Number(id) + 1}) RETURNING id;\n`);
  };
  ledger.write('INSERT INTO ledger VALUES (0) RETURNING id;\n');
  return ledger;
}
