/** The activity log as a power cut or a disk leaves it: of each block one of its two last states, or nothing that is trusted. */
import type { NodeId } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseActivityLog } from './activity-log.ts';

const BLOCK = 4096;
const BLOCKS = 65;
const MAGIC = 0x474f4c5954434155n;
const GENERATION = 5n;
const SHIFT = 24;
const BOOT = '0f3f7c5e-9d7c-4a42-8f39-1a2b3c4d5e6f';
const ALL = BLOCK * (1 + 2 * BLOCKS);

/** As native/linux/activity_log.c has it. */
function seal(block: Buffer): void {
  let sum = 0xcbf29ce484222325n;
  for (let at = 16; at < block.length; at += 8) {
    sum = BigInt.asUintN(64, (sum ^ block.readBigUInt64LE(at)) * 0x100000001b3n);
    sum ^= sum >> 29n;
  }
  block.writeBigUInt64LE(MAGIC, 0);
  block.writeBigUInt64LE(sum, 8);
}

function headBlock(shift = SHIFT): Buffer {
  const head = Buffer.alloc(BLOCK);
  head.writeUInt32LE(1, 16);
  head.writeUInt32LE(BLOCKS, 20);
  head.writeBigUInt64LE(GENERATION, 24);
  head.writeUInt32LE(shift, 36);
  head.write(BOOT, 40, 'latin1');
  seal(head);
  return head;
}

/** Kinds 1 to 6, each of a node of its own block and version. */
function regionBlock(index: number, version: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.writeBigUInt64LE(BigInt(version), 16);
  block.writeBigUInt64LE(GENERATION, 32);
  block.writeUInt32LE(index, 40);
  for (let i = 0; i < 6; i += 1) {
    const at = 64 + 32 * i;
    block.writeBigUInt64LE(BigInt(index * 1000 + version * 10 + i), at);
    block.writeBigUInt64LE(1_700_000_000_000n, at + 8);
    block.writeUInt32LE(i, at + 16);
    block.writeUInt16LE(2, at + 20);
    block.writeUInt8(i + 1, at + 22);
  }
  seal(block);
  return block;
}

function recorded(): Buffer {
  const blocks = [headBlock()];
  for (let index = 0; index < BLOCKS; index += 1)
    blocks.push(regionBlock(index, 7 + (index % 2)), regionBlock(index, 8 - (index % 2)));
  return Buffer.concat(blocks);
}
const GOOD = recorded();
const told = (region: unknown): string =>
  JSON.stringify(region, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

/** All that either copy of a block says, by blocks. */
const known = new Set<string>();
for (const version of [7, 8]) {
  const all = Buffer.from(GOOD);
  for (let index = 0; index < BLOCKS; index += 1)
    for (const copy of [0, 1]) regionBlock(index, version).copy(all, BLOCK * (1 + 2 * index + copy));
  for (const region of parseActivityLog(all)?.regions ?? []) known.add(told(region));
}

interface Change {
  readonly at: number;
  readonly kind: number;
  readonly value: number;
}

/** A byte, a word, a block over another, zeros from a place on within a block, an end cut off. */
function changed(list: readonly Change[]): Buffer {
  let bytes = Buffer.from(GOOD);
  for (const { at, kind, value } of list) {
    if (bytes.length < ALL) break;
    const where = at % (ALL - 4);
    const block = where - (where % BLOCK);
    if (kind === 0) bytes[where] = value & 255;
    else if (kind === 1) bytes.writeUInt32LE(value, where);
    else if (kind === 2)
      bytes.copy(bytes, block, BLOCK * (value % (1 + 2 * BLOCKS)), BLOCK * ((value % (1 + 2 * BLOCKS)) + 1));
    else if (kind === 3) bytes.fill(0, where, block + BLOCK);
    else bytes = bytes.subarray(0, where);
  }
  return bytes;
}

describe('[SRM3] an activity log that was changed', () => {
  it('is of this form where nothing is wrong: the newer copy of each block', () => {
    const log = parseActivityLog(GOOD);
    expect(log).toMatchObject({ generation: 5, boot: BOOT, broken: false });
    expect(log?.regions.length).toBe(BLOCKS * 6);
    expect(log?.regions[3]).toEqual({
      kind: 'content',
      root: 2,
      node: 83n as NodeId,
      from: 3 << SHIFT,
      to: 4 << SHIFT,
    });
  });

  it('says what one of the two copies of each block said, or nothing', () => {
    let whole = 0;
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(ALL), kind: fc.nat(4), value: fc.nat(0xffff_ffff) }), {
          minLength: 1,
          maxLength: 4,
        }),
        (list) => {
          const log = parseActivityLog(changed(list));
          if (log === null) return;
          whole += 1;
          expect(log).toMatchObject({ generation: 5, boot: BOOT, broken: false });
          expect(log.regions.length).toBe(BLOCKS * 6);
          for (const region of log.regions) expect(known.has(told(region))).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
    expect(whole).toBeGreaterThan(0);
  });

  it('of any bytes at all, also behind a whole head, says nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.boolean(), (bytes, headed) => {
        expect(parseActivityLog(Buffer.from(bytes))).toBeNull();
        const file = Buffer.alloc(ALL);
        if (headed) headBlock().copy(file);
        file.set(bytes, BLOCK);
        expect(parseActivityLog(file)).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it('whose stretches would be longer than files can be says nothing', () => {
    for (const shift of [32, 64, 0xffff_ffff]) {
      const bytes = Buffer.from(GOOD);
      headBlock(shift).copy(bytes);
      expect(parseActivityLog(bytes)).toBeNull();
    }
  });
});
