/**
 * A line to one server, for who stands beside the tests: no network of its own, but a proxy with the delay of a wide-area line, and a cable to
 * pull. In: a stage, an agent's address. Out: the address at its other end. Promised: pulled, every connection stands and nothing comes
 * through, as with a real one; nothing of it outlives the stage.
 */
import { join } from 'node:path';
import type { Bootstrap } from './bootstrap.ts';
import { projectRoot } from './command.ts';
import { until } from './until.ts';
import { Load } from './workload.ts';

export interface BadLine {
  /** Each way. */
  readonly delayMs: number;
  /** Shares of the pieces that pass: those that come late, as what is sent again does; and those that take the connection with them. */
  readonly lost: number;
  readonly breaking: number;
}

export class Cable {
  readonly address: string;
  readonly proxy: Load;

  private constructor(proxy: Load, listen: string) {
    this.proxy = proxy;
    this.address = `${listen}:${proxy.lines[0]}`;
  }

  /** `where`: what is put before the proxy's command, and the address at which it listens there; this machine's own if not given. */
  static async open(
    stage: Bootstrap,
    address: string,
    { delayMs, lost, breaking }: BadLine,
    where: { readonly enter: readonly string[]; readonly listen: string } = { enter: [], listen: '127.0.0.1' },
  ): Promise<Cable> {
    const [host = '', port = ''] = address.split(':');
    const script = join(projectRoot, 'e2e', 'bootstrap', 'bad-line.mjs');
    const numbers = [delayMs, lost, breaking, 1].map(String);
    const command = [...where.enter, process.execPath, script, where.listen, host, port, ...numbers];
    const proxy = new Load(command[0] ?? '', command.slice(1), stage.env);
    await until('the proxy listens', () => proxy.progress > 0);
    return new Cable(proxy, where.listen);
  }

  pull(): void {
    process.kill(this.proxy.pid, 'SIGSTOP');
  }

  plugIn(): void {
    process.kill(this.proxy.pid, 'SIGCONT');
  }
}
