/**
 * Real agents as processes, for tests that kill them. In: names. Out: agents in temporary homes, introduced to each other.
 * Promises: afterwards no process, no mount and no folder of theirs is left, also where a test failed.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { mountTable } from '@understudy/filesystem';
import { whyFuseCannotRun } from '@understudy/interceptor';
import { type Connection, connectLocal, introduce, rawPathFromText } from '@understudy/sdk';
import type { AgentEvent, BrakeOptions, JobStatus } from '@understudy/wire';
import { allProcesses, clearAway, differencesBetween, mountsBeneath, ringsOf } from './remains.ts';

/** Why such tests cannot run here; null: they can. */
export function whyNoRealAgents(): string | null {
  const why = whyFuseCannotRun();
  if (why !== null) return why;
  const at = realpathSync(tmpdir());
  const mounts = mountTable().filter(({ mountPoint }) => mountPoint === '/' || `${at}/`.startsWith(`${mountPoint}/`));
  const type = mounts.at(-1)?.type;
  return type === 'ext4' ? null : `${at} lies on ${type}, and these tests need ext4`;
}

const ENTRY = fileURLToPath(new URL('../../run-agent.ts', import.meta.url));
/** As deep in the tree as the command's own bundle: what looks for the interceptor from there finds it. */
const BUNDLES = fileURLToPath(new URL('../../../.cache/agents/', import.meta.url));
const BUNDLER = fileURLToPath(new URL('../../../../../tools/bundle.mjs', import.meta.url));
const REAPER = fileURLToPath(new URL('../../../../../tools/reaper.mjs', import.meta.url));

/** The agent from its source in one file: Node would need seconds for its hundreds of modules, at each start. */
function bundle(): string {
  const outfile = join(BUNDLES, `run-agent-${process.pid}.mjs`);
  execFileSync(process.execPath, [BUNDLER, ENTRY, outfile], { stdio: 'inherit' });
  process.once('exit', () => rmSync(outfile, { force: true }));
  return outfile;
}
let bundled: string | null = null;
const RUN = `const { runAgent } = await import(process.argv[1]); process.exit(await runAgent(JSON.parse(process.argv[2])));`;

export class RealAgent {
  readonly name: string;
  readonly home: string;
  address = '';
  fingerprint = '';
  stderr = '';
  #child: ChildProcess | null = null;
  #connection: Connection | null = null;

  constructor(name: string, home: string) {
    this.name = name;
    this.home = home;
  }

  async start(): Promise<void> {
    const listen = this.address === '' ? '127.0.0.1:0' : this.address;
    const options = JSON.stringify({ home: this.home, listen, name: this.name });
    bundled ??= bundle();
    const args = ['--input-type=module', '-e', RUN, bundled, options];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    for await (const line of createInterface(child.stdout)) {
      const ready = /^listening (\S+) fingerprint (\S+)$/.exec(line);
      if (ready === null) continue;
      this.address = ready[1] ?? '';
      this.fingerprint = ready[2] ?? '';
      child.stdout.resume();
      return;
    }
    throw new Error(`${this.name} did not start: ${this.stderr}`);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** fsid and holder of this agent: they have its ring open too. */
  servers(): number[] {
    const own = this.#child?.pid ?? 0;
    const rings = new Set(ringsOf(own));
    return allProcesses().filter((pid) => pid !== own && ringsOf(pid).some((ring) => rings.has(ring)));
  }

  /** Resolves with the exit code, or the signal, once it is gone. */
  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const child = this.#child;
    this.#connection?.close();
    this.#connection = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code ?? signal;
  }

  async connection(): Promise<Connection> {
    this.#connection ??= await connectLocal(this.home);
    return this.#connection;
  }

  async status(name: string): Promise<JobStatus> {
    return (await this.connection()).call('job.status', { name });
  }

  async events(after = 0): Promise<AgentEvent[]> {
    return (await (await this.connection()).call('events.list', { after, limit: 1000 })).events;
  }

  /** Resolves as soon as the job's status is as wanted. */
  async until(name: string, wanted: (status: JobStatus) => boolean): Promise<JobStatus> {
    const connection = await this.connection();
    let last: JobStatus | null = null;
    const late = new AbortController();
    const found = new Promise<JobStatus>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} stays ${JSON.stringify(last)}`)), 40_000);
      late.signal.addEventListener('abort', () => clearTimeout(timer));
      connection
        .subscribe('job-status', { name }, ({ status }) => {
          last = status;
          if (status !== null && wanted(status)) resolve(status);
        })
        .catch(reject);
    });
    return found.finally(() => late.abort());
  }

  /** The next event with this code. */
  async event(code: string): Promise<AgentEvent> {
    const connection = await this.connection();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name} never says ${code}`)), 40_000);
      connection
        .subscribe('events', {}, (event) => {
          if (event.code !== code) return;
          clearTimeout(timer);
          resolve(event);
        })
        .catch(reject);
    });
  }

  async protect(
    target: RealAgent,
    name: string,
    include: string,
    to: string,
    more: {
      start?: boolean;
      targetWrites?: 'allow';
      exclude?: ReturnType<typeof rawPathFromText>[];
      adopt?: boolean;
      brake?: BrakeOptions | null;
    } = {},
  ): Promise<void> {
    const connection = await this.connection();
    await introduce(connection, await target.connection(), target);
    await connection.call('job.create', {
      name,
      target: { name: target.name, address: target.address, fingerprint: target.fingerprint },
      include: [rawPathFromText(include)],
      to: rawPathFromText(to),
      intercept: 'fuse',
      start: true,
      ...more,
    });
  }

  async flush(name: string): Promise<void> {
    await (await this.connection()).call('job.flush', { name, timeoutMs: 40_000 }, { timeoutMs: null });
  }

  async call(call: 'job.start' | 'job.stop' | 'job.delete', name: string): Promise<unknown> {
    return (await this.connection()).call(call, { name });
  }
}

export class Scene {
  readonly top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-jobs-')));
  readonly #agents: RealAgent[] = [];
  /** Cleans up where this process is interrupted or killed. */
  readonly #reaper = spawn(process.execPath, [REAPER, this.top], {
    ...{ cwd: '/', detached: true },
    stdio: ['pipe', 'ignore', 'ignore'],
  });

  folder(...names: string[]): string {
    const path = join(this.top, ...names);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async agent(name: string): Promise<RealAgent> {
    const agent = new RealAgent(name, this.folder(`home-${name}`));
    this.#agents.push(agent);
    execFileSync('chmod', ['700', agent.home]);
    await agent.start();
    return agent;
  }

  mounts(): string[] {
    return mountsBeneath(this.top);
  }

  differences(source: string, replica: string): Promise<string[]> {
    return differencesBetween(source, replica);
  }

  async close(): Promise<void> {
    const servers = this.#agents.flatMap((agent) => agent.servers());
    for (const agent of this.#agents) await agent.end('SIGTERM');
    clearAway(this.top, servers);
    rmSync(this.top, { recursive: true, force: true });
    this.#reaper.stdin.end();
    this.#reaper.unref();
  }
}
