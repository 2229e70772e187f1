import net from 'node:net';
import tls from 'node:tls';
import { type Address, formatAddress } from '@understudy/wire';
import { errnoOf, reasonOf, SdkError } from '../errors.ts';
import { type ClientIdentity, fingerprintOf } from '../profile/identity.ts';

export interface SecureSocketOptions {
  readonly address: Address;
  readonly identity: ClientIdentity;
  /** What the server must show; null only while pairing, when the code proves who it is. */
  readonly fingerprint: string | null;
  /** For sentences. */
  readonly serverName: string;
  readonly timeoutMs: number;
}

export interface SecureSocket {
  readonly socket: tls.TLSSocket;
  /** What the server showed. */
  readonly fingerprint: string;
}

/** TLS 1.3 with both certificates; ends in an error before a single byte is sent to a server with another fingerprint. */
export async function openSecureSocket(options: SecureSocketOptions): Promise<SecureSocket> {
  const { address, identity } = options;
  const socket = tls.connect({
    host: address.host,
    port: address.port,
    ...(net.isIP(address.host) === 0 ? { servername: address.host } : {}),
    minVersion: 'TLSv1.3',
    cert: identity.certificate,
    key: identity.key,
    // Trust is the pinned fingerprint below: no authority stands behind these certificates.
    rejectUnauthorized: false,
  });
  try {
    await established(socket, options);
    const fingerprint = peerFingerprint(socket, options);
    if (options.fingerprint !== null && fingerprint !== options.fingerprint)
      throw changedFingerprint(options.serverName, address, options.fingerprint, fingerprint);
    return { socket, fingerprint };
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
}

function established(socket: tls.TLSSocket, options: SecureSocketOptions): Promise<void> {
  const where = formatAddress(options.address);
  let connected = false;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new SdkError(
          'unreachable',
          connected
            ? `${where} accepts connections and then says nothing for ${options.timeoutMs / 1000} s; it is not an agent, or it hangs`
            : `${where} does not answer within ${options.timeoutMs / 1000} s; check the address, the network and firewalls`,
        ),
      );
    }, options.timeoutMs);
    const settle = (end: () => void) => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      socket.removeAllListeners('close');
      end();
    };
    socket.on('connect', () => {
      connected = true;
    });
    socket.once('secureConnect', () => settle(resolve));
    socket.once('error', (error) => settle(() => reject(explain(error, where, connected))));
    socket.once('close', () =>
      settle(() => reject(new SdkError('not-an-agent', `${where} closed the connection without a word`))),
    );
  });
}

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is the agent running, and is the port right?',
  ENOTFOUND: 'the name is not known; check its spelling',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'it does not answer; check the address, the network and firewalls',
  EACCES: 'this process may not connect there',
};

function explain(error: Error, where: string, connected: boolean): SdkError {
  const errno = errnoOf(error) ?? '';
  // A host with several addresses fails with one error for all of them.
  const inner = error instanceof AggregateError ? (errnoOf(error.errors[0]) ?? '') : '';
  const why = WHY[errno] ?? WHY[inner];
  if (!connected || why !== undefined)
    return new SdkError('unreachable', `${where} cannot be reached: ${why ?? reasonOf(error)}`, { cause: error });
  const sentence = `what answers at ${where} does not speak TLS 1.3 as an agent does (${errno || reasonOf(error)})`;
  return new SdkError('not-an-agent', sentence, { cause: error });
}

function peerFingerprint(socket: tls.TLSSocket, options: SecureSocketOptions): string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    throw new SdkError('not-an-agent', `${formatAddress(options.address)} shows no certificate`);
  return fingerprintOf(certificate.raw);
}

export function changedFingerprint(name: string, address: Address, pinned: string, shown: string): SdkError {
  return new SdkError(
    'fingerprint-changed',
    [
      `${name} at ${formatAddress(address)} is not the server that was paired: its fingerprint has changed. Nothing was sent.`,
      `  remembered  ${pinned}`,
      `  shown now   ${shown}`,
      'Either the agent was installed anew, or someone stands in between. Compare with the line that "understudy agent run"',
      'prints on that server. If it is the agent of now, forget the old one with "understudy servers --forget NAME" and pair again.',
    ].join('\n'),
  );
}
