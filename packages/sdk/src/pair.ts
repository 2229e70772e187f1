import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import os from 'node:os';
import {
  formatAddress,
  normalizePairingCode,
  PAIRING_EXPORTER_LABEL,
  PAIRING_EXPORTER_LENGTH,
  type PairingSession,
  pairingKey,
  pairingTranscript,
} from '@understudy/wire';
import { addressFromPerson } from './address.ts';
import { CONNECT_TIMEOUT_MS, type ConnectOptions } from './connection/connect.ts';
import { Connection } from './connection/connection.ts';
import { openWebSocket } from './connection/open-websocket.ts';
import { changedFingerprint, openSecureSocket } from './connection/secure-socket.ts';
import { SdkError } from './errors.ts';
import type { Profile } from './profile/profile.ts';
import type { KnownServer } from './profile/servers.ts';

export interface PairOptions extends ConnectOptions {
  /** HOST:PORT. */
  readonly address: string;
  readonly code: string;
  /** What the server is called here; else as it calls itself. */
  readonly name?: string | undefined;
}

/**
 * Turns a one-time code into mutual trust and remembers the server. The code itself never leaves this machine: both sides prove that
 * they know it, bound to both certificates and to this TLS session.
 */
export async function pair(profile: Profile, options: PairOptions): Promise<KnownServer> {
  const code = normalizePairingCode(options.code);
  if (code === null)
    throw new SdkError(
      'bad-argument',
      `"${options.code}" is not a pairing code; it has 20 letters and digits in groups of 5, as "understudy agent pairing-code" prints it`,
    );
  const address = addressFromPerson(options.address);
  const where = formatAddress(address);
  const identity = await profile.identity();
  const timeoutMs = options.timeoutMs ?? CONNECT_TIMEOUT_MS;
  const serverName = options.name ?? where;
  const { socket, fingerprint } = await openSecureSocket({
    address,
    identity,
    fingerprint: null,
    serverName,
    timeoutMs,
  });
  for (const one of await profile.servers()) {
    if (one.address !== where || one.fingerprint === fingerprint) continue;
    socket.destroy();
    throw changedFingerprint(one.name, address, one.fingerprint, fingerprint);
  }
  const exporter = socket.exportKeyingMaterial(PAIRING_EXPORTER_LENGTH, PAIRING_EXPORTER_LABEL, Buffer.alloc(0));
  const client = Buffer.from(identity.fingerprint, 'hex');
  const session: PairingSession = { client, agent: Buffer.from(fingerprint, 'hex'), exporter };
  const connection = new Connection(await openWebSocket(socket, where, timeoutMs), where);
  try {
    const name = options.name ?? (await connection.call('agent.info', {}, { timeoutMs })).name;
    // Before the code is spent: a second try would need a new one.
    await refuseTakenName(profile, name, fingerprint);
    const role = await exchangeProofs(connection, code, session, timeoutMs);
    const server = { name, address: where, fingerprint, role, addedAt: new Date().toISOString() };
    await remember(profile, server);
    return server;
  } finally {
    connection.close();
  }
}

async function exchangeProofs(
  connection: Connection,
  code: string,
  session: PairingSession,
  timeoutMs: number,
): Promise<KnownServer['role']> {
  const proof = prove('client', code, session).toString('hex');
  const answer = await connection.call('agent.pair', { name: clientName(), proof }, { timeoutMs });
  const expected = prove('agent', code, session);
  if (timingSafeEqual(expected, Buffer.from(answer.proof, 'hex'))) return answer.role;
  throw new SdkError(
    'not-trusted',
    `what answers at ${connection.serverName} accepted the code without knowing it: it is not the agent that printed it. Nothing was remembered.`,
  );
}

function prove(side: 'client' | 'agent', code: string, session: PairingSession): Buffer {
  return createHmac('sha256', pairingKey(code)).update(pairingTranscript(side, session)).digest();
}

/** A name that another server bears already is refused, never taken over. */
async function refuseTakenName(profile: Profile, name: string, fingerprint: string): Promise<void> {
  const servers = await profile.servers();
  const namesake = servers.find((one) => one.name === name);
  if (namesake === undefined || namesake.fingerprint === fingerprint) return;
  const free = freeName(name, new Set(servers.map((one) => one.name)));
  throw new SdkError(
    'ambiguous',
    `another server is known as ${name} already (${namesake.address}); give this one a name of its own: --name ${free}. The code is still good.`,
  );
}

/** One server has one entry: paired again under another name or address, the old entry goes. */
async function remember(profile: Profile, server: KnownServer): Promise<void> {
  for (const one of await profile.servers())
    if (one.fingerprint === server.fingerprint && one.name !== server.name) await profile.removeServer(one.name);
  await profile.putServer(server);
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let n = 2; ; n += 1) if (!taken.has(`${name}-${n}`)) return `${name}-${n}`;
}

/** For the agent's list of clients; who it is lies in the certificate. */
function clientName(): string {
  const text = `${os.userInfo().username}-${os.hostname()}`.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 64);
  return /^[A-Za-z0-9]/.test(text) ? text : `client-${randomUUID().slice(0, 8)}`;
}
