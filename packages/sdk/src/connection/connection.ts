/**
 * connection: one agent, reached. In: a server of the profile with its pinned fingerprint, calls, subscriptions. Out: checked answers.
 * Promised: nothing is sent to a certificate other than the pinned one, and whatever the agent says is checked before it is believed.
 */
import {
  type CallName,
  type CallParams,
  type CallResult,
  calls,
  type ManagementErrorCode,
  messageOf,
  type TopicName,
  type TopicParams,
  type TopicPayload,
  topics,
} from '@understudy/wire';
import type WebSocket from 'ws';
import type { z } from 'zod';
import { SdkError } from '../errors.ts';

export interface CallOptions {
  /** null: wait as long as the connection lives. */
  readonly timeoutMs?: number | null;
}

interface Waiting {
  readonly what: string;
  readonly accept: (result: unknown) => void;
  readonly refuse: (error: SdkError) => void;
}

/** Of one that was made. */
export interface Subscribed<T extends TopicName> {
  /** It goes on with others, where the topic can. What is pushed before this is answered may still be of the old ones. */
  readonly change: (params: TopicParams<T>) => Promise<void>;
  readonly end: () => Promise<void>;
}

interface Subscription {
  readonly topic: TopicName;
  readonly push: (payload: unknown) => void;
}

const CALL_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 10_000;
/** Without a sign of life for so long the other side is taken for gone. */
const SILENCE_MS = 35_000;

/**
 * One live connection to one agent. In: calls and subscriptions; out: answers and pushes, each checked against its schema before
 * anyone sees it. When it ends, everything that waits is answered with one and the same error; nothing hangs.
 */
export class Connection {
  readonly serverName: string;
  /** Settles, never rejects, when the connection has ended, with the reason. */
  readonly closed: Promise<SdkError>;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #heartbeat: NodeJS.Timeout;
  #nextId = 1;
  #end: SdkError | null = null;
  #lastSign = performance.now();
  #ended: (error: SdkError) => void = () => {};

  constructor(socket: WebSocket, serverName: string) {
    this.#socket = socket;
    this.serverName = serverName;
    this.closed = new Promise((resolve) => {
      this.#ended = resolve;
    });
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? null : String(data)));
    socket.on('ping', () => this.#signOfLife());
    socket.on('pong', () => this.#signOfLife());
    socket.on('error', (error) => this.#finish(lost(serverName, error.message)));
    socket.on('close', (_code, reason) => this.#finish(lost(serverName, reason.toString('utf8'))));
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  get isOpen(): boolean {
    return this.#end === null;
  }

  async call<N extends CallName>(name: N, params: CallParams<N>, options: CallOptions = {}): Promise<CallResult<N>> {
    const definition = calls[name];
    checkParams(name, definition.params, params);
    const timeoutMs = options.timeoutMs === undefined ? CALL_TIMEOUT_MS : options.timeoutMs;
    const request = { call: name, params };
    return await this.#request(name, request, timeoutMs, (result) => {
      return believed(this.serverName, name, definition.result.safeParse(result)) as CallResult<N>;
    });
  }

  /** Resolves once the agent has accepted it; pushes come in order. */
  async subscribe<T extends TopicName>(
    topic: T,
    params: TopicParams<T>,
    listener: (payload: TopicPayload<T>) => void,
  ): Promise<Subscribed<T>> {
    const definition = topics[topic];
    checkParams(topic, definition.params, params);
    const id = this.#nextId;
    this.#subscriptions.set(id, {
      topic,
      push: (payload) => {
        listener(believed(this.serverName, topic, definition.payload.safeParse(payload)) as TopicPayload<T>);
      },
    });
    try {
      await this.#request(topic, { topic, params }, CALL_TIMEOUT_MS, () => undefined);
    } catch (error) {
      this.#subscriptions.delete(id);
      throw error;
    }
    return {
      change: async (changed) => {
        checkParams(topic, definition.params, changed);
        await this.#request(topic, { subscription: id, params: changed }, CALL_TIMEOUT_MS, () => undefined);
      },
      end: async () => {
        if (!this.#subscriptions.delete(id) || !this.isOpen) return;
        await this.#request(`unsubscribe ${topic}`, { unsubscribe: id }, CALL_TIMEOUT_MS, () => undefined);
      },
    };
  }

  /** Ends the connection from this side; what waits is refused. */
  close(): void {
    this.#finish(new SdkError('disconnected', `the connection to ${this.serverName} was closed`));
  }

  #request<R>(
    what: string,
    body: Record<string, unknown>,
    timeoutMs: number | null,
    accept: (result: unknown) => R,
  ): Promise<R> {
    if (this.#end !== null) return Promise.reject(this.#end);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise<R>((resolve, reject) => {
      const timer =
        timeoutMs === null
          ? null
          : setTimeout(() => {
              this.#waiting.delete(id);
              reject(timedOut(this.serverName, what, timeoutMs));
            }, timeoutMs);
      const settle = () => {
        if (timer !== null) clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        what,
        accept: (result) => {
          settle();
          try {
            resolve(accept(result));
          } catch (error) {
            reject(error);
          }
        },
        refuse: (error) => {
          settle();
          reject(error);
        },
      });
      this.#socket.send(JSON.stringify({ id, ...body }));
    });
  }

  #receive(text: string | null): void {
    this.#signOfLife();
    const message = messageOf(text === null ? null : parseJson(text));
    if (message === null) {
      this.#finish(
        new SdkError('invalid-answer', `${this.serverName} sent something that is no message of the protocol`),
      );
      return;
    }
    if ('subscription' in message) this.#push(message.subscription, message.payload);
    // An answer to a request that timed out meanwhile finds nobody waiting.
    else if (message.ok) this.#waiting.get(message.id)?.accept(message.result);
    else this.#waiting.get(message.id)?.refuse(agentError(this.serverName, message.error));
  }

  #push(subscription: number, payload: unknown): void {
    try {
      this.#subscriptions.get(subscription)?.push(payload);
    } catch (error) {
      if (!(error instanceof SdkError)) throw error;
      this.#finish(error);
    }
  }

  #signOfLife(): void {
    this.#lastSign = performance.now();
  }

  #beat(): void {
    const silence = performance.now() - this.#lastSign;
    if (silence > SILENCE_MS) this.#finish(lost(this.serverName, `silent for ${Math.round(silence / 1000)} s`));
    else if (this.#waiting.size + this.#subscriptions.size === 0) this.#signOfLife();
    else if (silence > HEARTBEAT_MS) this.#socket.ping();
  }

  #finish(error: SdkError): void {
    if (this.#end !== null) return;
    this.#end = error;
    clearInterval(this.#heartbeat);
    this.#socket.on('error', () => {});
    this.#socket.terminate();
    this.#subscriptions.clear();
    for (const waiting of [...this.#waiting.values()]) waiting.refuse(error);
    this.#ended(error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function lost(serverName: string, why: string): SdkError {
  return new SdkError('disconnected', `the connection to ${serverName} was lost${why === '' ? '' : ` (${why})`}`);
}

function timedOut(serverName: string, what: string, timeoutMs: number): SdkError {
  return new SdkError('timeout', `${serverName} did not answer "${what}" within ${timeoutMs / 1000} s`);
}

/** What the agent says in other words than a plain error of its own. */
const OWN_CODE: Partial<Record<ManagementErrorCode, 'not-trusted' | 'timeout'>> = {
  'not-trusted': 'not-trusted',
  'wrong-code': 'not-trusted',
  timeout: 'timeout',
};

function agentError(serverName: string, error: { code: ManagementErrorCode; sentence: string }): SdkError {
  const code = OWN_CODE[error.code] ?? 'agent-error';
  return new SdkError(code, `${serverName}: ${error.sentence}`, { agentCode: error.code });
}

function checkParams(name: string, schema: z.ZodType, params: unknown): void {
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw new SdkError('bad-argument', `"${name}" cannot be called so: ${firstIssue(parsed.error)}`);
}

function believed(serverName: string, name: string, checked: z.ZodSafeParseResult<unknown>): unknown {
  if (checked.success) return checked.data;
  throw new SdkError(
    'invalid-answer',
    `${serverName} answered "${name}" with something else than was agreed on: ${firstIssue(checked.error)}`,
  );
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'its shape is wrong';
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}
