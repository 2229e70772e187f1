/**
 * pairing: how two strangers come to trust each other. In: one-time codes that an administrator asked for, and the proofs of those
 * who claim to know one. Out: the role that the code was worth, and this side's own proof.
 * Promised: a code serves once, not after its time, and not after five wrong proofs; the code itself is never sent or logged, and
 * who listens or sits in between learns nothing of use.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import {
  ManagementError,
  normalizePairingCode,
  PAIRING_CODE_BYTES,
  PAIRING_EXPORTER_LABEL,
  PAIRING_EXPORTER_LENGTH,
  PAIRING_TRIES,
  type PairingSession,
  pairingCodeFromBytes,
  pairingKey,
  pairingTranscript,
  type TrustRole,
} from '@understudy/wire';

interface LiveCode {
  readonly digits: string;
  readonly role: TrustRole;
  readonly expiresAt: number;
  triesLeft: number;
}

/** More codes at once than anyone can use; the oldest gives way. */
const MAX_CODES = 16;

export interface IssuedCode {
  readonly code: string;
  readonly role: TrustRole;
  /** Wall clock, milliseconds. */
  readonly expiresAt: number;
}

export class PairingCodes {
  readonly #wallMs: () => number;
  #codes: LiveCode[] = [];

  constructor(wallMs: () => number = Date.now) {
    this.#wallMs = wallMs;
  }

  issue(role: TrustRole, ttlMs: number): IssuedCode {
    const code = pairingCodeFromBytes(randomBytes(PAIRING_CODE_BYTES));
    const digits = normalizePairingCode(code);
    if (digits === null) throw new Error('a code that was just made cannot be read');
    const expiresAt = this.#wallMs() + ttlMs;
    this.#codes = [...this.#alive(), { digits, role, expiresAt, triesLeft: PAIRING_TRIES }].slice(-MAX_CODES);
    return { code, role, expiresAt };
  }

  /** Spends the code that the proof belongs to. Throws ManagementError `wrong-code`; nobody learns which of the reasons it was. */
  redeem(session: PairingSession, proof: string): { readonly role: TrustRole; readonly proof: string } {
    const codes = this.#alive();
    const given = Buffer.from(proof, 'hex');
    let found: LiveCode | null = null;
    for (const code of codes) {
      const expected = Buffer.from(proofOf(code.digits, 'client', session), 'hex');
      if (expected.length === given.length && timingSafeEqual(expected, given)) found = code;
    }
    if (found === null) {
      // A proof does not say which code it was meant for, so it counts against each of them.
      for (const code of codes) code.triesLeft -= 1;
      this.#codes = this.#alive();
      throw new ManagementError(
        'wrong-code',
        'the pairing code is wrong, was used already, has expired, or was ended by wrong tries: ask for a new one with `understudy agent pairing-code` on the server',
      );
    }
    this.#codes = codes.filter((code) => code !== found);
    return { role: found.role, proof: proofOf(found.digits, 'agent', session) };
  }

  /** How many could still be used. */
  get size(): number {
    return this.#alive().length;
  }

  #alive(): LiveCode[] {
    const now = this.#wallMs();
    return this.#codes.filter((code) => code.expiresAt > now && code.triesLeft > 0);
  }
}

/** `digits` as `normalizePairingCode` returned them. */
export function proofOf(digits: string, side: 'client' | 'agent', session: PairingSession): string {
  return createHmac('sha256', pairingKey(digits)).update(pairingTranscript(side, session)).digest('hex');
}

/** Whether the agent proved that it knew the code too; without that nothing it said is worth remembering. */
export function agentProofHolds(digits: string, session: PairingSession, proof: string): boolean {
  const expected = Buffer.from(proofOf(digits, 'agent', session), 'hex');
  const given = Buffer.from(proof, 'hex');
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** What both ends of one TLS session know and nobody else does. Fingerprints in hexadecimal. */
export function pairingSession(socket: TLSSocket, client: string, agent: string): PairingSession {
  // TLS 1.3 exports the same bytes for no context and an empty one, so both ends leave it out.
  const exporter = socket.exportKeyingMaterial(PAIRING_EXPORTER_LENGTH, PAIRING_EXPORTER_LABEL, Buffer.alloc(0));
  return { client: Buffer.from(client, 'hex'), agent: Buffer.from(agent, 'hex'), exporter };
}
