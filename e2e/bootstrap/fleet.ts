/**
 * Many servers for one console: simulated agents behind real sockets, many in one process beside the tests. In: how many servers, how many
 * jobs each. Out: a profile in which all of them are paired, and statuses at a pace. Promised: they end with the stage or with the test,
 * whichever ends first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Profile, pair } from '@understudy/sdk';
import type { JobStatus } from '@understudy/wire';
import type { Bootstrap } from './bootstrap.ts';
import { projectRoot } from './command.ts';

export interface FleetSize {
  readonly servers: number;
  readonly jobsEach: number;
}

export type FleetOrder =
  | { readonly order: 'begin'; readonly size: FleetSize }
  /** Each job tells its status once in that time; null: none does. */
  | { readonly order: 'pace'; readonly everyMs: number | null }
  | { readonly order: 'change'; readonly job: string; readonly changes: Partial<JobStatus> };
export type FleetWord =
  | {
      readonly word: 'ready';
      readonly agents: readonly { readonly name: string; readonly address: string; readonly code: string }[];
    }
  | { readonly word: 'told'; readonly count: number };

const PROCESS = fileURLToPath(new URL('./fleet-process.ts', import.meta.url));

export class Fleet {
  readonly size: FleetSize;
  /** Statuses that were told since the pace was last set. */
  told = 0;
  readonly #child: ChildProcess;

  private constructor(size: FleetSize, child: ChildProcess) {
    this.size = size;
    this.#child = child;
    child.on('message', (word: FleetWord) => {
      if (word.word === 'told') this.told = word.count;
    });
  }

  /** All of them started, and paired with the stage's client. */
  static async open(stage: Bootstrap, size: FleetSize): Promise<Fleet> {
    const loader = pathToFileURL(join(projectRoot, 'node_modules', 'tsx', 'dist', 'loader.mjs')).href;
    const child = spawn(process.execPath, ['--import', loader, '--conditions=source', PROCESS], {
      env: stage.env,
      cwd: projectRoot,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    // Real ones are on machines of their own: they take no processor from the console.
    if (child.pid !== undefined) os.setPriority(child.pid, os.constants.priority.PRIORITY_LOW);
    const fleet = new Fleet(size, child);
    try {
      const ready = fleet.#ready();
      fleet.#order({ order: 'begin', size });
      const profile = new Profile(stage.env.UNDERSTUDY_PROFILE ?? '');
      for (const { address, code } of await ready) await pair(profile, { address, code });
      return fleet;
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  pace(everyMs: number | null): void {
    this.told = 0;
    this.#order({ order: 'pace', everyMs });
  }

  change(job: string, changes: Partial<JobStatus>): void {
    this.#order({ order: 'change', job, changes });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #order(order: FleetOrder): void {
    this.#child.send(order);
  }

  #ready(): Promise<Extract<FleetWord, { word: 'ready' }>['agents']> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (word: FleetWord) => {
        if (word.word === 'ready') resolve(word.agents);
      });
      this.#child.once('error', reject);
      this.#child.once('exit', (code, signal) => reject(new Error(`the fleet ended with ${code ?? signal}`)));
    });
  }
}
