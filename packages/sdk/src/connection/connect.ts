import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Address, formatAddress, LOCAL_SOCKET } from '@understudy/wire';
import { addressFromPerson } from '../address.ts';
import { errnoOf, reasonOf, SdkError } from '../errors.ts';
import type { ClientIdentity } from '../profile/identity.ts';
import type { KnownServer } from '../profile/servers.ts';
import { Connection } from './connection.ts';
import { openWebSocket } from './open-websocket.ts';
import { openSecureSocket } from './secure-socket.ts';

export const CONNECT_TIMEOUT_MS = 10_000;

export interface ConnectOptions {
  /** For the TCP and TLS handshake, and again for the upgrade. */
  readonly timeoutMs?: number;
}

/** Connects to a server of the profile; refuses one that shows another certificate than the pinned one. */
export async function connect(
  server: Pick<KnownServer, 'name' | 'address' | 'fingerprint'>,
  identity: ClientIdentity,
  options: ConnectOptions = {},
): Promise<Connection> {
  const timeoutMs = options.timeoutMs ?? CONNECT_TIMEOUT_MS;
  const address: Address = addressFromPerson(server.address);
  const { socket } = await openSecureSocket({
    address,
    identity,
    fingerprint: server.fingerprint,
    serverName: server.name,
    timeoutMs,
  });
  return new Connection(await openWebSocket(socket, formatAddress(address), timeoutMs), server.name);
}

/** Connects to the agent of a home on this machine: whoever may open its socket is an admin there. */
export async function connectLocal(home: string, options: ConnectOptions = {}): Promise<Connection> {
  const file = path.join(home, LOCAL_SOCKET);
  const socket = await openLocalSocket(home, file);
  const webSocket = await openWebSocket(socket, file, options.timeoutMs ?? CONNECT_TIMEOUT_MS);
  return new Connection(webSocket, `the agent of ${home}`);
}

/** The kernel takes no longer name for a UNIX socket: a deeper home is reached through its folder's descriptor. */
const LONGEST_SOCKET_NAME = 100;

async function openLocalSocket(home: string, file: string): Promise<net.Socket> {
  let folder: number | null = null;
  try {
    if (Buffer.byteLength(file) > LONGEST_SOCKET_NAME)
      folder = fs.openSync(home, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    const socket = net.connect(folder === null ? file : `/proc/self/fd/${folder}/${LOCAL_SOCKET}`);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.removeAllListeners('error');
    return socket;
  } catch (error) {
    throw explainLocal(error, home, file);
  } finally {
    if (folder !== null) fs.closeSync(folder);
  }
}

function explainLocal(error: unknown, home: string, file: string): SdkError {
  const errno = errnoOf(error);
  const sentence =
    errno === 'ENOENT' || errno === 'ECONNREFUSED'
      ? `no agent runs with the home ${home}; start it with "understudy agent run --home ${home}", or give another --home`
      : errno === 'EACCES'
        ? `${file} may not be opened by this user; run the command as the user who runs the agent`
        : `${file} cannot be opened: ${reasonOf(error)}`;
  return new SdkError('unreachable', sentence, { cause: error });
}
