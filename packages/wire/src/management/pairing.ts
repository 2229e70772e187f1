/**
 * Pairing without sending the code: each side proves that it knows it by an HMAC-SHA-256 (key: the code's bytes) over
 * `pairingTranscript`, which names the proving side, both certificates and the TLS session itself. Who sits in between has two
 * sessions with other certificates and another exporter value, so no proof that it sees is of use to it.
 */
import { concatBytes } from '@understudy/base';

/** `exportKeyingMaterial(PAIRING_EXPORTER_LENGTH, PAIRING_EXPORTER_LABEL)` on both ends, without a context. */
export const PAIRING_EXPORTER_LABEL = 'EXPORTER-understudy-pairing-1';
export const PAIRING_EXPORTER_LENGTH = 32;

/** 100 bits in 20 digits of Crockford's base32, printed in groups of 5. */
export const PAIRING_CODE_DIGITS = 20;
/** Random bytes that `pairingCodeFromBytes` needs. */
export const PAIRING_CODE_BYTES = 13;
/** Wrong proofs after which a code is worth nothing. */
export const PAIRING_TRIES = 5;

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUP = 5;

/** `bytes` must be fresh and random; the code is for one person's eyes. */
export function pairingCodeFromBytes(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes.subarray(0, PAIRING_CODE_BYTES)) bits = (bits << 8n) | BigInt(byte);
  let digits = '';
  for (let i = 0; i < PAIRING_CODE_DIGITS; i += 1) {
    digits += ALPHABET[Number(bits & 31n)];
    bits >>= 5n;
  }
  return digits.match(new RegExp(`.{${GROUP}}`, 'g'))?.join('-') ?? digits;
}

/** Case, dashes and spaces do not matter; I and L are read as 1, O as 0. Null: this cannot be a code. */
export function normalizePairingCode(text: string): string | null {
  const digits = text.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replace(/O/g, '0');
  if (digits.length !== PAIRING_CODE_DIGITS) return null;
  for (const digit of digits) if (!ALPHABET.includes(digit)) return null;
  return digits;
}

export interface PairingSession {
  /** SHA-256 of the certificate of the side that connected, 32 bytes. */
  readonly client: Uint8Array;
  /** SHA-256 of the certificate of the agent that listens, 32 bytes. */
  readonly agent: Uint8Array;
  readonly exporter: Uint8Array;
}

/** What is signed with the code. `side` is who proves: a proof sent back to its maker is worth nothing. */
export function pairingTranscript(side: 'client' | 'agent', session: PairingSession): Uint8Array {
  const text = `understudy-pairing/1 ${side}\n`;
  const title = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) title[i] = text.charCodeAt(i);
  return concatBytes([title, session.client, session.agent, session.exporter]);
}

/** The HMAC's key: the code's digits as ASCII. `code` is as `normalizePairingCode` returned it. */
export function pairingKey(code: string): Uint8Array {
  const key = new Uint8Array(code.length);
  for (let i = 0; i < code.length; i += 1) key[i] = code.charCodeAt(i);
  return key;
}
