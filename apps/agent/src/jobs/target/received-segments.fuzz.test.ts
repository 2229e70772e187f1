/**
 * What a target had received, as its disk gives it back: heads of any bytes in entries that are whole, and files that were changed. What is
 * held is what was written or can have been; everything else is as if it were not there, and is sent again.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HeldPacket } from '@understudy/engine';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskIo, type SegmentIo, SegmentStore } from '../../ports/segments/index.ts';
import { ReceivedSegments } from './received-segments.ts';

/** What lasts through a power cut is tested elsewhere. */
const io: SegmentIo = {
  ...diskIo,
  sync: () => Promise.resolve(),
  syncNow: () => {},
  syncFolder: () => Promise.resolve(),
  syncFolderNow: () => {},
};
const limits = { diskBytes: 1 << 22, minFreeBytes: 0 };
const RECORD = 168;
const records = (entry: number): Buffer => Buffer.alloc(RECORD * 4, entry);
const packetOf = (entry: number) => ({
  from: entry * 4 - 3,
  to: entry * 4,
  origin: entry * 10,
  elided: entry % 3 === 0,
});
const LAST = 12;

let top: string;
let runs = 0;
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'understudy-received-'));
  const received = open(join(top, 'good'));
  for (let entry = 1; entry <= LAST; entry += 1) expect(received.append(packetOf(entry), records(entry)).ok).toBe(true);
  await received.flush();
  received.close();
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

function open(folder: string): ReceivedSegments {
  const nobody = { durable: () => {}, alert: () => {}, failed: () => {} };
  return new ReceivedSegments({ folder, limits, io, ...nobody });
}

function freshFolder(): string {
  runs += 1;
  const folder = join(top, `run-${runs}`);
  mkdirSync(folder);
  return folder;
}

/** What can have been written. */
function expectPossible({ from, to, origin, bytes }: HeldPacket): void {
  for (const value of [from, to, origin, bytes]) expect(Number.isSafeInteger(value)).toBe(true);
  expect(from).toBeGreaterThanOrEqual(1);
  expect(to).toBeGreaterThanOrEqual(from);
  expect((to - from + 1) * RECORD).toBeLessThanOrEqual(bytes);
}

/** Of one entry whose head is so. */
async function heldWith(head: Uint8Array, body: Uint8Array): Promise<HeldPacket[]> {
  const folder = freshFolder();
  const { store } = SegmentStore.open({ folder, limits, io });
  store.append(head, body);
  await store.flush();
  store.close();
  const received = open(folder);
  const held = [...received.held()];
  received.close();
  rmSync(folder, { recursive: true });
  for (const packet of held) {
    expectPossible(packet);
    expect(packet.bytes).toBe(body.length);
  }
  return held;
}

function headOf(from: bigint, to: bigint, origin: bigint, bytes: number, elided = 0): Buffer {
  const head = Buffer.alloc(32);
  for (const [i, value] of [from, to, origin].entries()) head.writeBigUInt64LE(value, i * 8);
  head.writeUInt32LE(bytes, 24);
  head.writeUInt32LE(elided, 28);
  return head;
}

describe('[TCM6] the head of what was received', () => {
  it('as it was written is held', async () => {
    const [held] = await heldWith(headOf(1n, 4n, 10n, RECORD * 4, 1), records(1));
    expect(held).toEqual({ entry: 1, from: 1, to: 4, origin: 10, bytes: RECORD * 4, elided: true });
  });

  it('of any bytes is one that can be, or is not there', async () => {
    const number = fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 0n, max: 9n }));
    const likely = fc
      .tuple(number, number, number, fc.constantFrom(0, 1, RECORD * 4, 2 ** 32 - 1), fc.nat(3))
      .map((fields) => headOf(...fields));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 40 }), likely), async (head) => {
        await heldWith(head, records(1));
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['a position of zero', headOf(0n, 4n, 10n, RECORD * 4)],
    ['an end before its beginning', headOf(4n, 3n, 10n, RECORD * 4)],
    ['a beginning beyond 2^53', headOf(1n << 60n, 1n << 60n, 10n, RECORD * 4)],
    ['an end beyond all its records', headOf(1n, 1n << 40n, 10n, RECORD * 4)],
    ['an origin beyond 2^53', headOf(1n, 4n, 1n << 60n, RECORD * 4)],
    ['another length', headOf(1n, 4n, 10n, RECORD * 5)],
    ['an answer other than yes and no', headOf(1n, 4n, 10n, RECORD * 4, 2)],
  ])('with %s is not there', async (_, head) => {
    expect(await heldWith(head, records(1))).toEqual([]);
  });
});

describe('[TCM6] files of what was received', () => {
  const change = fc.record({ file: fc.nat(20), at: fc.nat(9000), kind: fc.nat(3), value: fc.nat(0xffff_ffff) });

  it('that were changed hold what was written, or less', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (list) => {
        const folder = freshFolder();
        for (const name of readdirSync(join(top, 'good'))) copyFileSync(join(top, 'good', name), join(folder, name));
        for (const { file, at, kind, value } of list) {
          const names = readdirSync(folder).sort();
          const path = join(folder, names[file % names.length] ?? '');
          let bytes = readFileSync(path);
          const where = at % Math.max(1, bytes.length);
          if (kind === 0) bytes[where] = value & 255;
          else if (kind === 1) bytes = bytes.subarray(0, where);
          else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + (value % 64))]);
          else if (where + 4 <= bytes.length) bytes.writeUInt32LE(value, where);
          writeFileSync(path, bytes);
        }
        const received = open(folder);
        for (const packet of received.held()) {
          expectPossible(packet);
          expect(packet).toEqual({ ...packetOf(packet.entry), entry: packet.entry, bytes: RECORD * 4 });
          expect(records(packet.entry).equals(received.read(packet.entry))).toBe(true);
        }
        received.close();
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('that go away between the opening and the look are as if nothing were there', () => {
    const folder = freshFolder();
    for (const name of readdirSync(join(top, 'good'))) copyFileSync(join(top, 'good', name), join(folder, name));
    const received = open(folder);
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), Buffer.alloc(100));
    expect([...received.held()]).toEqual([]);
    received.close();
  });
});
