import { crc32 as reference } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32 } from './crc32.ts';

it('is the checksum that node:zlib makes, of any bytes, whole or in pieces', () => {
  const bytes = fc.uint8Array({ maxLength: 5000, size: 'max' });
  fc.assert(
    fc.property(bytes, fc.nat(5000), fc.integer({ min: 0, max: 0xffff_ffff }), (all, cut, before) => {
      const [one, two] = [all.subarray(0, cut), all.subarray(cut)];
      // Of no bytes at all node:zlib forgets what came before.
      expect(crc32(all, before)).toBe(all.length === 0 ? before : reference(all, before));
      expect(crc32(two, crc32(one))).toBe(reference(all));
    }),
  );
});
