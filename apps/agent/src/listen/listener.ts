/**
 * listen: the agent's one port, and its local socket. In: connections of anyone at all. Out: management sessions whose caller is
 * known, replication links of trusted peers. Promised: TLS 1.3 or nothing; who is not trusted gets no further than pairing, holds
 * no more than a bounded number of connections, for a bounded time, with small messages; what is turned away is counted.
 */
import { constants } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import {
  type Address,
  formatAddress,
  MAX_REQUEST_BYTES,
  MAX_UNTRUSTED_REQUEST_BYTES,
  REPLICATION_PROTOCOL,
} from '@understudy/wire';
import { WebSocketServer } from 'ws';
import type { EventSink } from '../events/event-log.ts';
import type { Logger } from '../events/technical-log.ts';
import { errnoOf, messageOf, StartError } from '../home/start-error.ts';
import { peerFingerprint } from '../identity/fingerprint.ts';
import type { Identity } from '../identity/identity.ts';
import { pairingSession } from '../pairing/pairing-codes.ts';
import type { TrustEntry, TrustStore } from '../pairing/trust.ts';
import { type LinkSettings, ReplicationLink } from '../ports/replication-link/replication-link.ts';
import type { Caller, Handlers } from './dispatch.ts';
import { ManagementSession } from './management-session.ts';
import { Noise } from './noise.ts';
import { addressOf, Strangers } from './strangers.ts';
import { type Refusal, refuseUpgrade, wantedBy } from './upgrade.ts';

export interface ListenerOptions {
  readonly identity: Identity;
  readonly trust: TrustStore;
  readonly handlers: Handlers;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly strangers: number;
  readonly handshakeMs: number;
  readonly link: LinkSettings;
  /** A trusted agent wants to replicate to here. The link is the receiver's from now on. */
  readonly onReplication: (link: ReplicationLink, peer: TrustEntry) => void;
}

/** An unpaired client may hold its connection so long. */
const PAIRING_MS = 30_000;
const WEBSOCKET = { noServer: true, perMessageDeflate: false, clientTracking: false } as const;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #strangers: Strangers;
  readonly #noise: Noise;
  readonly #forTrusted = new WebSocketServer({ ...WEBSOCKET, maxPayload: MAX_REQUEST_BYTES });
  readonly #forStrangers = new WebSocketServer({ ...WEBSOCKET, maxPayload: MAX_UNTRUSTED_REQUEST_BYTES });
  /** Open connections by fingerprint, to be closed when trust ends or the agent stops. */
  readonly #open = new Map<string, Set<() => void>>();
  /** Connections past their handshake, and connections that were turned away for what came over them. */
  readonly #secure = new WeakSet<Duplex>();
  readonly #judged = new WeakSet<Duplex>();
  #closing = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#noise = new Noise(options.logger, options.events, () => performance.now());
    this.#strangers = new Strangers({
      limit: options.strangers,
      deadlineMs: options.handshakeMs,
      turnedAway: (kind, address) => this.#noise.hear(kind, address, ''),
    });
    this.#server = makeServer(options);
    this.#attach();
    options.trust.onRemoved((fingerprint) => this.#closeAllOf(fingerprint));
  }

  /** Returns the bound address; throws StartError. */
  listen(address: Address): Promise<Address> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(explainListen(error, address)));
      this.#server.listen({ host: address.host, port: address.port }, () => {
        this.#server.removeAllListeners('error');
        this.#server.on('error', (error) => this.#options.logger.error({ error: error.message }, 'the listening port'));
        const bound = this.#server.address();
        resolve({ host: address.host, port: typeof bound === 'object' && bound !== null ? bound.port : address.port });
      });
    });
  }

  /** Counts for the log, metrics and tests. */
  get counts(): { readonly strangers: number; readonly noise: Noise['counts'] } {
    return { strangers: this.#strangers.size, noise: this.#noise.counts };
  }

  /** Ends every connection; resolves when the port is free. */
  close(): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#strangers.closeAll();
    for (const fingerprint of [...this.#open.keys()]) this.#closeAllOf(fingerprint);
    this.#server.closeAllConnections();
    return closed;
  }

  #attach(): void {
    const server = this.#server;
    server.on('connection', (socket: Socket) => this.#strangers.add(socket));
    server.on('secureConnection', (socket: Socket) => this.#secure.add(socket));
    // The server passes failed handshakes on as client errors; the parser may complain more than once.
    server.on('clientError', (error, socket) => {
      const secure = this.#secure.delete(socket);
      if (!secure && this.#judged.has(socket)) return;
      this.#judged.add(socket);
      this.#noise.hear(secure ? 'bad-request' : 'bad-handshake', addressOf(socket as Socket), reasonOf(error));
      socket.destroy();
    });
    server.on('request', (request, response) => {
      this.#noise.hear('unknown-path', addressOf(request.socket), `${request.method} ${request.url}`);
      response.writeHead(404, { connection: 'close', 'content-type': 'text/plain' });
      response.end('Not found\n');
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket as TLSSocket, head),
    );
  }

  #upgrade(request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
    // Until whoever takes over listens for itself.
    socket.on('error', () => {});
    const admitted = this.#admission(request, socket);
    if ('status' in admitted) {
      if (admitted.noise !== null) this.#noise.hear(admitted.noise, addressOf(socket), admitted.sentence);
      refuseUpgrade(socket, admitted);
    } else if (admitted.peer === null) this.#manage(request, socket, head, admitted.fingerprint);
    else this.#replicate(socket, head, admitted.peer);
  }

  /** `peer` is null for a management connection. */
  #admission(request: IncomingMessage, socket: TLSSocket): Refusal | { fingerprint: string; peer: TrustEntry | null } {
    const wanted = wantedBy(request);
    if (this.#closing) return { status: 503, code: 'busy', sentence: 'the agent is stopping', noise: null };
    if (wanted.kind === 'other-version')
      return { status: 426, code: 'version', sentence: wanted.sentence, noise: 'version' };
    if (wanted.kind === 'unknown')
      return { status: 404, code: 'unknown-call', sentence: 'there is nothing here', noise: 'unknown-path' };
    const fingerprint = peerFingerprint(socket);
    if (fingerprint === null) return notTrusted('show a certificate: this agent talks to nobody without one.');
    if (wanted.kind === 'management') return { fingerprint, peer: null };
    const peer = this.#options.trust.find(fingerprint);
    if (peer?.role === 'peer') return { fingerprint, peer };
    return notTrusted(
      `the certificate ${fingerprint} is not that of an agent known here: introduce the two agents anew.`,
    );
  }

  #manage(request: IncomingMessage, socket: TLSSocket, head: Buffer, fingerprint: string): void {
    const { trust } = this.#options;
    const trusted = trust.find(fingerprint) !== null;
    if (trusted) this.#strangers.admit(socket);
    else this.#strangers.extend(socket, PAIRING_MS, () => trust.find(fingerprint) !== null);
    const pairing = pairingSession(socket, fingerprint, this.#options.identity.fingerprint);
    const host = plainHost(socket.remoteAddress);
    const caller = (signal: AbortSignal): Caller => {
      const entry = trust.find(fingerprint);
      return { fingerprint, role: entry?.role ?? null, name: entry?.name ?? 'a stranger', host, pairing, signal };
    };
    const { handlers, logger } = this.#options;
    (trusted ? this.#forTrusted : this.#forStrangers).handleUpgrade(request, socket, head, (ws) => {
      const session = new ManagementSession({ socket: ws, handlers, logger, caller });
      const forget = this.#remember(fingerprint, () => session.close(1001, 'this connection is no longer wanted'));
      ws.on('close', forget);
    });
  }

  #replicate(socket: TLSSocket, head: Buffer, peer: TrustEntry): void {
    const { fingerprint } = peer;
    this.#strangers.admit(socket);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${REPLICATION_PROTOCOL}\r\n\r\n`);
    const link = new ReplicationLink(socket, head, { fingerprint, address: addressOf(socket) }, this.#options.link);
    const forget = this.#remember(fingerprint, () => link.close('the agent lets go of this connection'));
    link.onClose(forget);
    this.#options.onReplication(link, peer);
  }

  #remember(fingerprint: string, close: () => void): () => void {
    const open = this.#open.get(fingerprint) ?? new Set();
    this.#open.set(fingerprint, open.add(close));
    return () => {
      open.delete(close);
      if (open.size === 0) this.#open.delete(fingerprint);
    };
  }

  #closeAllOf(fingerprint: string): void {
    for (const close of [...(this.#open.get(fingerprint) ?? [])]) close();
  }
}

function makeServer(options: ListenerOptions): Server {
  const server = createServer({
    cert: options.identity.certificate,
    key: options.identity.key,
    minVersion: 'TLSv1.3',
    requestCert: true,
    // Pins decide, in `#upgrade`; no authority vouches for these certificates.
    rejectUnauthorized: false,
    // A resumed session would show no certificate of its own.
    secureOptions: constants.SSL_OP_NO_TICKET,
    maxHeaderSize: 8 * 1024,
    // `Strangers` keeps the time for all of these; these are what is left should it ever miss one.
    handshakeTimeout: options.handshakeMs * 2,
    headersTimeout: options.handshakeMs * 2,
    requestTimeout: options.handshakeMs * 2,
    connectionsCheckingInterval: Math.max(1_000, options.handshakeMs),
    keepAliveTimeout: 1_000,
    noDelay: true,
  });
  server.maxRequestsPerSocket = 1;
  return server;
}

function notTrusted(sentence: string): Refusal {
  return { status: 403, code: 'not-trusted', sentence, noise: 'not-trusted' };
}

/** TLS errors carry the library's own short reason; their message is for whoever wrote the library. */
function reasonOf(error: Error & { reason?: unknown }): string {
  return typeof error.reason === 'string' ? error.reason : messageOf(error);
}

function plainHost(address: string | undefined): string | null {
  return address?.replace(/^::ffff:(?=\d+\.)/, '') ?? null;
}

function explainListen(error: unknown, address: Address): StartError {
  const where = formatAddress(address);
  const errno = errnoOf(error);
  if (errno === 'EADDRINUSE')
    return new StartError(
      'port-in-use',
      `${where} is in use by another program, perhaps by another agent: stop it, or choose another port with --listen or \`listen\` in agent.yaml`,
    );
  if (errno === 'EACCES')
    return new StartError(
      'listen-failed',
      `this user may not listen at ${where}: choose a port above 1023 with --listen`,
    );
  if (errno === 'EADDRNOTAVAIL' || errno === 'ENOTFOUND' || errno === 'EAI_AGAIN')
    return new StartError(
      'listen-invalid',
      `${address.host} is no address of this machine: choose one, or 0.0.0.0 for all, with --listen`,
    );
  return new StartError('listen-failed', `the agent cannot listen at ${where}: ${messageOf(error)}`);
}
