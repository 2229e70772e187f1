import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { projectRoot, understudyCommand } from './command.ts';
import { threadStates } from './processes.ts';
import { until } from './until.ts';

export interface AgentOptions {
  readonly name: string;
  readonly home: string;
  readonly logPath: string;
  readonly env: NodeJS.ProcessEnv;
  /** HOST:PORT; the default lets the kernel choose. */
  readonly listen?: string;
  readonly arguments?: readonly string[];
  /** A program that starts the agent with less than it is used to: `setpriv …`. It must become the agent by exec. */
  readonly wrapper?: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One real agent. Killed and started again it keeps its home and its port, as a server does. */
export class AgentProcess {
  readonly name: string;
  readonly home: string;
  address = '';
  fingerprint = '';
  readonly #options: AgentOptions;
  readonly #log: WriteStream;
  #child: ChildProcess | null = null;
  #ended: Promise<Ended> = Promise.resolve({ code: null, signal: null });
  stderr = '';

  constructor(options: AgentOptions) {
    this.name = options.name;
    this.home = options.home;
    this.#options = options;
    mkdirSync(options.home, { recursive: true, mode: 0o700 });
    this.#log = createWriteStream(options.logPath, { flags: 'a' });
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`agent ${this.name} is not running`);
    return pid;
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the agent has said that it listens; fails with what it said where it ends instead. */
  async start(): Promise<void> {
    const listen = this.address === '' ? (this.#options.listen ?? '127.0.0.1:0') : this.address;
    const [program = '', ...args] = [
      ...(this.#options.wrapper ?? []),
      understudyCommand,
      ...['agent', 'run', '--home', this.home, '--listen', listen, '--name', this.name],
      ...(this.#options.arguments ?? []),
    ];
    const child = spawn(program, args, {
      env: this.#options.env,
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.stderr = '';
    this.#log.write(`--- started as ${child.pid}\n`);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-20_000);
      this.#log.write(text);
    });
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#log.write(`--- ended with ${code ?? signal}\n`);
        resolve({ code, signal });
      });
    });
    await Promise.race([this.#listening(child), this.#endedEarly(), this.#tooLate()]);
  }

  #listening(child: ChildProcess): Promise<void> {
    if (child.stdout === null) throw new Error('an agent without standard output');
    const lines = createInterface({ input: child.stdout });
    return new Promise((resolve) => {
      lines.on('line', (line) => {
        this.#log.write(`${line}\n`);
        const match = /^listening (\S+:\d+) fingerprint (\S+)$/.exec(line);
        if (match === null) return;
        this.address = match[1] ?? '';
        this.fingerprint = match[2] ?? '';
        resolve();
      });
    });
  }

  async #endedEarly(): Promise<never> {
    const { code, signal } = await this.#ended;
    throw new Error(`agent ${this.name} ended with ${code ?? signal} before it listened: ${this.stderr.trim()}`);
  }

  #tooLate(): Promise<never> {
    return new Promise((_, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`agent ${this.name} did not listen within 30 s: ${this.stderr}`)),
        30_000,
      );
      timer.unref();
    });
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Stops every thread of the agent where it stands, so that what it has written is one moment; `release` lets it go on. */
  async hold(): Promise<void> {
    const { pid } = this;
    process.kill(pid, 'SIGSTOP');
    await until(`agent ${this.name} stands still`, () => threadStates(pid).every((state) => state === 'T'), {
      everyMs: 1,
    });
  }

  release(): void {
    this.signal('SIGCONT');
  }

  async kill(): Promise<Ended> {
    this.#child?.kill('SIGKILL');
    return await this.#ended;
  }

  /** An orderly stop; an agent that does not end in time is a fault of the product. */
  async stop(timeoutMs = 30_000): Promise<Ended> {
    if (!this.running) return await this.#ended;
    this.#child?.kill('SIGTERM');
    const late = new Promise<null>((resolve) => setTimeout(resolve, timeoutMs, null).unref());
    const ended = await Promise.race([this.#ended, late]);
    if (ended !== null) return ended;
    await this.kill();
    throw new Error(`agent ${this.name} had not stopped ${timeoutMs} ms after SIGTERM`);
  }

  ended(): Promise<Ended> {
    return this.#ended;
  }
}
