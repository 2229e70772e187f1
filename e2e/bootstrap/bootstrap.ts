import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AgentOptions, AgentProcess } from './agent-process.ts';
import { Client } from './client.ts';
import { described, type Outcome, ownCommand, projectRoot, run, succeeded, understudyCommand } from './command.ts';
import { isAsking, runInProcess } from './in-process.ts';
import { mountsBelow, processesNaming, processesOnRings, ringsOf } from './processes.ts';

const reaperPath = fileURLToPath(new URL('../../tools/reaper.mjs', import.meta.url));

/** Names the stage in the environment of everything that it starts. */
export const STAGE_VARIABLE = 'UNDERSTUDY_E2E_STAGE';

/**
 * One stage: a temp folder with agents, a client's profile, folders to protect. Comes in: names of agents. Goes out: real agents,
 * paired, and a client. Promised: when the test ends, however it ends, no process, mount or file of it is left.
 */
export class Bootstrap {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly client: Client;
  readonly agents = new Map<string, AgentProcess>();
  /** Put before `understudy`: where the client stands in another network than the tests do. */
  clientPrefix: readonly string[] = [];
  readonly #history: string[] = [];
  readonly #rings = new Map<string, Set<string>>();
  readonly #reaper: ChildProcess;
  readonly #reaperGone: Promise<void>;
  #reaped = '';
  #closed: Promise<string> | null = null;

  private constructor() {
    const base = process.env.UNDERSTUDY_E2E_TMP ?? tmpdir();
    this.root = realpathSync(mkdtempSync(join(base, 'understudy-e2e-')));
    // Databases run as another user and must be able to get in.
    chmodSync(this.root, 0o755);
    this.env = {
      ...process.env,
      UNDERSTUDY_PROFILE: join(this.root, 'profile'),
      [STAGE_VARIABLE]: this.root,
      NO_COLOR: '1',
    };
    delete this.env.UNDERSTUDY_HOME;
    // Options meant for the agents (profiling, say) must not keep the reaper from starting.
    const { NODE_OPTIONS: _, ...plain } = process.env;
    this.#reaper = spawn(process.execPath, [reaperPath, this.root], {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: plain,
    });
    this.#reaperGone = new Promise((resolve, reject) => {
      this.#reaper.once('error', reject);
      this.#reaper.once('close', (code) =>
        code === 0 ? resolve() : reject(new Error(`the reaper ended with ${code}; clean up ${this.root} by hand`)),
      );
    });
    this.#reaperGone.catch(() => undefined);
    this.#reaper.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#reaped += text;
    });
    this.#reaper.unref();
    this.client = new Client((args, options) => this.#ask(args, options?.timeoutMs));
    mkdirSync(join(this.root, 'logs'));
  }

  /** Starts and pairs agents with these names. */
  static async open(...names: string[]): Promise<Bootstrap> {
    const stage = new Bootstrap();
    try {
      const agents = names.map((name) => stage.newAgent(name));
      await Promise.all(agents.map((agent) => agent.start()));
      for (const agent of agents) await stage.pair(agent);
      return stage;
    } catch (error) {
      stage.saveLogs('opening');
      await stage.close();
      throw error;
    }
  }

  /** A new folder in the stage. */
  folder(...parts: string[]): string {
    const path = join(this.root, ...parts);
    mkdirSync(path, { recursive: true });
    return path;
  }

  homeOf(name: string): string {
    return join(this.root, 'homes', name);
  }

  agent(name: string): AgentProcess {
    const agent = this.agents.get(name);
    if (agent === undefined) throw new Error(`no agent ${name} on this stage`);
    return agent;
  }

  /** An agent that is not started yet, for tests of how it starts. */
  newAgent(name: string, options: Partial<Pick<AgentOptions, 'listen' | 'arguments' | 'wrapper'>> = {}): AgentProcess {
    const logPath = join(this.root, 'logs', `agent-${name}.log`);
    const agent = new AgentProcess({ name, home: this.homeOf(name), logPath, env: this.env, ...options });
    this.agents.set(name, agent);
    return agent;
  }

  async addAgent(name: string): Promise<AgentProcess> {
    const agent = this.newAgent(name);
    await agent.start();
    await this.pair(agent);
    return agent;
  }

  /** `address`: where it is reached, if not where it listens. */
  async pair(agent: AgentProcess, address = agent.address): Promise<void> {
    const code = succeeded(await this.#near(['agent', 'pairing-code', '--home', agent.home])).stdout.trim();
    succeeded(await this.#near(['pair', address, '--code', code, '--name', agent.name]));
  }

  /** Runs `understudy` with this stage's profile. */
  async cli(args: readonly string[], timeoutMs?: number): Promise<Outcome> {
    const base = { env: this.env };
    const [program = '', ...rest] = [...this.clientPrefix, understudyCommand, ...args];
    const result = await run(program, rest, timeoutMs === undefined ? base : { ...base, timeoutMs });
    this.#history.push(`${new Date().toISOString()} ${described(result)}`);
    return result;
  }

  /** As `cli`, but what only asks costs no process. */
  #ask(args: readonly string[], timeoutMs = 120_000): Promise<Outcome> {
    return isAsking(args) ? this.#near(args, timeoutMs) : this.cli(args, timeoutMs);
  }

  /** Without a process where the client stands where the tests do. */
  async #near(args: readonly string[], timeoutMs = 120_000): Promise<Outcome> {
    if (this.clientPrefix.length > 0 || understudyCommand !== ownCommand) return this.cli(args, timeoutMs);
    const result = await runInProcess(args, { env: this.env, timeoutMs });
    this.#history.push(`${new Date().toISOString()} ${described(result)}`);
    return result;
  }

  /** Process ids of the interceptor of an agent, whichever of its processes have replaced each other meanwhile. */
  interceptorProcesses(name: string): { readonly fsid: number[]; readonly holder: number[] } {
    const rings = this.#rings.get(name) ?? new Set<string>();
    this.#rings.set(name, rings);
    const agent = this.agent(name);
    if (agent.running) for (const ring of ringsOf(agent.pid)) rings.add(ring);
    return { fsid: processesOnRings('fsid', rings), holder: processesOnRings('fsi-holder', rings) };
  }

  mounts(): string[] {
    return mountsBelow(this.root).map((mount) => mount.at);
  }

  /** Copies logs, what was typed, and what every job said to test-output/. */
  saveLogs(title: string): string {
    const into = join(projectRoot, 'test-output', 'e2e', title.replace(/[^\w.-]+/g, '-').slice(0, 80));
    rmSync(into, { recursive: true, force: true });
    mkdirSync(into, { recursive: true });
    writeFileSync(join(into, 'commands.txt'), this.#history.join('\n\n'));
    writeFileSync(
      join(into, 'processes.txt'),
      JSON.stringify({ processes: processesNaming(this.root), mounts: this.mounts() }, null, 2),
    );
    cpSync(join(this.root, 'logs'), join(into, 'logs'), { recursive: true });
    for (const agent of this.agents.values()) {
      for (const part of ['logs', 'agent.yaml', 'jobs']) {
        const from = join(agent.home, part);
        if (existsSync(from)) cpSync(from, join(into, agent.name, part), { recursive: true });
      }
    }
    return into;
  }

  /** Ends everything. Returns what the product had left behind: lines of the reaper, empty where it cleaned up by itself. */
  close(): Promise<string> {
    this.#closed ??= this.#strike();
    return this.#closed;
  }

  async #strike(): Promise<string> {
    const running = [...this.agents.values()].filter((agent) => agent.running);
    for (const agent of running) agent.signal('SIGCONT');
    await Promise.all(running.map((agent) => agent.stop(10_000).catch(() => undefined)));
    this.#reaper.stdin?.end();
    await this.#reaperGone;
    return this.#reaped;
  }
}
