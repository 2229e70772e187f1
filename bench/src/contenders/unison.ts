import { type ChildProcess, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bootstrap, until } from '@understudy/e2e';
import { freePort, startChild } from './child.ts';
import type { Contender, Session } from './contender.ts';
import { installed } from './installed.ts';

/** Unison from Debian has no watcher: it compares both sides once a second. */
class UnisonSession implements Session {
  readonly source: string;
  readonly replica: string;
  readonly #stage: Bootstrap;
  readonly #env: NodeJS.ProcessEnv;
  #client: ChildProcess | null = null;
  #port = 0;

  constructor(stage: Bootstrap) {
    this.#stage = stage;
    this.source = stage.folder('source');
    this.replica = stage.folder('replica');
    this.#env = { UNISON: stage.folder('unison'), HOME: stage.root };
  }

  async start(): Promise<void> {
    this.#port = await freePort();
    startChild(this.#stage, 'unison', ['-socket', String(this.#port)], {
      ...this.#env,
      UNISON: this.#stage.folder('unison-server'),
    });
    const listens = () =>
      execFileSync('ss', ['-tlnH', `( sport = :${this.#port} )`], { encoding: 'utf8' }).trim() !== '';
    await until('unison listens', listens, { timeoutMs: 20_000 });
  }

  begin(): Promise<void> {
    const remote = `socket://127.0.0.1:${this.#port}/${this.replica}`;
    const metadata = ['-perms', '-1', '-owner', '-group', '-times', '-numericids'];
    const manner = ['-batch', '-repeat', '1', '-force', this.source, '-confirmbigdel=false', '-logfile', this.#log];
    this.#client = startChild(
      this.#stage,
      'unison',
      ['-ui', 'text', this.source, remote, ...metadata, ...manner],
      this.#env,
    );
    return Promise.resolve();
  }

  get #log(): string {
    return join(this.#stage.root, 'logs', 'unison-transfers.log');
  }

  async ready(limitMs: number): Promise<void> {
    const synchronized = () => {
      const said = readFileSync(join(this.#stage.root, 'logs', 'unison.log'), 'latin1');
      return /Nothing to do|Synchronization complete/.test(said);
    };
    await until('unison has synchronized for the first time', synchronized, { timeoutMs: limitMs });
  }

  /** What the kernel counts on the server's end of the connection. */
  sentBytes(): Promise<number | null> {
    const args = ['-tinHO', 'state', 'established', `( sport = :${this.#port} )`];
    const said = execFileSync('ss', args, { encoding: 'utf8' });
    const counted = [...said.matchAll(/bytes_received:(\d+)/g)].map((match) => Number(match[1]));
    return Promise.resolve(counted.length === 0 ? null : counted.reduce((sum, bytes) => sum + bytes, 0));
  }

  operations(): Promise<null> {
    return Promise.resolve(null);
  }

  suspend(): void {
    this.#client?.kill('SIGSTOP');
  }

  resume(): void {
    this.#client?.kill('SIGCONT');
  }

  holdTarget(): Promise<void> {
    return Promise.resolve();
  }

  releaseTarget(): void {
    // It replaces files whole, by a rename.
  }

  says(): Promise<string> {
    return Promise.resolve('nothing');
  }
}

export const unison: Contender = {
  name: 'unison',
  carries: 'plain TCP, compares every second',
  available() {
    const ss = installed('ss', ['-V'], 'iproute2');
    return 'missing' in ss ? ss : installed('unison', ['-version'], 'unison');
  },
  async open(stage) {
    const session = new UnisonSession(stage);
    await session.start();
    return session;
  },
};
