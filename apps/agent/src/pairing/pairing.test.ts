import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { normalizePairingCode, type PairingSession } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentProofHolds, PairingCodes, proofOf } from './pairing-codes.ts';
import { TrustStore } from './trust.ts';

const session: PairingSession = {
  client: new Uint8Array(32).fill(1),
  agent: new Uint8Array(32).fill(2),
  exporter: new Uint8Array(32).fill(3),
};
let now = 1_000_000;
let codes: PairingCodes;
beforeEach(() => {
  now = 1_000_000;
  codes = new PairingCodes(() => now);
});

function digitsOf(code: string): string {
  const digits = normalizePairingCode(code);
  if (digits === null) throw new Error('no code');
  return digits;
}
const WRONG = 'f'.repeat(64);

describe('a pairing code', () => {
  it('is worth its role to who proves it, and the agent proves it in return', () => {
    const { code } = codes.issue('operator', 600_000);
    const answer = codes.redeem(session, proofOf(digitsOf(code), 'client', session));
    expect(answer.role).toBe('operator');
    expect(agentProofHolds(digitsOf(code), session, answer.proof)).toBe(true);
  });

  it('serves once', () => {
    const proof = proofOf(digitsOf(codes.issue('admin', 600_000).code), 'client', session);
    codes.redeem(session, proof);
    expect(() => codes.redeem(session, proof)).toThrow(/used already/);
  });

  it('ends with its time', () => {
    const proof = proofOf(digitsOf(codes.issue('admin', 600_000).code), 'client', session);
    now += 600_000;
    expect(() => codes.redeem(session, proof)).toThrow(/expired/);
    expect(codes.size).toBe(0);
  });

  it('ends with the fifth wrong try, and not before', () => {
    const first = proofOf(digitsOf(codes.issue('admin', 600_000).code), 'client', session);
    for (let i = 0; i < 4; i += 1) expect(() => codes.redeem(session, WRONG)).toThrow(/wrong/);
    expect(codes.redeem(session, first).role).toBe('admin');
    const second = proofOf(digitsOf(codes.issue('admin', 600_000).code), 'client', session);
    for (let i = 0; i < 5; i += 1) expect(() => codes.redeem(session, WRONG)).toThrow(/wrong/);
    expect(() => codes.redeem(session, second)).toThrow(/ended by wrong tries/);
  });

  it('is not proved by a proof for another session, another certificate, or by our own proof sent back', () => {
    const digits = digitsOf(codes.issue('admin', 600_000).code);
    const overheard = [
      proofOf(digits, 'client', { ...session, exporter: new Uint8Array(32).fill(9) }),
      proofOf(digits, 'client', { ...session, agent: new Uint8Array(32).fill(9) }),
      proofOf(digits, 'client', { ...session, client: new Uint8Array(32).fill(9) }),
      proofOf(digits, 'agent', session),
    ];
    for (const proof of overheard) expect(() => codes.redeem(session, proof)).toThrow(/wrong/);
  });

  it('is one of a bounded number', () => {
    for (let i = 0; i < 100; i += 1) codes.issue('admin', 600_000);
    expect(codes.size).toBe(16);
  });
});

describe('trust', () => {
  const a = 'a'.repeat(64);
  const b = 'b'.repeat(64);
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-trust-'));
    path = join(folder, 'trust.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is remembered across restarts, and forgotten when it ends', () => {
    const trust = new TrustStore(path, () => now);
    trust.add({ fingerprint: a, name: 'laptop', role: 'admin' });
    trust.add({ fingerprint: b, name: 'beta', role: 'peer', address: '10.0.0.2:7320' });
    const again = new TrustStore(path);
    expect(again.find(a)?.role).toBe('admin');
    expect(again.peers()).toEqual([
      { name: 'beta', fingerprint: b, addresses: ['10.0.0.2:7320'], since: new Date(now).toISOString() },
    ]);
    const removed: string[] = [];
    again.onRemoved((fingerprint) => removed.push(fingerprint));
    expect(again.remove(a)).toBe(true);
    expect(again.remove(a)).toBe(false);
    expect(removed).toEqual([a]);
    expect(new TrustStore(path).find(a)).toBeNull();
  });

  it('keeps the latest addresses, the last first', () => {
    const trust = new TrustStore(path);
    for (const host of ['a', 'b', 'c', 'd', 'e', 'b'])
      trust.add({ fingerprint: b, name: 'beta', role: 'peer', address: `${host}:1` });
    expect(trust.find(b)?.addresses).toEqual(['b:1', 'e:1', 'd:1', 'c:1']);
  });

  it('does not change in memory when it cannot be written', () => {
    const trust = new TrustStore(path);
    rmSync(folder, { recursive: true });
    expect(() => trust.add({ fingerprint: a, name: 'laptop', role: 'admin' })).toThrow();
    expect(trust.find(a)).toBeNull();
  });

  it('in a damaged file keeps the agent from starting', () => {
    writeFileSync(path, '{"version":1,"trusted":[{"fingerprint":"x"}]}');
    expect(() => new TrustStore(path)).toThrow(/trust\.json is damaged/);
  });
});
