/**
 * A server of its own on this machine: an agent at one end of a line, and with it disks and folders that nobody else sees, so that source
 * and target can have the same paths. In: a stage, a line, what is mounted where. Out: an agent there, and commands run beside it. Promised:
 * the mounts go with the last process in it, and all of those bear the stage's token.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentProcess } from './agent-process.ts';
import type { Bootstrap } from './bootstrap.ts';
import { type Outcome, run, succeeded } from './command.ts';
import type { End, Line } from './line.ts';
import { until } from './until.ts';

export interface ServerOptions {
  readonly name: string;
  readonly end: End;
  /** Each on a new file system of this type. Its files can be protected: no other namespace shows them. */
  readonly disks: readonly { readonly at: string; readonly type: string; readonly bytes?: number }[];
  /** Empty folders in memory that hide the machine's own. */
  readonly folders: readonly string[];
}

const DISK_BYTES = 512 * 1024 * 1024;

export class Server {
  readonly name: string;
  readonly agent: AgentProcess;
  readonly #enter: readonly string[];
  readonly #stage: Bootstrap;

  private constructor(stage: Bootstrap, agent: AgentProcess, enter: readonly string[]) {
    this.name = agent.name;
    this.agent = agent;
    this.#stage = stage;
    this.#enter = enter;
  }

  /** Not started: what it is to protect can be made first. */
  static async open(stage: Bootstrap, line: Line, { name, end, disks, folders }: ServerOptions): Promise<Server> {
    const images = disks.map(({ type, at, bytes = DISK_BYTES }, index) => {
      const image = join(stage.folder('images'), `${name}-${index}.img`);
      writeFileSync(image, '');
      truncateSync(image, bytes);
      mkdirSync(at, { recursive: true });
      return [type, image, at];
    });
    const pid = await keeper(stage, [
      // ext4 begins with a folder that is nobody's.
      ...images.map(
        ([type, image, at]) => `mkfs.${type} -q ${image} && mount -o loop ${image} ${at} && rm -rf ${at}/lost+found`,
      ),
      ...folders.map((at) => `mkdir -p ${at} && mount -t tmpfs -o mode=755 own ${at}`),
    ]);
    const enter = [...line.on(end).slice(0, -1), `--mount=/proc/${pid}/ns/mnt`, '--'];
    const agent = stage.newAgent(name, { wrapper: enter, listen: `${line.address(end)}:0` });
    return new Server(stage, agent, enter);
  }

  async start(): Promise<void> {
    await this.agent.start();
    await this.#stage.pair(this.agent);
  }

  /** A command on this server, whatever its outcome. */
  try(...command: readonly string[]): Promise<Outcome> {
    const [program = '', ...args] = [...this.#enter, ...command];
    return run(program, args, { env: { ...this.#stage.env, LC_ALL: 'C.UTF-8' }, cwd: '/' });
  }

  async run(...command: readonly string[]): Promise<string> {
    return succeeded(await this.try(...command)).stdout;
  }

  /** A program that stays, and says what it does on its output. */
  command(...command: readonly string[]): [string, string[]] {
    const [program = '', ...args] = [...this.#enter, ...command];
    return [program, args];
  }
}

const mountsOf = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/mnt`);

/** A process that does nothing but hold a mount namespace, once everything is mounted. */
async function keeper(stage: Bootstrap, steps: readonly string[]): Promise<number> {
  const script = [...steps, 'exec 2>&- && echo ready && exec sleep infinity'].join(' && ');
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script];
  const child = spawn('unshare', args, { env: stage.env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  const pid = child.pid ?? -1;
  await until('a server has its disks', () => {
    if (child.exitCode !== null) throw new Error(`the disks of a server could not be mounted: ${said}`);
    return said.includes('ready') && mountsOf(pid) !== mountsOf('self');
  });
  child.unref();
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  return pid;
}
