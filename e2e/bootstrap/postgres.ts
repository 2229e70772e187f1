import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run, succeeded } from './command.ts';
import { childrenOf, isAlive } from './processes.ts';
import { until } from './until.ts';
import { Load } from './workload.ts';

/** Debian keeps the server's programs out of PATH, one folder a version. */
export function postgresPrograms(): string | null {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return null;
  const versions = readdirSync(base).filter((version) => existsSync(join(base, version, 'bin', 'pgbench')));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? null : join(base, newest, 'bin');
}

/** The server refuses to run as root. */
const asPostgres = ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--clear-groups', '--'];

const configuration = `
listen_addresses = ''
shared_buffers = 64MB
max_wal_size = 128MB
checkpoint_timeout = 30s
synchronous_commit = on
fsync = on
full_page_writes = on
log_min_messages = warning
`;

/** A database server on one data directory, reachable through a socket in a folder of its own. */
export class Postgres {
  readonly data: string;
  readonly #programs: string;
  readonly #sockets: string;
  readonly #env: NodeJS.ProcessEnv;
  #server: Load | null = null;

  constructor(programs: string, data: string, sockets: string) {
    this.#programs = programs;
    this.data = data;
    this.#sockets = sockets;
    mkdirSync(sockets, { recursive: true });
    execFileSync('chown', ['postgres:', sockets]);
    this.#env = { ...process.env, PGHOST: sockets, PGUSER: 'postgres', PGDATABASE: 'postgres', LC_ALL: 'C.UTF-8' };
  }

  #command(program: string, args: readonly string[]): [string, string[]] {
    const [wrapper = '', ...words] = asPostgres;
    return [wrapper, [...words, join(this.#programs, program), ...args]];
  }

  async #run(program: string, ...args: string[]): Promise<string> {
    const [wrapper, words] = this.#command(program, args);
    return succeeded(await run(wrapper, words, { env: this.#env, cwd: '/', timeoutMs: 300_000 })).stdout;
  }

  async initialise(): Promise<void> {
    mkdirSync(this.data, { recursive: true });
    execFileSync('chown', ['postgres:', this.data]);
    await this.#run('initdb', '-D', this.data, '-A', 'trust', '-E', 'UTF8', '--no-sync');
    appendFileSync(join(this.data, 'postgresql.conf'), configuration);
  }

  async start(): Promise<void> {
    rmSync(join(this.data, 'postmaster.pid'), { force: true });
    const [wrapper, words] = this.#command('postgres', ['-D', this.data, '-k', this.#sockets]);
    const server = new Load(wrapper, words, this.#env);
    this.#server = server;
    await until(`postgres answers on ${this.data}`, async () => {
      server.assertRunning();
      const ready = await run(...this.#command('pg_isready', ['-q']), { env: this.#env, cwd: '/' });
      return ready.code === 0;
    });
  }

  async stop(): Promise<void> {
    this.#server?.kill('SIGINT');
    await this.#server?.ended();
    this.#server = null;
  }

  /** As a power cut of the database: nothing is written any more when it returns. */
  async crash(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    const children = childrenOf(server.pid);
    server.kill('SIGKILL');
    await server.ended();
    this.#server = null;
    // They notice by themselves that the postmaster is gone, and may be writing until they have.
    await until('all processes of the killed postgres are gone', () => !children.some(isAlive));
  }

  async query(sql: string): Promise<string> {
    return (await this.#run('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', sql)).trim();
  }

  bench(...args: string[]): Promise<string> {
    return this.#run('pgbench', ...args, 'postgres');
  }

  /** A client that inserts one row after another and notes when each commit had been answered. */
  openLedger(): Ledger {
    const [wrapper, words] = this.#command('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1']);
    return new Ledger(new Load(wrapper, words, this.#env));
  }
}

export class Ledger {
  /** Index = row, value = client's wall clock when the commit had been answered. */
  readonly committedAt: number[] = [];
  readonly #psql: Load;
  #open = true;

  constructor(psql: Load) {
    this.#psql = psql;
    psql.onLine = (line) => {
      if (Number(line) !== this.committedAt.length) return;
      this.committedAt.push(Date.now());
      if (this.#open) this.#insert();
    };
    this.#insert();
  }

  #insert(): void {
    // psql prints the row only when the server has answered that the transaction is committed.
    this.#psql.write(`INSERT INTO ledger VALUES (${this.committedAt.length}) RETURNING id;\n`);
  }

  get committed(): number {
    return this.committedAt.length;
  }

  assertRunning(): void {
    this.#psql.assertRunning();
  }

  committedBefore(moment: number): number {
    let count = 0;
    while ((this.committedAt[count] ?? Number.POSITIVE_INFINITY) < moment) count += 1;
    return count;
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#psql.closeInput();
    await this.#psql.ended();
  }
}

/** Copies a data directory with owners, holes and times; `cp` because it is the tool an administrator would take. */
export function copyData(from: string, to: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('cp', ['-a', from, to], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`cp -a ${from} ${to}: exit ${code}`))));
  });
}
