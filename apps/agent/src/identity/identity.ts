/**
 * identity: who this agent is. In: its home. Out: a key and a self-signed certificate, made at the first start and never again;
 * others know the agent by the certificate's fingerprint. Promised: what lies there is never overwritten, also when it is damaged.
 */
import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory, writeFileAtomically } from '../home/atomic-json.ts';
import { messageOf, StartError } from '../home/start-error.ts';
import { fingerprintOf } from './fingerprint.ts';

export interface Identity {
  readonly certificate: string;
  readonly key: string;
  /** SHA-256 of the DER certificate, hexadecimal. */
  readonly fingerprint: string;
}

const YEARS = 50;

/** `folder` is HOME/identity. */
export async function openIdentity(folder: string): Promise<Identity> {
  if (!existsSync(folder)) await issue(folder);
  return load(folder);
}

async function issue(folder: string): Promise<void> {
  const made = await makeCertificate();
  const draft = `${folder}.${process.pid}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileAtomically(join(draft, 'key.pem'), made.key, 0o600);
  writeFileAtomically(join(draft, 'certificate.pem'), made.certificate, 0o644);
  writeFileSync(
    join(draft, 'README'),
    'The key and certificate of this agent. Every paired client and server knows the agent by them; without them all must be paired anew.\n',
  );
  // As one step: a crash in between leaves no half identity that would have to be called damaged.
  renameSync(draft, folder);
  syncDirectory(dirname(folder));
}

/** A P-256 key and its self-signed certificate, PEM. The library is loaded only here: it costs more than all else at start. */
export async function makeCertificate(): Promise<{ readonly key: string; readonly certificate: string }> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { webcrypto } = await import('node:crypto');
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: 'CN=understudy',
    // The other side's clock may be behind ours.
    notBefore: new Date(now - 86_400_000),
    notAfter: new Date(now + YEARS * 365.25 * 86_400_000),
    signingAlgorithm: algorithm,
    keys: keys as unknown as Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[0]['keys'],
  });
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `${certificate.toString('pem')}\n`,
  };
}

function load(folder: string): Identity {
  const keyPath = join(folder, 'key.pem');
  const certificatePath = join(folder, 'certificate.pem');
  try {
    if ((statSync(keyPath).mode & 0o077) !== 0)
      throw new Error(`others may read ${keyPath}; if nobody has, \`chmod 600\` it`);
    const key = readFileSync(keyPath, 'utf8');
    const certificate = readFileSync(certificatePath, 'utf8');
    const parsed = new X509Certificate(certificate);
    const privateKey: KeyObject = createPrivateKey(key);
    if (!parsed.checkPrivateKey(privateKey)) throw new Error('key and certificate do not belong together');
    return { certificate, key, fingerprint: fingerprintOf(parsed.raw) };
  } catch (error) {
    throw new StartError(
      'identity-damaged',
      `the agent's identity in ${folder} cannot be used: ${messageOf(error)}. It was left as it is: restore it from a backup, ` +
        'or move the folder away; the agent then makes a new one, and every client and server must be paired with it anew.',
    );
  }
}
