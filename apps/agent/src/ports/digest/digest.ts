/** The digests this machine makes: SHA-256 always, BLAKE3 where its binary fits. In: bytes. Out: 32 bytes. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Digest } from '@understudy/engine';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

function loadBlake3(): Digest['blake3'] {
  try {
    const { blake3 } = createRequire(import.meta.url)('@napi-rs/blake-hash') as { blake3: (bytes: Buffer) => Buffer };
    return (bytes) => blake3(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch {
    // No binary for this machine: SHA-256 does the same, more slowly.
    return undefined;
  }
}

const blake3 = loadBlake3();

export const digest: Digest = blake3 === undefined ? { sha256 } : { sha256, blake3 };
/** The fastest first. */
export const digestNames: readonly string[] = blake3 === undefined ? ['sha256'] : ['blake3', 'sha256'];
