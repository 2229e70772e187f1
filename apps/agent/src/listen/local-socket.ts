import { chmodSync, closeSync, constants, openSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { MAX_REQUEST_BYTES } from '@understudy/wire';
import { WebSocketServer } from 'ws';
import type { Logger } from '../events/technical-log.ts';
import type { Caller, Handlers } from './dispatch.ts';
import { ManagementSession } from './management-session.ts';
import { refuseUpgrade, wantedBy } from './upgrade.ts';

export interface LocalSocket {
  close(): Promise<void>;
}

/** The kernel takes no longer name for a UNIX socket. */
const LONGEST = 100;

/**
 * Management for whoever may open the home: the same protocol over a UNIX socket, with the role admin. The caller holds the home's
 * lock, so a socket that lies there already is a dead agent's.
 */
export async function openLocalSocket(path: string, handlers: Handlers, logger: Logger): Promise<LocalSocket> {
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: MAX_REQUEST_BYTES,
  });
  const sessions = new Set<ManagementSession>();
  const accept = (request: IncomingMessage, socket: Socket, head: Buffer) =>
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      const session = new ManagementSession({ socket: ws, handlers, logger, caller: localCaller });
      sessions.add(session);
      ws.on('close', () => sessions.delete(session));
    });
  const server = createServer((_, response) => {
    response.writeHead(404, { connection: 'close' });
    response.end('Not found\n');
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    const wanted = wantedBy(request);
    if (wanted.kind === 'other-version') refuse(socket, 426, 'version', wanted.sentence);
    else if (wanted.kind !== 'management') refuse(socket, 404, 'unknown-call', 'there is nothing here');
    else accept(request, socket as Socket, head);
  });
  rmSync(path, { force: true });
  const { name, letGo } = reachable(path);
  await listen(server, name);
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          letGo();
          resolve();
        });
        for (const session of sessions) session.close(1001, 'the agent is stopping');
        server.closeAllConnections();
      }),
  };
}

function refuse(socket: Duplex, status: 404 | 426, code: string, sentence: string): void {
  refuseUpgrade(socket, { status, code, sentence, noise: null });
}

function localCaller(signal: AbortSignal): Caller {
  return { fingerprint: null, role: 'admin', name: 'local', host: null, pairing: null, signal };
}

/** A longer path is reached through its directory's descriptor, which stays open: closing the server removes the name by it. */
function reachable(path: string): { readonly name: string; readonly letGo: () => void } {
  if (Buffer.byteLength(path) <= LONGEST) return { name: path, letGo: () => {} };
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  return { name: join(`/proc/self/fd/${folder}`, basename(path)), letGo: () => closeSync(folder) };
}

function listen(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(name, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
