import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** SHA-256 of a DER certificate, in hexadecimal. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/**
 * Fingerprint of the other end's certificate; null where it showed none. TLS has made sure that the other end holds the key to it:
 * that is checked whether or not anyone vouches for the certificate.
 */
export function peerFingerprint(socket: TLSSocket): string | null {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? null : fingerprintOf(certificate.raw);
}
