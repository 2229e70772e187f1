import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Bootstrap, until } from '@understudy/e2e';
import { freePort, startChild } from './child.ts';
import type { Contender, Session } from './contender.ts';
import { installed } from './installed.ts';

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** lsyncd that calls rsync, and an rsync daemon as its target: without the daemon rsync copies whole files and counts no bytes. */
class LsyncdSession implements Session {
  readonly source: string;
  readonly replica: string;
  readonly #stage: Bootstrap;
  readonly #statistics: string;
  readonly #status: string;
  #lsyncd: ChildProcess | null = null;
  #port = 0;

  constructor(stage: Bootstrap) {
    this.#stage = stage;
    this.source = stage.folder('source');
    this.replica = stage.folder('replica');
    this.#statistics = join(stage.root, 'logs', 'rsync-transfers.log');
    this.#status = join(stage.root, 'logs', 'lsyncd-status');
    writeFileSync(this.#statistics, '');
  }

  async startDaemon(): Promise<void> {
    this.#port = await freePort();
    const config = join(this.#stage.root, 'rsyncd.conf');
    writeFileSync(
      config,
      `use chroot = no\nmunge symlinks = no\nuid = 0\ngid = 0\nport = ${this.#port}\naddress = 127.0.0.1\n` +
        `[bench]\n  path = ${this.replica}\n  read only = no\n`,
    );
    startChild(this.#stage, 'rsync', ['--daemon', '--no-detach', `--config=${config}`]);
    await until('the rsync daemon listens', () => answers(this.#port), { timeoutMs: 20_000 });
  }

  begin(): Promise<void> {
    const options =
      'archive = true, acls = true, xattrs = true, hard_links = true, sparse = true, ' +
      `_extra = { "--numeric-ids", "--log-file=${this.#statistics}" }`;
    const config = join(this.#stage.root, 'lsyncd.conf.lua');
    writeFileSync(
      config,
      `settings { nodaemon = true, statusFile = "${this.#status}", statusInterval = 1, inotifyMode = "CloseWrite or Modify" }\n` +
        `sync { default.rsync, source = "${this.source}", target = "rsync://127.0.0.1:${this.#port}/bench/", ` +
        `delay = 1, rsync = { ${options} } }\n`,
    );
    this.#lsyncd = startChild(this.#stage, 'lsyncd', [config]);
    return Promise.resolve();
  }

  async ready(limitMs: number): Promise<void> {
    // Its first rsync has ended when the log says how much it sent.
    await until('lsyncd has copied for the first time', () => this.#transfers().length > 0, { timeoutMs: limitMs });
  }

  sentBytes(): Promise<number> {
    return Promise.resolve(this.#transfers().reduce((sum, bytes) => sum + bytes, 0));
  }

  #transfers(): number[] {
    const log = readFileSync(this.#statistics, 'latin1');
    return [...log.matchAll(/ sent ([\d,]+) bytes {2}received/g)].map((match) =>
      Number((match[1] ?? '0').replaceAll(',', '')),
    );
  }

  operations(): Promise<null> {
    return Promise.resolve(null);
  }

  suspend(): void {
    this.#lsyncd?.kill('SIGSTOP');
  }

  resume(): void {
    this.#lsyncd?.kill('SIGCONT');
  }

  holdTarget(): Promise<void> {
    return Promise.resolve();
  }

  releaseTarget(): void {
    // Its writers come and go; there is nothing to hold.
  }

  says(): Promise<string> {
    const log = readFileSync(join(this.#stage.root, 'logs', 'lsyncd.log'), 'latin1');
    return Promise.resolve(/overflow/i.test(log) ? 'log: overflow, copies everything again' : 'nothing');
  }
}

export const lsyncd: Contender = {
  name: 'lsyncd+rsync',
  carries: 'plain TCP to an rsync daemon, delay 1 s, notices every write',
  available() {
    const rsync = installed('rsync', ['--version'], 'rsync');
    const tool = installed('lsyncd', ['--version'], 'lsyncd');
    if ('missing' in rsync) return rsync;
    if ('missing' in tool) return tool;
    return { version: `${tool.version}, rsync ${rsync.version}` };
  },
  async open(stage) {
    const session = new LsyncdSession(stage);
    await session.startDaemon();
    return session;
  },
};
