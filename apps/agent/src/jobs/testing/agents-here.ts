/**
 * Whole agents within the test's own process, for what no call from outside can begin. In: names. Out: agents in temporary homes that know
 * each other, with their rooms to reach into. Promises: afterwards nothing of theirs is mounted or runs, also where a test failed.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connectLocal, introduce } from '@understudy/sdk';
import type { AgentEvent, JobStatus } from '@understudy/wire';
import { type AgentBase, openAgentBase } from '../../listen/index.ts';
import { type Ends, inReverse, putTogether } from '../../run-agent.ts';
import { VERSION } from '../../version.ts';
import { allProcesses, clearAway, differencesBetween, mountsBeneath, ringsOf } from './remains.ts';

type Rooms = Awaited<ReturnType<typeof putTogether>>;

export class AgentHere {
  readonly name: string;
  readonly home: string;
  address = '';
  fingerprint = '';
  #base: AgentBase | null = null;
  #rooms: Rooms | null = null;
  #ends: Ends = [];
  #connection: Connection | null = null;

  constructor(name: string, home: string) {
    this.name = name;
    this.home = home;
  }

  async start(): Promise<void> {
    const listen = this.address === '' ? '127.0.0.1:0' : this.address;
    this.#base = await openAgentBase({ home: this.home, listen, name: this.name, version: VERSION });
    const base = this.#base;
    this.#ends = [() => base.close()];
    this.#rooms = await putTogether(base, this.#ends);
    await this.#rooms.restored;
    this.address = this.#rooms.address;
    this.fingerprint = base.identity.fingerprint;
  }

  get rooms(): Rooms {
    if (this.#rooms === null) throw new Error(`${this.name} does not run`);
    return this.#rooms;
  }

  async end(): Promise<void> {
    this.#connection?.close();
    this.#connection = null;
    this.#rooms = null;
    await inReverse(this.#ends, (error) => {
      throw error;
    });
    this.#ends = [];
  }

  async connection(): Promise<Connection> {
    this.#connection ??= await connectLocal(this.home);
    return this.#connection;
  }

  async status(name: string): Promise<JobStatus> {
    return (await this.connection()).call('job.status', { name });
  }

  async events(): Promise<AgentEvent[]> {
    return (await (await this.connection()).call('events.list', { after: 0, limit: 1000 })).events;
  }

  /** Resolves as soon as the job's status is as wanted; null: there is no such job. */
  async until(name: string, wanted: (status: JobStatus | null) => boolean, ms = 30_000): Promise<JobStatus | null> {
    const connection = await this.connection();
    const end = Date.now() + ms;
    for (;;) {
      const { jobs } = await connection.call('job.list', {});
      const status = jobs.find((job) => job.status.name === name)?.status ?? null;
      if (wanted(status)) return status;
      if (Date.now() > end) throw new Error(`${name} on ${this.name} stays ${JSON.stringify(status)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async flush(name: string): Promise<void> {
    await (await this.connection()).call('job.flush', { name, timeoutMs: 30_000 }, { timeoutMs: null });
  }
}

export class SceneHere {
  readonly top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-here-')));
  readonly #agents: AgentHere[] = [];

  folder(...names: string[]): string {
    const path = join(this.top, ...names);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async agent(name: string): Promise<AgentHere> {
    const agent = new AgentHere(name, this.folder(`home-${name}`));
    execFileSync('chmod', ['700', agent.home]);
    this.#agents.push(agent);
    await agent.start();
    return agent;
  }

  async introduce(one: AgentHere, other: AgentHere): Promise<void> {
    await introduce(await one.connection(), await other.connection(), other);
  }

  mounts(): string[] {
    return mountsBeneath(this.top);
  }

  differences(source: string, replica: string): Promise<string[]> {
    return differencesBetween(source, replica);
  }

  async close(): Promise<void> {
    const servers = serversBeneath(this.top);
    for (const agent of this.#agents) await agent.end().catch(() => {});
    clearAway(this.top, servers);
    rmSync(this.top, { recursive: true, force: true });
  }
}

/** The holders, whose command line names a home of ours, and the servers that have the same ring open. */
function serversBeneath(top: string): number[] {
  const pids = allProcesses();
  const rings = new Set(pids.filter((pid) => commandOf(pid).includes(`${top}/`)).flatMap(ringsOf));
  return pids.filter((pid) => pid !== process.pid && ringsOf(pid).some((ring) => rings.has(ring)));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
