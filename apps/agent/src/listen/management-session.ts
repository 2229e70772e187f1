import { setMaxListeners } from 'node:events';
import {
  MAX_REQUESTS_IN_FLIGHT,
  MAX_SUBSCRIPTIONS,
  ManagementError,
  type Message,
  type Request,
  requestSchema,
} from '@understudy/wire';
import type { WebSocket } from 'ws';
import type { Logger } from '../events/technical-log.ts';
import { messageOf } from '../home/start-error.ts';
import { type Caller, dispatchCall, dispatchSubscription, type Handlers, type Subscription } from './dispatch.ts';

export interface SessionOptions {
  readonly socket: WebSocket;
  readonly handlers: Handlers;
  readonly logger: Logger;
  /** Asked anew for every request, so that a role that was taken away is gone at once. */
  readonly caller: (signal: AbortSignal) => Caller;
}

const PING_MS = 15_000;
/** A client that does not read what it subscribed to is let go before it costs more than this. */
const MAX_BUFFERED = 16 * 1024 * 1024;

/** One management connection: requests in, answers and pushes out. Ends with the socket, and takes its subscriptions along. */
export class ManagementSession {
  readonly #options: SessionOptions;
  readonly #gone = new AbortController();
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #inFlight = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  #answered = true;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { socket } = options;
    setMaxListeners(MAX_REQUESTS_IN_FLIGHT + 1, this.#gone.signal);
    socket.on('message', (data, isBinary) => this.#take(isBinary ? null : data.toString()));
    socket.on('pong', () => {
      this.#answered = true;
    });
    // ws closes by itself after an error; its reason is the other side's business.
    socket.on('error', (error) => options.logger.debug({ error: error.message }, 'a management connection broke'));
    socket.on('close', () => this.#end());
    this.#timer = setInterval(() => this.#ping(), PING_MS);
    this.#timer.unref();
  }

  close(code: number, reason: string): void {
    this.#options.socket.close(code, reason);
    setTimeout(() => this.#options.socket.terminate(), 2_000).unref();
  }

  #take(text: string | null): void {
    const request = text === null ? null : parse(text);
    if (request === null) this.close(1007, 'a message is no request of this protocol');
    else if (this.#inFlight.has(request.id) || this.#subscriptions.has(request.id))
      this.close(1008, `request id ${request.id} is in use`);
    else if (this.#inFlight.size >= MAX_REQUESTS_IN_FLIGHT) this.close(1008, 'too many requests at once');
    else this.#start(request);
  }

  #start(request: Request): void {
    this.#inFlight.add(request.id);
    this.#answer(request).catch((error: unknown) => this.#options.logger.error({ error }, 'a session broke'));
  }

  async #answer(request: Request): Promise<void> {
    let message: Message;
    try {
      message = { id: request.id, ok: true, result: await this.#perform(request) };
    } catch (error) {
      message = { id: request.id, ok: false, error: this.#explain(request, error) };
    }
    this.#inFlight.delete(request.id);
    this.#send(message);
  }

  #perform(request: Request): Promise<unknown> | unknown {
    const caller = this.#options.caller(this.#gone.signal);
    if ('call' in request) return dispatchCall(this.#options.handlers, request.call, request.params, caller);
    if ('topic' in request) return this.#subscribe(request.id, request.topic, request.params, caller);
    if ('subscription' in request) return this.#change(request.subscription, request.params, caller);
    this.#subscriptions.get(request.unsubscribe)?.end();
    this.#subscriptions.delete(request.unsubscribe);
    return {};
  }

  async #subscribe(id: number, topic: string, params: unknown, caller: Caller): Promise<unknown> {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS)
      throw new ManagementError('refused', `a connection has at most ${MAX_SUBSCRIPTIONS} subscriptions`);
    // Pushes wait until the answer has gone out.
    let held: unknown[] | null = [];
    const push = (payload: unknown) => {
      if (held !== null) held.push(payload);
      else this.#send({ subscription: id, topic, payload });
    };
    const subscribed = await dispatchSubscription(this.#options.handlers, topic, params, caller, push);
    if (this.#gone.signal.aborted) {
      subscribed.end();
      return {};
    }
    this.#subscriptions.set(id, subscribed);
    setImmediate(() => {
      const waiting = held ?? [];
      held = null;
      for (const payload of waiting) this.#send({ subscription: id, topic, payload });
    });
    return {};
  }

  #change(id: number, params: unknown, caller: Caller): unknown {
    const subscribed = this.#subscriptions.get(id);
    if (subscribed === undefined) throw new ManagementError('refused', `there is no subscription ${id}`);
    if (subscribed.change === undefined)
      throw new ManagementError('refused', 'what this subscription tells is chosen once: end it, and subscribe again');
    subscribed.change(params, caller);
    return {};
  }

  #explain(request: Request, error: unknown): { code: ManagementError['code']; sentence: string } {
    if (error instanceof ManagementError) return { code: error.code, sentence: error.message.slice(0, 4096) };
    const call = 'call' in request ? request.call : 'topic' in request ? request.topic : 'a subscription';
    this.#options.logger.error({ call, error: error instanceof Error ? error.stack : String(error) }, 'a call failed');
    return { code: 'failed', sentence: `${call} failed inside the agent: ${messageOf(error)}`.slice(0, 4096) };
  }

  #send(message: Message): void {
    const { socket } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED) socket.terminate();
    else socket.send(JSON.stringify(message));
  }

  #ping(): void {
    if (this.#answered) this.#options.socket.ping();
    else this.#options.socket.terminate();
    this.#answered = false;
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#gone.abort();
    for (const { end } of this.#subscriptions.values()) end();
    this.#subscriptions.clear();
  }
}

function parse(text: string): Request | null {
  try {
    const parsed = requestSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
