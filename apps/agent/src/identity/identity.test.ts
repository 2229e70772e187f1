import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import { openIdentity } from './identity.ts';

const root = mkdtempSync(join(tmpdir(), 'understudy-identity-'));
let folder = '';
let count = 0;
beforeEach(() => {
  count += 1;
  folder = join(root, String(count));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the identity', () => {
  it('is made once, for decades, with a key for its owner only', async () => {
    const made = await openIdentity(folder);
    const certificate = new X509Certificate(made.certificate);
    expect(made.fingerprint).toBe(fingerprintOf(certificate.raw));
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(new Date(certificate.validTo).getUTCFullYear()).toBeGreaterThan(new Date().getUTCFullYear() + 30);
    expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600);
    expect(await openIdentity(folder)).toEqual(made);
    expect(readdirSync(join(folder, '..')).filter((name) => name.includes('new'))).toEqual([]);
  });

  it('differs from agent to agent', async () => {
    const other = await openIdentity(`${folder}-other`);
    expect((await openIdentity(folder)).fingerprint).not.toBe(other.fingerprint);
  });

  it.each(['key.pem', 'certificate.pem'])('with a truncated %s is refused and not overwritten', async (file) => {
    await openIdentity(folder);
    const path = join(folder, file);
    const half = readFileSync(path, 'utf8').slice(0, 100);
    writeFileSync(path, half);
    await expect(openIdentity(folder)).rejects.toMatchObject({ fault: 'identity-damaged' });
    expect(readFileSync(path, 'utf8')).toBe(half);
  });

  it('whose key is missing, foreign, or open to others is refused', async () => {
    await openIdentity(folder);
    const other = `${folder}-other`;
    await openIdentity(other);
    const key = join(folder, 'key.pem');
    writeFileSync(key, readFileSync(join(other, 'key.pem')));
    await expect(openIdentity(folder)).rejects.toThrow(/do not belong together/);
    chmodSync(key, 0o644);
    await expect(openIdentity(folder)).rejects.toThrow(/chmod 600/);
    rmSync(key);
    await expect(openIdentity(folder)).rejects.toThrow(/restore it from a backup/);
  });
});
