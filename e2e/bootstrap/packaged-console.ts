/**
 * A packaged console, started as whoever has installed it starts it, and driven through Chromium's own debugging port: Node's inspector is
 * off in it. In: a command, an environment. Out: a page. Promised: with `close` its processes have ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { projectRoot } from './command.ts';
import { until } from './until.ts';

const START_MS = 60_000;

export class PackagedConsole {
  readonly page: Page;
  /** What the page complained of. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(browser: Browser, page: Page, child: ChildProcess, ended: Promise<void>) {
    this.#browser = browser;
    this.page = page;
    this.#child = child;
    this.#ended = ended;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** `command` becomes the console, or starts it and ends with it. `ready`: when to take hold of it, given where it listens; at once if not given. */
  static async start(
    command: readonly string[],
    env: NodeJS.ProcessEnv,
    ready: (address: string) => Promise<unknown> = async () => undefined,
  ): Promise<PackagedConsole> {
    const [program = '', ...args] = [...command, '--remote-debugging-port=0', '--lang=en-GB'];
    const child = spawn(program, args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-20_000);
      });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => resolve());
    });
    ended.catch(() => undefined);
    try {
      const address = await until(
        'the packaged console listens for who drives it',
        () => {
          if (child.exitCode !== null) throw new Error(`the console ended with ${child.exitCode}: ${said}`);
          return /^DevTools listening on (ws:\S+)$/m.exec(said)?.[1];
        },
        { timeoutMs: START_MS },
      );
      await ready(address);
      const browser = await chromium.connectOverCDP(address, { timeout: START_MS });
      const page = await until('the console has a window', () => browser.contexts()[0]?.pages()[0], {
        timeoutMs: START_MS,
      });
      return new PackagedConsole(browser, page, child, ended);
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`the packaged console was not to be had: ${String(error)}\n${said}`, { cause: error });
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Into test-output/console. */
  async picture(name: string): Promise<void> {
    const folder = join(projectRoot, 'test-output', 'console');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** The window is closed as a person closes it, and with the last one the application ends. */
  async close(): Promise<void> {
    await this.page.close();
    await this.#browser.close();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#ended;
    clearTimeout(late);
    if (this.#child.signalCode === 'SIGKILL')
      throw new Error('the console had not ended 10 s after its window was closed');
  }
}
