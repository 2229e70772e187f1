import { describe, expect, it } from 'vitest';
import { digest, digestNames } from './digest.ts';

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

describe('digests', () => {
  it('[MIR2] are what their names say, over the whole of what is given and nothing beside it', () => {
    const around = Buffer.from('xxabcxx');
    const part = around.subarray(2, 5);
    expect(hex(digest.sha256(part))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digestNames).toContain('sha256');
    expect(digestNames.includes('blake3')).toBe(digest.blake3 !== undefined);
    if (digest.blake3 !== undefined)
      expect(hex(digest.blake3(part))).toBe('6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85');
  });
});
