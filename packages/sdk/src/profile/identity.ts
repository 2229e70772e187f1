import { createHash, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { errnoOf, reasonOf, SdkError } from '../errors.ts';
import { keepAside, replaceFile } from './durable-file.ts';

/** Who this client is to every agent: a certificate of its own, made at first use. */
export interface ClientIdentity {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS#8. */
  readonly key: string;
  /** SHA-256 of the certificate's DER, as `fingerprintOf` writes it. */
  readonly fingerprint: string;
}

export interface LoadedIdentity {
  readonly identity: ClientIdentity;
  /** Sentences for the person: what was found damaged and where it is kept. */
  readonly notices: readonly string[];
}

/** SHA-256 of a certificate's DER in lower-case hexadecimal. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** Reads the identity, or makes one; the caller holds the profile's lock. */
export async function loadOrMakeIdentity(file: string): Promise<LoadedIdentity> {
  const text = readPrivate(file);
  if (text === null) return { identity: await makeIdentity(file), notices: [] };
  const identity = parseIdentity(text);
  if (identity !== null) return { identity, notices: [] };
  const aside = keepAside(file, new Date());
  const notice =
    `${file} is damaged; it is kept as ${aside} and this client has a new identity. ` +
    'Servers know it no longer: run "understudy pair" for each of them again, or put back a backup of the file.';
  return { identity: await makeIdentity(file), notices: [notice] };
}

/** Without the lock: the identity as it stands, or null where it must be made or mended. */
export function readIdentity(file: string): ClientIdentity | null {
  const text = readPrivate(file);
  return text === null ? null : parseIdentity(text);
}

function readPrivate(file: string): string | null {
  try {
    const mode = fs.statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0)
      throw new SdkError(
        'profile-unusable',
        `${file} holds a private key and may be read by others (mode 0${mode.toString(8)}); run: chmod 600 ${file}`,
      );
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    if (error instanceof SdkError) throw error;
    throw new SdkError('profile-unusable', `${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

function parseIdentity(text: string): ClientIdentity | null {
  const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0];
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(text)?.[0];
  if (certificate === undefined || key === undefined) return null;
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return null;
    return { certificate, key, fingerprint: fingerprintOf(parsed.raw) };
  } catch {
    return null;
  }
}

async function makeIdentity(file: string): Promise<ClientIdentity> {
  const { certificate, key } = await makeCertificate(`understudy client ${os.userInfo().username}@${os.hostname()}`);
  replaceFile(file, `${key}\n${certificate}\n`, 0o600);
  return { certificate, key, fingerprint: fingerprintOf(new X509Certificate(certificate).raw) };
}

const YEARS_VALID = 50;

/** Trust is the pinned fingerprint, so the certificate is its own issuer and its dates mean little. */
export async function makeCertificate(commonName: string): Promise<{ certificate: string; key: string }> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const notBefore = new Date(Date.now() - 24 * 3600_000);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [commonName.slice(0, 64)] }],
      notBefore,
      notAfter: new Date(notBefore.getTime() + YEARS_VALID * 365 * 24 * 3600_000),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      keys,
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})(?!$)/g, '$1\n')}\n-----END PRIVATE KEY-----`;
  return { certificate: certificate.toString('pem').trim(), key };
}
