import { join } from 'node:path';
import { ExitCode, type Outcome, succeeded } from './command.ts';
import { until } from './until.ts';

export interface JobOptions {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  readonly to?: string;
  readonly intercept?: 'auto' | 'fuse' | 'watch';
  readonly extra?: readonly string[];
}

/** `status NAME --json` as CLI.md prints it: the part that scripts rely on. */
export interface JobStatus {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly state: string;
  readonly reason: unknown;
  readonly targetDataState: string;
  readonly interceptor: string;
  readonly synchronous?: {
    readonly state: string;
    readonly callsWaiting: number;
    readonly longestWaitMs: number;
    readonly callsAborted: number;
  };
  readonly mirror: {
    readonly state: string;
    readonly percent: number;
    readonly bytesRemaining: number;
    readonly bytesSkipped: number;
    readonly bytesSent: number;
    readonly filesDone: number;
    readonly filesTotal: number;
  };
  readonly replication: {
    readonly state: string;
    readonly operations?: number;
    readonly queuedOperations: number;
    readonly queuedBytes: number;
    readonly diskQueueBytes: number;
    readonly sentBytes: number;
    readonly sentCompressedBytes: number;
    readonly lastFileTouched: string | null;
    readonly dirty?: {
      readonly items: number;
      readonly bytes: number;
      readonly reasons: readonly { readonly reason: string; readonly items: number }[];
    };
  };
  readonly recoveryPoint: {
    readonly time: string | null;
    readonly latencyMs: number | null;
    readonly position: string;
  };
  readonly actions: readonly string[];
}

type Run = (args: readonly string[], options?: { readonly timeoutMs?: number }) => Promise<Outcome>;

/** The commands of CLI.md as functions; those that end in `…ed` words of the job throw with the command's output where it fails. */
export class Client {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  raw(...args: string[]): Promise<Outcome> {
    return this.#run(args);
  }

  /** Whatever the outcome: for tests of refusals. */
  tryCreate(job: JobOptions): Promise<Outcome> {
    const args = [
      'job',
      'create',
      job.name,
      '--source',
      job.source,
      '--target',
      job.target,
      '--include',
      ...job.include,
    ];
    if (job.exclude !== undefined) args.push('--exclude', ...job.exclude);
    if (job.to !== undefined) args.push('--to', job.to);
    if (job.intercept !== undefined) args.push('--intercept', job.intercept);
    return this.#run([...args, ...(job.extra ?? [])]);
  }

  async create(job: JobOptions): Promise<void> {
    succeeded(await this.tryCreate(job));
  }

  async job(verb: 'start' | 'stop' | 'pause' | 'resume' | 'delete', name: string): Promise<void> {
    succeeded(await this.#run(['job', verb, name]));
  }

  /** Creates, starts and waits until the job protects. */
  async protect(job: JobOptions): Promise<JobStatus> {
    await this.create({ ...job, extra: [...(job.extra ?? []), '--start'] });
    await this.reach(job.name, 'protected');
    return await this.status(job.name);
  }

  async reach(name: string, state: string, timeout = '90s'): Promise<void> {
    const result = await this.#run(['wait', name, '--until', state, '--timeout', timeout], { timeoutMs: 900_000 });
    if (result.code === ExitCode.timedOut) {
      const now = await this.#run(['status', name, '--json']);
      throw new Error(`job ${name} did not reach "${state}" in ${timeout}; it says: ${now.stdout}${now.stderr}`);
    }
    succeeded(result);
  }

  /** The barrier: everything intercepted before the call is on the replica when it returns. */
  async flush(name: string, timeout = '90s'): Promise<string> {
    return succeeded(await this.#run(['flush', name, '--timeout', timeout], { timeoutMs: 900_000 })).stdout.trim();
  }

  async status(name: string): Promise<JobStatus> {
    return succeeded(await this.#run(['status', name, '--json'])).json() as JobStatus;
  }

  async mirror(name: string, ...options: string[]): Promise<void> {
    succeeded(await this.#run(['mirror', name, ...options]));
  }

  /** Exit 1 (differences) is an answer, not a failure. */
  async verify(name: string): Promise<Outcome> {
    const result = await this.#run(['verify', name, '--json'], { timeoutMs: 600_000 });
    return result.code === ExitCode.no ? result : succeeded(result);
  }

  async servers(): Promise<unknown> {
    return succeeded(await this.#run(['servers', '--json'])).json();
  }

  async jobs(): Promise<unknown> {
    return succeeded(await this.#run(['jobs', '--json'])).json();
  }

  /** Until events of the job with these codes are there: an agent looks now and then, and tells of what it sees a moment later. */
  async told(job: string, ...codes: string[]): Promise<void> {
    await until(`events of ${job} say ${codes.join(', ')}`, async () => {
      const { stdout } = await this.events('--job', job, '--json', '--limit', '1000');
      const told = new Set([...stdout.matchAll(/"code": ?"([^"]+)"/g)].map(([, code]) => code));
      return codes.every((code) => told.has(code));
    });
  }

  async events(...options: string[]): Promise<Outcome> {
    return succeeded(await this.#run(['events', ...options]));
  }
}

/** Where `--to` puts the replica of a protected path. */
export const replicaOf = (to: string, path: string): string => join(to, path);
