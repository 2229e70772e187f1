/** For tests: a command line that runs in this process against agents of the test, and what it printed. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FakeAgent, type FakeAgentOptions, statusOf } from '@understudy/sdk/testing';
import type { JobDefinition, JobStatus, JobSummary } from '@understudy/wire';
import type { Io } from './io.ts';
import { run } from './run.ts';

export { statusOf } from '@understudy/sdk/testing';

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly isTerminal?: boolean;
  readonly colour?: boolean;
  readonly signal?: AbortSignal;
  readonly onOut?: (text: string) => void;
}

export async function runCommand(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const io: Io = {
    out: (text) => {
      out += text;
      options.onOut?.(text);
    },
    err: (text) => {
      err += text;
    },
    isTerminal: options.isTerminal ?? false,
    colour: options.colour ?? false,
    columns: () => 100,
    rows: () => 30,
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
  };
  const exitCode = await run(args, io);
  return { exitCode, out, err };
}

export function summaryOf(changes: Partial<JobStatus> = {}, definition: Partial<JobDefinition> = {}): JobSummary {
  const status = statusOf(changes);
  const include = [{ text: '/srv/data', bytes: Buffer.from('/srv/data').toString('base64') }];
  const target = { name: status.target, address: '127.0.0.1:1', fingerprint: 'ab'.repeat(32) };
  return {
    status,
    definition: {
      ...{ name: status.name, sourceName: null, target, include, exclude: [], to: null },
      ...{ intercept: 'auto', mode: 'async', compression: 'none', bandwidth: null },
      ...definition,
    },
  };
}

/** Opens each of the test's agents once. */
export const CODE = 'ABCDE-FGHJK-MNPQR-STVWX';

/** An agent that the profile is paired with. */
export async function pairedAgent(options: FakeAgentOptions, env: NodeJS.ProcessEnv): Promise<FakeAgent> {
  const agent = await FakeAgent.start(options);
  agent.code = CODE;
  const ran = await runCommand(['pair', agent.address, '--code', CODE], { env });
  if (ran.exitCode !== 0) throw new Error(ran.err);
  return agent;
}

/** Two agents, alpha and beta, and a profile that is paired with both; alpha has the job `files`. */
export class TwoServers {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly alpha: FakeAgent;
  readonly beta: FakeAgent;
  /** Stopped with the two. */
  readonly others: FakeAgent[] = [];

  private constructor(folder: string, alpha: FakeAgent, beta: FakeAgent) {
    this.folder = folder;
    this.env = { UNDERSTUDY_PROFILE: folder };
    this.alpha = alpha;
    this.beta = beta;
    this.jobs(summaryOf());
    beta.answers['job.list'] = () => ({ jobs: [] });
  }

  static async start(): Promise<TwoServers> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-cli-'));
    const env = { UNDERSTUDY_PROFILE: folder };
    const alpha = await pairedAgent({ name: 'alpha' }, env);
    return new TwoServers(folder, alpha, await pairedAgent({ name: 'beta' }, env));
  }

  jobs(...summaries: JobSummary[]): void {
    this.alpha.answers['job.list'] = () => ({ jobs: summaries });
  }

  async stop(): Promise<void> {
    for (const agent of [this.alpha, this.beta, ...this.others]) await agent.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
