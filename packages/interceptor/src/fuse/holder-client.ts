/**
 * The wire to the holder: lines over its unix socket. In: commands, one at a time. Out: their answers, and what the holder says
 * unasked. The holder may die and be replaced at any moment; the client connects again by itself and says so.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { brand, fromHex, type RawName, rawFromBytes } from '@understudy/base';
import type { NodeId } from '@understudy/wire';

export interface HeldRoot {
  readonly id: number;
  /** Number of the private view's descriptor in the holder. */
  readonly treeFd: number;
  readonly node: NodeId;
  readonly recording: boolean;
  readonly path: RawName;
}

export interface Greeting {
  readonly holderPid: number;
  readonly serverPid: number;
  readonly ringFd: number;
  readonly stateFd: number;
  readonly roots: readonly HeldRoot[];
}

export interface HolderListener {
  /** `bell`, `crashed`, `suspended`, `resumed`, `gone ID RECORDING`, `bypass …`. */
  said(line: string): void;
  /** Another holder answers now. */
  replaced(greeting: Greeting): void;
  /** None answers any more. */
  lost(): void;
}

const VERSION = '4';
const UNASKED = /^(bell|crashed|suspended|resumed|gone \d+ [01]|activity broken \d+|bypass .*)$/;
const RETRIES = 200;
const RETRY_MS = 50;

class NobodyThere extends Error {
  override readonly name = 'NobodyThere';
  constructor() {
    super('the interceptor’s processes do not answer any more');
  }
}

interface Waiting {
  readonly command: string;
  readonly lines: string[];
  resolve(lines: string[]): void;
  reject(error: Error): void;
}

export class HolderClient {
  readonly #directory: number;
  #socket: Socket | null = null;
  #text = '';
  #waiting: Waiting[] = [];
  /** Asked while nobody was connected: it goes out after the next greeting, never before it. */
  #unsent: Waiting[] = [];
  /** Neither holder nor server lives: nobody will answer again. */
  #lost = false;
  #closed = false;
  #listener: HolderListener | null = null;

  private constructor(directory: number) {
    this.#directory = directory;
  }

  /** null: nobody listens there. */
  static async open(directory: string): Promise<{ client: HolderClient; greeting: Greeting } | null> {
    const client = new HolderClient(openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY));
    try {
      await client.#connect();
    } catch {
      client.close();
      return null;
    }
    try {
      return { client, greeting: await client.#greet() };
    } catch (error) {
      client.close();
      // It was dying when we came, and nobody took over.
      if (error instanceof NobodyThere) return null;
      throw error;
    }
  }

  listen(listener: HolderListener): void {
    this.#listener = listener;
  }

  /** The answer to a command of one line. A holder that dies before it answered is asked again in the next one. */
  async ask(command: string): Promise<string> {
    const lines = await this.#send(command);
    return lines[0] ?? '';
  }

  /** What is held at this moment. */
  greeting(): Promise<Greeting> {
    return this.#greet();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.destroy();
    closeSync(this.#directory);
    this.#rejectAll([], new Error('the connection to the holder was closed'));
  }

  #send(command: string): Promise<string[]> {
    if (this.#closed) return Promise.reject(new Error('the connection to the holder is closed'));
    if (this.#lost) return Promise.reject(new NobodyThere());
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { command, lines: [], resolve, reject };
      if (this.#socket === null) {
        this.#unsent.push(waiting);
        return;
      }
      this.#waiting.push(waiting);
      this.#socket.write(`${command}\n`);
    });
  }

  /** Through the directory's descriptor: a socket's address holds 108 bytes, a home may lie deeper. */
  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: `/proc/self/fd/${this.#directory}/control.sock` });
      socket.setEncoding('latin1');
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        socket.on('error', () => {});
        socket.once('close', () => this.#gone(socket));
        socket.on('data', (text: string) => this.#received(text));
        this.#socket = socket;
        this.#text = '';
        resolve();
      });
    });
  }

  async #greet(): Promise<Greeting> {
    return parseGreeting(await this.#send('hello'));
  }

  #received(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      if (UNASKED.test(line)) this.#listener?.said(line);
      else this.#answered(line);
    }
  }

  #answered(line: string): void {
    const waiting = this.#waiting[0];
    if (waiting === undefined) return;
    waiting.lines.push(line);
    if (waiting.command === 'hello' && !line.startsWith('ready')) return;
    this.#waiting.shift();
    waiting.resolve(waiting.lines);
  }

  #gone(socket: Socket): void {
    if (this.#closed || this.#socket !== socket) return;
    this.#socket = null;
    const unanswered = this.#waiting.splice(0);
    void this.#again(unanswered, 0);
  }

  #rejectAll(unanswered: readonly Waiting[], error: Error): void {
    for (const waiting of [...unanswered, ...this.#waiting.splice(0), ...this.#unsent.splice(0)]) waiting.reject(error);
  }

  async #again(unanswered: Waiting[], tries: number): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#connect();
    } catch (error) {
      // The listening socket is held by holder and server both: refused means that neither lives.
      const refused = error instanceof Error && 'code' in error && error.code !== 'EAGAIN';
      if (refused || tries >= RETRIES) {
        this.#lost = true;
        this.#rejectAll(unanswered, new NobodyThere());
        this.#listener?.lost();
        return;
      }
      setTimeout(() => void this.#again(unanswered, tries + 1), RETRY_MS);
      return;
    }
    try {
      const greeting = await this.#greet();
      this.#listener?.replaced(greeting);
      for (const { command, resolve, reject } of [...unanswered, ...this.#unsent.splice(0)])
        this.#send(command).then(resolve, reject);
    } catch (error) {
      // Not a holder that went while greeting, which is greeted again: closed, lost for good, or of another version.
      this.#rejectAll(unanswered, error instanceof Error ? error : new NobodyThere());
    }
  }
}

function parseGreeting(lines: readonly string[]): Greeting {
  const [word, version, holderPid, serverPid, ringFd, stateFd] = (lines[0] ?? '').split(' ');
  if (word !== 'hello' || version !== VERSION)
    throw new Error('the running interceptor is of another version; release what it protects and end it first');
  const roots: HeldRoot[] = [];
  for (const line of lines.slice(1, -1)) {
    const [, id, treeFd, node, recording, path] = line.split(' ');
    roots.push({
      id: Number(id),
      treeFd: Number(treeFd),
      node: brand<NodeId>(BigInt(`0x${node ?? '0'}`)),
      recording: recording === '1',
      path: rawFromBytes(fromHex(path ?? '') ?? new Uint8Array(0)),
    });
  }
  return {
    holderPid: Number(holderPid),
    serverPid: Number(serverPid),
    ringFd: Number(ringFd),
    stateFd: Number(stateFd),
    roots,
  };
}
