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

export class Cable {
  readonly address: string;
  readonly #proxy: Load;

  private constructor(proxy: Load) {
    this.#proxy = proxy;
    this.address = `127.0.0.1:${proxy.lines[0]}`;
  }

  static async open(stage: Bootstrap, address: string, delayMs: number): Promise<Cable> {
    const [host = '', port = ''] = address.split(':');
    const script = join(projectRoot, 'e2e', 'bootstrap', 'bad-line.mjs');
    const numbers = [delayMs, 0, 0, 1].map(String);
    const proxy = new Load(process.execPath, [script, '127.0.0.1', host, port, ...numbers], stage.env);
    await until('the proxy listens', () => proxy.progress > 0);
    return new Cable(proxy);
  }

  pull(): void {
    process.kill(this.#proxy.pid, 'SIGSTOP');
  }

  plugIn(): void {
    process.kill(this.#proxy.pid, 'SIGCONT');
  }
}
