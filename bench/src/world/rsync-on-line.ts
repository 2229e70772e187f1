/**
 * world: what rows about the wire share, with both ends in network namespaces of their own. In: a line, two folders. Out: an rsync
 * from one end to a daemon on the other, and what it took. Promised: it ends with the stage.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bootstrap, type Line, type Outcome, run, succeeded, until } from '@understudy/e2e';
import { startChild } from '../contenders/child.ts';

const PORT = 8730;

export interface Transfer {
  readonly seconds: number;
  /** As the source's end of the line counted them. */
  readonly sentBytes: number;
  /** Asked of the kernel by rsync's processes at the source. */
  readonly readBytes: number;
}

export class RsyncOnLine {
  readonly #stage: Bootstrap;
  readonly #line: Line;

  private constructor(stage: Bootstrap, line: Line) {
    this.#stage = stage;
    this.#line = line;
  }

  static async open(stage: Bootstrap, line: Line, replica: string): Promise<RsyncOnLine> {
    const config = join(stage.root, 'rsyncd.conf');
    writeFileSync(
      config,
      `use chroot = no\nmunge symlinks = no\nuid = 0\ngid = 0\nport = ${PORT}\naddress = ${line.address('target')}\n` +
        `[bench]\n  path = ${replica}\n  read only = no\n`,
    );
    const [program = '', ...args] = line.on('target');
    startChild(stage, program, [...args, 'rsync', '--daemon', '--no-detach', `--config=${config}`]);
    const rsync = new RsyncOnLine(stage, line);
    await until('the rsync daemon listens', () => rsync.#answers(), { timeoutMs: 20_000 });
    return rsync;
  }

  /** One rsync of what is in `source`, to its end. */
  async copy(source: string, ...options: string[]): Promise<Transfer> {
    const before = this.#line.sentBytes();
    const began = performance.now();
    const outcome = succeeded(await this.#rsync(['-a', ...options, `${source}/`, this.#module]));
    const seconds = (performance.now() - began) / 1000;
    const read = Number(/^rchar: (\d+)$/m.exec(outcome.stdout)?.[1] ?? Number.NaN);
    return { seconds, sentBytes: this.#line.sentBytes() - before, readBytes: read };
  }

  get #module(): string {
    return `rsync://${this.#line.address('target')}:${PORT}/bench/`;
  }

  async #answers(): Promise<boolean> {
    return (await this.#rsync(['--list-only', this.#module])).code === 0;
  }

  /** The shell's own figures hold those of the processes that it has waited for. */
  #rsync(args: readonly string[]): Promise<Outcome> {
    const [program = '', ...enter] = this.#line.on('source');
    const script = 'rsync "$@" || exit; cat /proc/$$/io';
    return run(program, [...enter, 'sh', '-c', script, 'sh', ...args], {
      env: this.#stage.env,
      timeoutMs: 1_800_000,
    });
  }
}
