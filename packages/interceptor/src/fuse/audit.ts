/**
 * The driver's part in the self-audit. In: a root and a number. Out: a cookie with that number, written through the public path of the
 * root by a process of its own. Promise: nothing that the kernel holds up there holds up the agent, its end, or a release for long.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { getSystemErrorName } from 'node:util';
import { must, type RawName } from '@understudy/base';
import type { CookieOutcome } from '@understudy/engine';
import type { HolderClient } from './holder-client.ts';
import { hexOf } from './native.ts';

/** As native/linux/layout.h has it: AUDIT_NAME. */
const nameOfRoot = (): string => `.understudy-${randomBytes(16).toString('hex')}`;
const notWritten = (errno: string, what: string): CookieOutcome => ({ written: false, errno, what });
const ENDED = notWritten('EPIPE', 'the process that writes cookies has ended');
/** A release waits so long for a cookie that is on its way; then it finds the mount in use and tries again later. */
const REST_MS = 500;

interface Writing {
  readonly number: number;
  readonly settle: (outcome: CookieOutcome) => void;
  readonly outcome: Promise<CookieOutcome>;
}

export interface AuditParts {
  readonly binary: string;
  readonly client: Pick<HolderClient, 'ask'>;
}

export class CookieWriter {
  readonly #parts: AuditParts;
  readonly #names = new Map<number, string>();
  /** One a root at most. */
  readonly #writing = new Map<number, Writing>();
  readonly #resting = new Set<number>();
  #child: ChildProcess | null = null;
  #closed = false;

  constructor(parts: AuditParts) {
    this.#parts = parts;
  }

  /** The process that goes through the mounts; it is no user of them. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Settles when the call has come back, which the kernel may put off for ever; one at a time for each root. */
  write(root: number, path: RawName, number: number): Promise<CookieOutcome> {
    if (this.#closed || this.#resting.has(root)) return Promise.resolve(ENDED);
    if (this.#writing.has(root)) return Promise.resolve(notWritten('EBUSY', 'the cookie before has not come back'));
    let settle: Writing['settle'] = () => {};
    const outcome = new Promise<CookieOutcome>((resolve) => {
      settle = (one) => {
        this.#writing.delete(root);
        resolve(one);
      };
    });
    const writing = { number, settle, outcome };
    this.#writing.set(root, writing);
    void this.#order(root, path, writing);
    return outcome;
  }

  /** Before the root is let go of: no more cookies, and the one on its way has come back, or is not waited for any longer. */
  async rest(root: number): Promise<void> {
    this.#resting.add(root);
    const coming = this.#writing.get(root)?.outcome;
    if (coming === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, REST_MS);
    });
    await Promise.race([coming, late]);
    clearTimeout(timer);
  }

  /** It is protected after all. */
  goOn(root: number): void {
    this.#resting.delete(root);
  }

  /** The root is gone, and its number may come again. */
  forget(root: number): void {
    this.#names.delete(root);
    this.#resting.delete(root);
  }

  close(): void {
    this.#closed = true;
    const child = this.#child;
    this.#ended(child);
    // It ends with its input; where the kernel holds one of its calls, nobody waits for it.
    child?.stdin?.end();
    child?.unref();
  }

  async #order(root: number, path: RawName, { number, settle }: Writing): Promise<void> {
    const name = await this.#nameOf(root);
    if (name === null) return settle(notWritten('ENOENT', 'the interceptor’s holder knows no such root'));
    if (this.#closed || this.#resting.has(root)) return settle(ENDED);
    this.#running().stdin?.write(`${root} ${number} ${hexOf(`${path}/${name}` as RawName)}\n`);
  }

  async #nameOf(root: number): Promise<string | null> {
    const known = this.#names.get(root);
    if (known !== undefined) return known;
    const name = nameOfRoot();
    const answer = await this.#parts.client.ask(`audit ${root} ${name}`).catch(() => '');
    if (answer !== 'ok') return null;
    this.#names.set(root, name);
    return name;
  }

  #running(): ChildProcess {
    if (this.#child !== null) return this.#child;
    const child = spawn(this.#parts.binary, ['audit'], { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child = child;
    child.on('error', () => this.#ended(child));
    child.on('exit', () => this.#ended(child));
    must(child.stdin, 'a pipe').on('error', () => {});
    const output = must(child.stdout, 'a pipe');
    createInterface({ input: output }).on('line', (line) => this.#said(line));
    // Neither the process nor what is read of it keeps an agent from ending.
    child.unref();
    for (const stream of [child.stdin, output]) (stream as unknown as { unref?(): void } | null)?.unref?.();
    return child;
  }

  #said(line: string): void {
    const [root, number, error] = line.split(' ').map(Number);
    const writing = this.#writing.get(root ?? 0);
    if (writing === undefined || writing.number !== number) return;
    if (error === 0) writing.settle({ written: true });
    else {
      const errno = getSystemErrorName(-(error ?? 0));
      writing.settle(notWritten(errno, `a call on the protected directory was answered with ${errno}`));
    }
  }

  /** What it had in hand will not be answered. */
  #ended(child: ChildProcess | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    for (const writing of [...this.#writing.values()]) writing.settle(ENDED);
  }
}
