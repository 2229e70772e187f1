/**
 * An agent for tests: the real schemas and the real pairing over a real TLS socket, with answers that the test writes.
 */
import { createHmac, X509Certificate } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import {
  type CallArguments,
  type CallName,
  calls,
  type FiguresAsked,
  isCallName,
  LOCAL_SOCKET,
  MANAGEMENT_PATH,
  ManagementError,
  NewsFeed,
  normalizePairingCode,
  PAIRING_EXPORTER_LABEL,
  PAIRING_EXPORTER_LENGTH,
  pairingKey,
  pairingTranscript,
  requestSchema,
  type TopicName,
  type TopicPayload,
  topics,
} from '@understudy/wire';
import { type WebSocket, WebSocketServer } from 'ws';
import { fingerprintOf, makeCertificate } from '../profile/identity.ts';

export { statusOf } from './status-of.ts';

export type Answers = { [N in CallName]?: (params: CallArguments<N>, caller: Caller) => unknown };

export interface Caller {
  /** Of the client's certificate. */
  readonly fingerprint: string;
}

export interface FakeAgentOptions {
  readonly name: string;
  readonly answers?: Answers;
  readonly port?: number;
  /** Serve its local socket there too. */
  readonly home?: string;
  readonly certificate?: { certificate: string; key: string };
}

interface Live {
  readonly socket: WebSocket;
  readonly id: number;
  readonly topic: string;
  /** Of one that is told of jobs by what changes of them. */
  readonly feed: NewsFeed;
}

export class FakeAgent {
  readonly name: string;
  readonly answers: Answers;
  readonly certificate: { certificate: string; key: string };
  readonly fingerprint: string;
  /** Every request, as `call NAME` or `topic NAME`. */
  readonly seen: string[] = [];
  port = 0;
  /** Set to a code to accept pairing with it once. */
  code: string | null = null;
  /** Answer the pairing with a proof that is none. */
  forgeProof = false;
  /** The only protocol that it speaks: whoever comes with another is sent away. Null: the one of now. */
  speaks: string | null = null;
  /** Called for each subscription. */
  onSubscribe: (topic: TopicName, push: (payload: unknown) => void, params: unknown) => void = () => {};
  /** Messages to send instead of the answer to the next request. */
  nextRaw: string[] = [];
  readonly #server: https.Server;
  readonly #local = http.createServer();
  readonly #sockets = new Set<Socket>();
  #live: Live[] = [];

  private constructor(options: FakeAgentOptions, certificate: { certificate: string; key: string }) {
    this.name = options.name;
    this.answers = options.answers ?? {};
    this.certificate = certificate;
    this.fingerprint = fingerprintOf(new X509Certificate(certificate.certificate).raw);
    this.#server = https.createServer({
      cert: certificate.certificate,
      key: certificate.key,
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: false,
    });
    const webSockets = new WebSocketServer({ noServer: true });
    for (const server of [this.#server, this.#local]) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => this.#sockets.delete(socket));
      });
      server.on('upgrade', (request, socket, head) => {
        if (request.url !== MANAGEMENT_PATH) socket.destroy();
        else if (this.speaks !== null) socket.end(otherVersion(this.speaks));
        else webSockets.handleUpgrade(request, socket, head, (one) => this.#serve(one, socket as TLSSocket));
      });
    }
  }

  static async start(options: FakeAgentOptions): Promise<FakeAgent> {
    const certificate = options.certificate ?? (await makeCertificate(options.name));
    const agent = new FakeAgent(options, certificate);
    await new Promise<void>((resolve, reject) => {
      agent.#server.once('error', reject);
      agent.#server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    const { home } = options;
    if (home !== undefined)
      await new Promise<void>((resolve) => agent.#local.listen(path.join(home, LOCAL_SOCKET), resolve));
    const address = agent.#server.address();
    agent.port = typeof address === 'object' && address !== null ? address.port : 0;
    return agent;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get subscriptions(): readonly string[] {
    return this.#live.map((one) => one.topic);
  }

  /** A status goes to those, too, who are told of jobs by what changes of them. */
  push(topic: TopicName, payload: unknown): void {
    for (const one of this.#live) {
      if (one.topic === topic) send(one.socket, { subscription: one.id, topic, payload });
      else if (topic === 'job-status' && one.topic === 'job-changes') {
        const { name, status } = payload as TopicPayload<'job-status'>;
        one.feed.tell(name, status);
      }
    }
  }

  /** Cuts every connection, as a pulled cable would. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
    for (const { feed } of this.#live) feed.stop();
    this.#live = [];
  }

  async stop(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#local.close(resolve));
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: WebSocket, tls: TLSSocket): void {
    socket.on('error', () => {});
    socket.on('message', (data) => void this.#answer(socket, tls, String(data)));
  }

  async #answer(socket: WebSocket, tls: TLSSocket, text: string): Promise<void> {
    const request = requestSchema.parse(JSON.parse(text));
    if (this.nextRaw.length > 0) {
      for (const raw of this.nextRaw) socket.send(raw.replaceAll('"ID"', String(request.id)));
      this.nextRaw = [];
      return;
    }
    if ('call' in request) await this.#call(socket, tls, request);
    else if ('topic' in request) this.#subscribe(socket, request);
    else {
      const of = 'subscription' in request ? request.subscription : request.unsubscribe;
      const live = this.#live.find((one) => one.socket === socket && one.id === of);
      if ('subscription' in request) {
        this.seen.push(`change ${live?.topic}`);
        live?.feed.retune(figuresOf(live.topic, request.params));
      } else {
        live?.feed.stop();
        this.#live = this.#live.filter((one) => one !== live);
      }
      send(socket, { id: request.id, ok: true, result: {} });
    }
  }

  #subscribe(socket: WebSocket, request: { id: number; topic: string; params?: unknown }): void {
    const { id, topic } = request;
    this.seen.push(`topic ${topic}`);
    const push = (payload: unknown) => send(socket, { subscription: id, topic, payload });
    const feed = new NewsFeed({ push, soon: queueMicrotask, later }, figuresOf(topic, request.params));
    const live: Live = { socket, id, topic, feed };
    this.#live.push(live);
    send(socket, { id, ok: true, result: {} });
    if (topic === 'job-changes') void this.#tellJobs(live);
    this.onSubscribe(topic as TopicName, push, request.params);
  }

  /** First each as a whole. */
  async #tellJobs(live: Live): Promise<void> {
    const list = await this.answers['job.list']?.({}, { fingerprint: '' });
    const { jobs } = calls['job.list'].result.parse(list ?? { jobs: [] });
    for (const { status } of jobs) live.feed.tell(status.name, status);
  }

  async #call(socket: WebSocket, tls: TLSSocket, request: { id: number; call: string; params?: unknown }) {
    const { id, call } = request;
    this.seen.push(`call ${call}`);
    try {
      if (!isCallName(call)) throw new ManagementError('unknown-call', `there is no call ${call}`);
      const params = calls[call].params.parse(request.params);
      const answer = this.answers[call] as ((params: unknown, caller: Caller) => unknown) | undefined;
      const result = answer === undefined ? this.#builtIn(call, params, tls) : await answer(params, caller(tls));
      if (result !== undefined) send(socket, { id, ok: true, result });
    } catch (error) {
      const known = error instanceof ManagementError ? error : new ManagementError('failed', String(error));
      send(socket, { id, ok: false, error: { code: known.code, sentence: known.message } });
    }
  }

  #builtIn(call: CallName, params: unknown, tls: TLSSocket): unknown {
    if (call === 'agent.info')
      return {
        name: this.name,
        version: '0.1.0',
        fingerprint: this.fingerprint,
        protocols: { management: [], replication: [] },
        role: null,
        details: null,
      };
    if (call === 'agent.pair') return this.#pair(params as CallArguments<'agent.pair'>, tls);
    throw new ManagementError('failed', `the test has no answer for ${call}`);
  }

  #pair(params: CallArguments<'agent.pair'>, tls: TLSSocket): unknown {
    const code = this.code === null ? null : normalizePairingCode(this.code);
    if (code === null) throw new ManagementError('wrong-code', 'no code is open');
    const exporter = tls.exportKeyingMaterial(PAIRING_EXPORTER_LENGTH, PAIRING_EXPORTER_LABEL, Buffer.alloc(0));
    const client = Buffer.from(caller(tls).fingerprint, 'hex');
    const session = { client, agent: Buffer.from(this.fingerprint, 'hex'), exporter };
    const prove = (side: 'client' | 'agent') =>
      createHmac('sha256', pairingKey(code)).update(pairingTranscript(side, session)).digest('hex');
    if (params.proof !== prove('client')) throw new ManagementError('wrong-code', 'the code is wrong');
    this.code = null;
    const proof = this.forgeProof ? '0'.repeat(64) : prove('agent');
    return { proof, name: this.name, fingerprint: this.fingerprint, role: 'admin' };
  }
}

function caller(tls: TLSSocket): Caller {
  // Over the local socket nobody shows a certificate.
  const certificate = 'getPeerX509Certificate' in tls ? tls.getPeerX509Certificate() : undefined;
  return { fingerprint: certificate === undefined ? '' : fingerprintOf(certificate.raw) };
}

const figuresOf = (topic: string, params: unknown): FiguresAsked | null =>
  topic === 'job-changes' ? (topics[topic].params.parse(params ?? {}).figures ?? null) : null;

function later(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}

/** As an agent answers an upgrade that it does not understand. */
function otherVersion(protocol: string): string {
  const body = JSON.stringify({ error: { code: 'version', sentence: `this agent speaks ${protocol}` } });
  return `HTTP/1.1 426 Upgrade Required\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function send(socket: WebSocket, message: unknown): void {
  socket.send(JSON.stringify(message));
}
