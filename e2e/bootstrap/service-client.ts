/**
 * An application's client: it stands where the users are, knows a service by its address alone, and keeps a ledger of what was answered. In:
 * a network, a database there with a table `ledger(id bigint)`. Out: rows whose commits were answered, and when.
 */
import { join } from 'node:path';
import type { Bootstrap } from './bootstrap.ts';
import { projectRoot } from './command.ts';
import { Lan } from './lan.ts';
import { until } from './until.ts';
import { Load } from './workload.ts';

const PORT = 5432;

export class ServiceClient {
  /** Nanoseconds of CLOCK_MONOTONIC at which the commit of a row had been answered. */
  readonly answered = new Map<number, bigint>();
  readonly #load: Load;

  constructor(stage: Bootstrap, lan: Lan) {
    const connection = `host=${Lan.service} port=${PORT} user=postgres dbname=postgres connect_timeout=2`;
    const script = join(projectRoot, 'e2e', 'bootstrap', 'service-client.mjs');
    const [program = '', ...args] = [...lan.atClient, process.execPath, script, connection, Lan.service, String(PORT)];
    this.#load = new Load(program, args, stage.env);
    this.#load.onLine = (line) => {
      const [, id, at] = /^ok (\d+) (\d+)$/.exec(line) ?? [];
      if (id !== undefined && at !== undefined) this.answered.set(Number(id), BigInt(at));
    };
  }

  async commits(count: number, what: string): Promise<void> {
    const before = this.answered.size;
    await until(`${count} more commits are answered ${what}`, () => {
      this.#load.assertRunning();
      return this.answered.size >= before + count;
    });
  }

  /** The first that was answered behind that moment; null: none yet. */
  firstAfter(moment: bigint): { readonly id: number; readonly at: bigint } | null {
    for (const [id, at] of this.answered) if (at > moment) return { id, at };
    return null;
  }

  async stop(): Promise<void> {
    await this.#load.stop();
  }
}
