import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from './command.ts';

const workloads = join(projectRoot, 'e2e', 'workloads');
const sources = join(workloads, 'src');

/** Programs of more than one source file. */
const parts: Readonly<Record<string, readonly string[]>> = {
  verbs: ['verbs.c', 'verbs-data.c', 'verbs-names.c', 'verbs-metadata.c'],
};

export type WorkloadName =
  | 'verbs'
  | 'storm'
  | 'append-order'
  | 'mixed'
  | 'many-files'
  | 'blocks'
  | 'hold'
  | 'compare-trees'
  | 'ledger'
  | 'writer';

/** Path of the compiled workload; compiled when it is missing or older than any source. */
export function workloadProgram(name: WorkloadName): string {
  const program = join(workloads, 'build', name);
  const newest = Math.max(...readdirSync(sources).map((file) => statSync(join(sources, file)).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs > newest) return program;
  mkdirSync(join(workloads, 'build'), { recursive: true });
  // Two runs at once may be in process namespaces of their own, where process numbers are the same.
  const unfinished = `${program}.${randomUUID()}`;
  const files = (parts[name] ?? [`${name}.c`]).map((file) => join(sources, file));
  try {
    execFileSync(process.env.CC ?? 'cc', [
      '-std=gnu11',
      '-O2',
      '-Wall',
      '-Wextra',
      '-D_GNU_SOURCE',
      '-o',
      unfinished,
      ...files,
    ]);
    renameSync(unfinished, program);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return program;
}

/** A program that runs beside the test, prints its progress a line at a time, and stops on SIGTERM. */
export class Load {
  readonly title: string;
  readonly lines: string[] = [];
  onLine: (line: string) => void = () => undefined;
  #lineCount = 0;
  #stderr = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd = '/') {
    this.title = [basename(program), ...args].join(' ');
    const child = spawn(program, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    // The last lines only: a ledger of an hour would fill the memory of the test.
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#lineCount += 1;
      this.onLine(line);
      if (this.lines.length > 200_000) this.lines.splice(0, 100_000);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? -1));
    });
    this.#ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** How many lines it has printed so far. */
  get progress(): number {
    return this.#lineCount;
  }

  /** Throws with the load's own words where it has ended before it was told to. */
  assertRunning(): void {
    if (!this.running)
      throw new Error(`${this.title} ended by itself (${this.#child.exitCode}): ${this.#stderr.trim()}`);
  }

  /** Waits for its own end; throws where it is not 0: an application saw an error. */
  async finished(): Promise<string> {
    const code = await this.#ended;
    if (code !== 0)
      throw new Error(
        `an application failed: ${this.title}: exit ${code}: ${this.#stderr.trim()} ${this.lines.at(-1) ?? ''}`,
      );
    return this.lines.at(-1) ?? '';
  }

  /** Tells it to stop after its current operation; returns its last line. */
  stop(): Promise<string> {
    this.#child.kill('SIGTERM');
    return this.finished();
  }

  closeInput(): void {
    this.#child.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  ended(): Promise<number> {
    return this.#ended;
  }
}

export function startLoad(name: WorkloadName, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Load {
  return new Load(workloadProgram(name), args, env);
}

/** Every difference between two trees, a line each; empty when they are equal. */
export async function treeDifferences(source: string, replica: string, ...options: string[]): Promise<string[]> {
  const load = startLoad('compare-trees', [source, replica, '--ignore', 'lost+found', ...options]);
  const code = await load.ended();
  if (code === 0) return [];
  if (code !== 1) await load.finished();
  return load.lines.slice(0, -1);
}
