import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { projectRoot, run } from './command.ts';
import { threadStates } from './processes.ts';
import { until } from './until.ts';
import { Load } from './workload.ts';

function writerProgram(): string {
  const build = join(projectRoot, 'tools', 'sample-writer', 'build.mjs');
  return execFileSync(process.execPath, [build], { encoding: 'utf8' }).trim();
}

export interface Verdict {
  readonly ok: boolean;
  readonly transactions: number;
  readonly lastCommitMs: number;
  readonly why: string | null;
}

/** What an application asked to have written. */
export interface Written {
  readonly calls: number;
  readonly bytes: number;
}

/** A database of another size than the quick start's. */
export interface SampleSize {
  /** A table of so many MiB besides, of which each transaction changes pages that lie far apart. */
  readonly recordsMiB: number;
  /** Pages in the log at which it is folded into the database. */
  readonly checkpointPages: number;
}

const sizeArguments = ({ recordsMiB, checkpointPages }: SampleSize): string[] => [
  ...['--records', String(recordsMiB)],
  ...['--checkpoint', String(checkpointPages)],
];

/** A SQLite database in WAL mode with a writer and its ledger: which transaction had returned from commit, and when. */
export class SampleDatabase {
  readonly path: string;
  readonly #program = writerProgram();
  readonly #committed = new Map<number, number>();
  readonly #size: readonly string[];
  #last = 0;
  #load: Load | null = null;

  constructor(path: string, size: SampleSize | null = null) {
    this.path = path;
    this.#size = size === null ? [] : sizeArguments(size);
  }

  /** Creates the database with its first transaction and closes it. */
  async create(): Promise<void> {
    await new Load(this.#program, [this.path, '--transactions', '1', ...this.#size], process.env).finished();
  }

  start(rate: number): void {
    const args = [this.path, '--rate', String(rate), '--mode', 'wal', '--ledger', ...this.#size];
    const load = new Load(this.#program, args, process.env);
    load.onLine = (line) => {
      const [number = 0, at = 0] = line.split(' ').map(Number);
      this.#committed.set(number, at);
      this.#last = number;
    };
    this.#load = load;
  }

  async stop(): Promise<void> {
    const load = this.#load;
    this.#load = null;
    await load?.stop();
  }

  /**
   * Ends the writer where it stands, as a crash of the application does; returns what its calls had been given to write, the ledger
   * for this test left out. Nothing is written after that is known.
   */
  async crash(): Promise<Written> {
    const load = this.#load;
    this.#load = null;
    if (load === null) throw new Error('the database is not being written');
    load.assertRunning();
    load.kill('SIGSTOP');
    await until('the writer stands still', () => threadStates(load.pid).every((state) => state === 'T'), {
      everyMs: 1,
    });
    const io = readFileSync(`/proc/${load.pid}/io`, 'utf8');
    load.kill('SIGKILL');
    await load.ended();
    const figure = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1] ?? Number.NaN);
    return { calls: figure('syscw') - load.progress, bytes: figure('wchar') };
  }

  /** Number of the last transaction known to be committed. */
  get last(): number {
    this.#load?.assertRunning();
    return this.#last;
  }

  /** How old an image that ends with `transaction` was at `moment`: since when it had been lacking something that was committed. */
  ageMs(transaction: number, moment: number): number {
    const missing = this.#committed.get(transaction + 1);
    return missing === undefined ? 0 : Math.max(0, moment - missing);
  }

  committedAt(transaction: number): number | undefined {
    return this.#committed.get(transaction);
  }

  /** Copies the database's files as they lie in `folder`, to be opened without touching them. */
  copyImage(folder: string, into: string): string {
    mkdirSync(into, { recursive: true });
    const name = basename(this.path);
    for (const file of [name, `${name}-wal`, `${name}-journal`]) {
      if (existsSync(join(folder, file))) cpSync(join(folder, file), join(into, file));
    }
    return join(into, name);
  }

  async check(image: string): Promise<Verdict> {
    const result = await run(this.#program, ['--check', image], { env: process.env, cwd: dirname(image) });
    return result.json() as Verdict;
  }
}
