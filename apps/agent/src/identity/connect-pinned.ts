import { connect, type TLSSocket } from 'node:tls';
import { type Address, formatAddress } from '@understudy/wire';
import { errnoOf } from '../home/start-error.ts';
import { peerFingerprint } from './fingerprint.ts';
import type { Identity } from './identity.ts';

/** Why another agent could not be reached; the sentence names it. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code: 'unreachable' | 'timeout' | 'changed-fingerprint' | 'not-trusted' | 'version' | 'failed';
  /** The server is there and said at once that nobody listens: its agent is being started, or soon will be. */
  readonly nobodyListens: boolean;
  constructor(code: ConnectError['code'], sentence: string, { nobodyListens = false } = {}) {
    super(sentence);
    this.code = code;
    this.nobodyListens = nobodyListens;
  }
}

export interface ConnectOptions {
  readonly address: Address;
  readonly identity: Identity;
  /** The certificate that must be shown there. */
  readonly fingerprint: string;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A TLS 1.3 connection on which both ends have shown a certificate and the other's is the expected one. Throws ConnectError. */
export function connectPinned(options: ConnectOptions): Promise<TLSSocket> {
  const where = formatAddress(options.address);
  const timeoutMs = options.timeoutMs ?? 10_000;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: options.address.host,
      port: options.address.port,
      cert: options.identity.certificate,
      key: options.identity.key,
      minVersion: 'TLSv1.3',
      // The pin below decides; no authority vouches for these certificates.
      rejectUnauthorized: false,
    });
    const give = (error: ConnectError | null) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', aborted);
      socket.removeAllListeners('error');
      if (error === null) return resolve(socket);
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const aborted = () => give(new ConnectError('failed', `connecting to ${where} was given up`));
    const timer = setTimeout(
      () => give(new ConnectError('timeout', `${where} did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    options.signal?.addEventListener('abort', aborted, { once: true });
    if (options.signal?.aborted === true) return aborted();
    socket.once('error', (error) => {
      const nobodyListens = errnoOf(error) === 'ECONNREFUSED';
      const sentence = `${where} cannot be reached: ${error.message || errnoOf(error)}`;
      give(new ConnectError('unreachable', sentence, { nobodyListens }));
    });
    socket.once('secureConnect', () => give(judge(socket, options.fingerprint, where)));
  });
}

function judge(socket: TLSSocket, expected: string, where: string): ConnectError | null {
  const shown = peerFingerprint(socket);
  if (shown === expected) return null;
  return new ConnectError(
    'changed-fingerprint',
    `${where} shows the certificate ${shown ?? '(none)'} where ${expected} was expected. Either the server was installed anew ` +
      'or something else answers in its place: nothing was sent. If it was installed anew, unpair it and pair again.',
  );
}
