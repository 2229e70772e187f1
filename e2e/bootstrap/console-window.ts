/**
 * The console in its real window, driven as a person would. In: a stage. Out: a page and what went wrong in it. Promised: nothing of it is left
 * when it is closed; of a test that failed a trace and the last picture are kept.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type ElectronApplication, _electron as electron, type Page } from 'playwright-core';
import type { Bootstrap } from './bootstrap.ts';
import { projectRoot } from './command.ts';
import { type Display, openDisplay, whyNoDisplay } from './display.ts';
import { until } from './until.ts';

export const APPLICATION = join(projectRoot, 'apps', 'console');
const PACKAGE = join(projectRoot, 'node_modules', 'electron');
const axeSource = (): string => readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Electron as it is delivered, or null. */
export function program(): string | null {
  const named = join(PACKAGE, 'path.txt');
  if (!existsSync(named)) return null;
  const path = join(PACKAGE, 'dist', readFileSync(named, 'utf8').trim());
  return existsSync(path) ? path : null;
}

/** Why the console cannot be shown here, or null. */
export function whyNoConsole(): string | null {
  if (process.platform !== 'linux') return 'the console’s tests run on Linux';
  if (program() === null) return 'Electron is not here: "node tools/electron.mjs" brings it, or says why it cannot';
  if (!existsSync(join(APPLICATION, 'build', 'main', 'main.js')))
    return 'the console is not built: run "npm run build" first';
  const tried = spawnSync(program() ?? '', ['-e', ''], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    encoding: 'utf8',
  });
  if (tried.status !== 0) return `Electron does not run here: ${tried.stderr.trim()}`;
  return whyNoDisplay();
}

export interface Fault {
  readonly rule: string;
  readonly where: string;
  readonly why: string;
}

export class ConsoleWindow {
  readonly page: Page;
  /** What the page complained of: refused scripts, errors nobody caught. */
  readonly complaints: string[] = [];
  readonly #app: ElectronApplication;
  readonly #display: Display;
  /** What drives the page has lost it for good when its process dies: from then on it is looked at through the main process. */
  #isLost = false;
  #isTraced = false;

  private constructor(app: ElectronApplication, page: Page, display: Display) {
    this.#app = app;
    this.#display = display;
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** `memory`: which console of the stage it is; two of them remember different things, and share the profile. */
  static async open(stage: Bootstrap, memory = 'config'): Promise<ConsoleWindow> {
    const window = await ConsoleWindow.openUntraced(stage, memory);
    await window.#app.context().tracing.start({ snapshots: true });
    window.#isTraced = true;
    return window;
  }

  /** A trace watches every change of the document: what a page costs is measured without one. */
  static async openUntraced(stage: Bootstrap, memory = 'config'): Promise<ConsoleWindow> {
    const executablePath = program();
    if (executablePath === null) throw new Error('Electron is not here');
    const display = await openDisplay(stage.env);
    const env = environmentOf(stage, memory, display);
    try {
      const args = [APPLICATION, '--no-sandbox', '--lang=en-GB'];
      const app = await electron.launch({ executablePath, args, env, cwd: projectRoot, timeout: 60_000 });
      const page = await app.firstWindow();
      // Playwright says that there is no such wish, whatever Chromium was started with.
      await page.emulateMedia({ reducedMotion: 'reduce' });
      return new ConsoleWindow(app, page, display);
    } catch (error) {
      await display.close();
      throw error;
    }
  }

  /** The same user starts the same console once more, while this one is there; resolves with what that one ends with. */
  async startAgain(stage: Bootstrap, memory = 'config'): Promise<number | null> {
    const env = environmentOf(stage, memory, this.#display);
    const second = spawn(program() ?? '', [APPLICATION, '--no-sandbox'], { env, stdio: 'ignore' });
    const [code] = await once(second, 'exit');
    return code;
  }

  /** Of the main process. */
  get pid(): number {
    const { pid } = this.#app.process();
    if (pid === undefined) throw new Error('the console is not running');
    return pid;
  }

  /** What is alive in the page and in the main process without its threads, MiB, after what is not was taken away. */
  async heaps(): Promise<{ readonly page: number; readonly main: number }> {
    const inspector = await this.page.context().newCDPSession(this.page);
    await inspector.send('HeapProfiler.collectGarbage');
    const page = await this.page.evaluate<number>('performance.memory.usedJSHeapSize');
    await inspector.detach();
    const main = await this.#app.evaluate(() => {
      process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
      process.getBuiltinModule('node:vm').runInNewContext('gc')();
      return process.memoryUsage().heapUsed;
    });
    return { page: page / 2 ** 20, main: main / 2 ** 20 };
  }

  /** Of what can be seen of the page; the window may be as large as the screen. */
  async resize(width: number, height: number): Promise<void> {
    await this.#app.evaluate(
      ({ BrowserWindow }, [w, h]) => BrowserWindow.getAllWindows()[0]?.setContentSize(w ?? 0, h ?? 0),
      [width, height],
    );
    await until(`the window is ${width} by ${height}`, async () => {
      const size = await this.page.evaluate<string>('[innerWidth, innerHeight].join(" ")');
      return size === `${width} ${height}`;
    });
  }

  /** Into test-output/console. */
  async picture(name: string): Promise<void> {
    const folder = join(projectRoot, 'test-output', 'console');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
  }

  /** What stands in the way of somebody who does not see, hear or point as others do. */
  async faults(): Promise<Fault[]> {
    if (!(await this.page.evaluate<boolean>('"axe" in globalThis'))) await this.page.evaluate(axeSource());
    const found = await this.page.evaluate<{ id: string; nodes: { target: string[]; failureSummary: string }[] }[]>(
      'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => JSON.parse(JSON.stringify(violations)))',
    );
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => ({ rule: id, where: target.join(' '), why: failureSummary })),
    );
  }

  /** The process of the page dies where it stands. */
  async crashPage(): Promise<void> {
    this.#isLost = true;
    await this.#app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
    );
  }

  /** What an expression comes to in the page that is there now, whichever process shows it; undefined: none does yet. */
  async look<T>(expression: string): Promise<T | undefined> {
    return await this.#app.evaluate(async ({ BrowserWindow }, text) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      if (contents === undefined || contents.isCrashed() || contents.isLoading()) return undefined;
      // A page that dies while it is asked never answers.
      const late = new Promise((resolve) => setTimeout(() => resolve(undefined), 1000));
      return await Promise.race([contents.executeJavaScript(text), late]);
    }, expression);
  }

  /** As `picture`, of a page that is not driven any more. */
  async lookedAt(name: string): Promise<void> {
    const png = await this.#app.evaluate(async ({ BrowserWindow }) =>
      (await BrowserWindow.getAllWindows()[0]?.webContents.capturePage())?.toPNG().toString('base64'),
    );
    if (png === undefined) throw new Error('there is no window');
    writeFileSync(join(projectRoot, 'test-output', 'console', `${name}.png`), Buffer.from(png, 'base64'));
  }

  /** The main process dies where it stands, and with it all of the console. */
  async kill(): Promise<void> {
    const { exitCode, pid } = this.#app.process();
    const gone = new Promise<void>((resolve) => this.#app.process().once('exit', () => resolve()));
    if (exitCode === null && pid !== undefined) process.kill(pid, 'SIGKILL');
    await gone;
    await this.#display.close();
  }

  /** `failed`: the trace is kept under this title. */
  async close(failed: string | null = null): Promise<void> {
    if (this.#isLost) return await this.kill();
    if (failed === null) {
      if (this.#isTraced) await this.#app.context().tracing.stop();
    } else {
      await this.picture(`failed-${failed}`).catch(() => undefined);
      const path = join(projectRoot, 'test-output', 'console', `failed-${failed}.zip`);
      await this.#app.context().tracing.stop({ path });
    }
    await this.#app.close();
    await this.#display.close();
  }
}

/** What the console remembers is the stage's; a language and a zone of its own, so that texts are the same everywhere. */
function environmentOf(stage: Bootstrap, memory: string, display: Display): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(stage.env)) if (value !== undefined) env[name] = value;
  return { ...env, DISPLAY: display.name, XDG_CONFIG_HOME: stage.folder(memory), LANG: 'en_GB.UTF-8', TZ: 'UTC' };
}

/** What is done in a window; of one in which it failed the trace is kept under the title. */
export async function withConsole(
  stage: Bootstrap,
  title: string,
  body: (window: ConsoleWindow) => Promise<void>,
  memory = 'config',
): Promise<void> {
  const window = await ConsoleWindow.open(stage, memory);
  let failed: string | null = title;
  try {
    await body(window);
    failed = null;
  } finally {
    await window.close(failed);
  }
}
