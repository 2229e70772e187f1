/** A whole agent without jobs, in a home of its own, and a client for it: what the tests of the port stand on. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import {
  type Address,
  MANAGEMENT_PATH,
  type Message,
  normalizePairingCode,
  parseAddress,
  type TrustRole,
} from '@understudy/wire';
import WebSocket from 'ws';
import { type Identity, openIdentity } from '../../identity/identity.ts';
import { pairingSession, proofOf } from '../../pairing/pairing-codes.ts';
import type { TrustEntry } from '../../pairing/trust.ts';
import type { ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import { type AgentBase, openAgentBase, type ServedAgent, serveAgent } from '../agent-base.ts';
import { FakeJobs } from './fake-jobs.ts';

export interface TestAgent {
  readonly base: AgentBase;
  readonly served: ServedAgent;
  readonly address: Address;
  readonly jobs: FakeJobs;
  /** Links that came in, for whoever waits for the next. */
  nextLink(): Promise<{ link: ReplicationLink; peer: TrustEntry }>;
  trust(identity: Identity, role: TrustRole, name?: string): void;
}

const cleanUp: (() => Promise<void> | void)[] = [];

/** For afterEach: everything that was started ends, the newest first. */
export async function endAll(): Promise<void> {
  for (const end of cleanUp.splice(0).reverse()) await end();
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-agent-'));
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function newIdentity(): Promise<Identity> {
  return openIdentity(join(temporaryFolder(), 'identity'));
}

export async function startTestAgent(
  name = 'alpha',
  settings: Partial<AgentBase['settings']> = {},
  link: Partial<AgentBase['linkSettings']> = {},
): Promise<TestAgent> {
  const opened = await openAgentBase({ home: temporaryFolder(), listen: '127.0.0.1:0', name, version: '0.0.0-test' });
  cleanUp.push(() => opened.close());
  const base: AgentBase = {
    ...opened,
    settings: { ...opened.settings, ...settings },
    linkSettings: { ...opened.linkSettings, ...link },
  };
  const jobs = new FakeJobs('files');
  const arrived: { link: ReplicationLink; peer: TrustEntry }[] = [];
  const waiting: ((value: { link: ReplicationLink; peer: TrustEntry }) => void)[] = [];
  const served = await serveAgent(base, {
    jobs,
    onReplication: (link, peer) => {
      const next = waiting.shift();
      if (next === undefined) arrived.push({ link, peer });
      else next({ link, peer });
    },
  });
  cleanUp.push(() => served.close());
  return {
    base,
    served,
    jobs,
    address: parseAddress(served.address) as Address,
    nextLink: () => {
      const ready = arrived.shift();
      return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready);
    },
    trust: (identity, role, as = 'client') =>
      void base.trust.add({ fingerprint: identity.fingerprint, name: as, role }),
  };
}

/** TLS to an agent, as a client that trusts whatever it finds. */
export function tlsTo(address: Address, identity: Identity | null, more: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address.host,
      port: address.port,
      rejectUnauthorized: false,
      ...(identity === null ? {} : { cert: identity.certificate, key: identity.key }),
      ...more,
    });
    cleanUp.push(() => void socket.destroy());
    socket.once('secureConnect', () => resolve(socket));
    socket.on('error', reject);
  });
}

type Answer = Extract<Message, { id: number }>;

export class TestClient {
  readonly socket: TLSSocket;
  readonly ws: WebSocket;
  readonly pushes: Extract<Message, { subscription: number }>[] = [];
  readonly closed: Promise<number>;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #pushed: (() => void)[] = [];
  #id = 0;

  constructor(socket: TLSSocket, ws: WebSocket) {
    this.socket = socket;
    this.ws = ws;
    this.closed = new Promise((resolve) => ws.once('close', (code) => resolve(code)));
    ws.on('message', (data) => {
      const message = JSON.parse(data.toString()) as Message;
      if ('subscription' in message) {
        this.pushes.push(message);
        for (const heard of this.#pushed.splice(0)) heard();
      } else this.#answers.get(message.id)?.(message);
    });
  }

  ask(request: Record<string, unknown>): Promise<Answer> {
    this.#id += 1;
    const id = this.#id;
    this.ws.send(JSON.stringify({ id, ...request }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  call(call: string, params: unknown = {}): Promise<Answer> {
    return this.ask({ call, params });
  }

  /** Waits until that many pushes came in all. */
  async pushesReach(count: number): Promise<void> {
    while (this.pushes.length < count) await new Promise<void>((resolve) => this.#pushed.push(resolve));
  }
}

/** A management connection over a TLS socket of its own. */
export async function managementTo(address: Address, identity: Identity): Promise<TestClient> {
  const socket = await tlsTo(address, identity);
  const ws = new WebSocket(`ws://agent${MANAGEMENT_PATH}`, { createConnection: () => socket });
  cleanUp.push(() => ws.terminate());
  return new Promise((resolve, reject) => {
    ws.once('open', () => resolve(new TestClient(socket, ws)));
    ws.on('error', reject);
  });
}

/** The client's half of pairing, as the wire describes it. */
export function clientProof(client: TestClient, identity: Identity, code: string): string {
  const digits = normalizePairingCode(code);
  if (digits === null) throw new Error(`${code} is no code`);
  const agent = client.socket.getPeerX509Certificate();
  if (agent === undefined) throw new Error('the agent shows no certificate');
  const fingerprint = createHash('sha256').update(agent.raw).digest('hex');
  return proofOf(digits, 'client', pairingSession(client.socket, identity.fingerprint, fingerprint));
}
