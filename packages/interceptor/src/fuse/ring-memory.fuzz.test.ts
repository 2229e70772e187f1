/**
 * Memory that is shared with the servers, when something else lies in it: the ring hands on whole records that were written or refuses by
 * name, and a look into the node index ends, with a handle that lies there or with none.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import { InterceptorRefusal } from '@understudy/engine';
import { encodeRecord, type NodeId, RecordError, record, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeIndexReader } from './node-index.ts';
import { RingReader } from './ring-reader.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Change {
  readonly at: number;
  readonly kind: number;
  readonly value: number;
}
const changesUpTo = (end: number) =>
  fc.array(fc.record({ at: fc.nat(end - 1), kind: fc.nat(3), value: fc.nat(0xffff_ffff) }), {
    minLength: 1,
    maxLength: 4,
  });

/** A byte, a word, a piece written over another, an end that is empty. */
function changed(from: Buffer, list: readonly Change[], least = 0): Buffer {
  const bytes = Buffer.from(from);
  for (const { at, kind, value } of list) {
    const where = least + (at % (bytes.length - least - 4));
    if (kind === 0) bytes[where] = value & 255;
    else if (kind === 1) bytes.writeUInt32LE(value, where);
    else if (kind === 2) bytes.copyWithin(where, least + (value % (bytes.length - least)), bytes.length);
    else bytes.fill(0, where);
  }
  return bytes;
}

// ------------------------------------------------------------------------------------------------------- the ring

const HEADER = 8192;
const SIZE = 8192;
const AT_HEAD = 64;
const AT_TAIL = 128;
const MAGIC = 0x474e495249534655n;

function recordsFrom(first: number): Uint8Array[] {
  return Array.from({ length: 12 }, (_, i) =>
    encodeRecord(
      record({
        verb: i % 3 === 0 ? Verb.write : Verb.create,
        sequence: first + i,
        node: brand<NodeId>(BigInt(10 + i)),
        name: brand<RawName>(i % 3 === 0 ? '' : `name-${i}`),
        data: new Uint8Array(i % 3 === 0 ? 300 : 0).fill(i),
      }),
    ),
  );
}
const RECORDS = recordsFrom(1);
const KNOWN = new Set(RECORDS.map((one) => Buffer.from(one).toString('hex')));
const LENGTH = RECORDS.reduce((sum, { length }) => sum + length, 0);

/** The ring's memory as the servers leave it; `tail`: where in all that was ever written the records begin. */
function ringMemory(tail = 0): Buffer {
  const memory = Buffer.alloc(HEADER + SIZE);
  memory.writeBigUInt64LE(MAGIC, 0);
  memory.writeUInt32LE(4, 8);
  memory.writeBigUInt64LE(BigInt(SIZE), 16);
  for (const at of [AT_HEAD, AT_HEAD + 8]) memory.writeBigUInt64LE(BigInt(tail + LENGTH), at);
  for (const at of [AT_TAIL, AT_TAIL + 8]) memory.writeBigUInt64LE(BigInt(tail), at);
  for (const [i, byte] of RECORDS.flatMap((one) => [...one]).entries()) memory[HEADER + ((tail + i) % SIZE)] = byte;
  return memory;
}

/** What was handed on before it refused; null: refused from the beginning. */
function drained(memory: Buffer, keeping = false): Buffer[] | null {
  const path = join(folder, 'ring');
  writeFileSync(path, memory);
  let ring: RingReader;
  try {
    ring = new RingReader(path);
  } catch (error) {
    expect(error).toBeInstanceOf(InterceptorRefusal);
    return null;
  }
  if (keeping) ring.keepDrained();
  const taken: Buffer[] = [];
  try {
    ring.drain((records) => taken.push(Buffer.from(records)));
    ring.free(Number.MAX_SAFE_INTEGER);
    expect(ring.status().used).toBe(0);
  } catch (error) {
    expect(error).toBeInstanceOf(RecordError);
  } finally {
    ring.close();
  }
  return taken;
}

/** By the lengths that they say. */
function cut(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at))
    found.push(bytes.toString('hex', at, at + bytes.readUInt32LE(at)));
  return found;
}

describe('[SRM2] a ring with something else in it', () => {
  it.each([0, 5000, SIZE - 100])('is read whole where nothing is wrong, from %i', (tail) => {
    expect(cut(Buffer.concat(drained(ringMemory(tail)) ?? []))).toEqual([...KNOWN]);
  });

  it('whose header was changed is refused, or hands on what lies between its marks', () => {
    fc.assert(
      fc.property(changesUpTo(AT_TAIL + 16), fc.boolean(), (list, keeping) => {
        const taken =
          drained(
            changed(
              ringMemory(),
              list.filter(({ kind }) => kind < 2),
            ),
            keeping,
          ) ?? [];
        expect(taken.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(SIZE);
      }),
      { numRuns: 300 },
    );
  });

  it('whose records were changed hands on what is of a record’s form, and no more than was there', () => {
    fc.assert(
      fc.property(changesUpTo(SIZE), fc.boolean(), (list, keeping) => {
        const memory = changed(ringMemory(3000), list, HEADER);
        const taken = Buffer.concat(drained(memory, keeping) ?? []);
        expect(taken.length).toBeLessThanOrEqual(LENGTH);
        const data = memory.subarray(HEADER);
        expect(
          taken.equals(Buffer.concat([data.subarray(3000), data.subarray(0, 3000)]).subarray(0, taken.length)),
        ).toBe(true);
        for (const one of cut(taken)) expect(one.length % 16).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('of any bytes at all is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(drained(Buffer.from(bytes))).toBeNull();
        const headed = ringMemory();
        headed.set(bytes.subarray(0, 112), 16);
        const taken = drained(headed);
        expect(taken === null || Buffer.concat(taken).length <= SIZE).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('that claims to be longer than its memory, or of no length, is refused', () => {
    for (const size of [0n, BigInt(SIZE + 1), 1n << 40n, 0xffff_ffff_ffff_ffffn]) {
      const memory = ringMemory();
      memory.writeBigUInt64LE(size, 16);
      expect(drained(memory)).toBeNull();
    }
  });

  it('whose tail lies behind its head, or more than its size before it, is refused and not taken for an empty one', () => {
    for (const tail of [LENGTH + 8, 2 ** 50]) {
      const memory = ringMemory();
      for (const at of [AT_TAIL, AT_TAIL + 8]) memory.writeBigUInt64LE(BigInt(tail), at);
      expect(drained(memory)).toBeNull();
    }
    const memory = ringMemory();
    for (const at of [AT_HEAD, AT_HEAD + 8]) memory.writeBigUInt64LE(BigInt(SIZE + 8), at);
    expect(drained(memory)).toBeNull();
  });

  it('whose head runs away while it is read fails by name', () => {
    const path = join(folder, 'ring');
    writeFileSync(path, ringMemory());
    const ring = new RingReader(path);
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(16, 0x7f), 0, 16, AT_HEAD);
    closeSync(fd);
    expect(() => ring.drain(() => {})).toThrow(RecordError);
    ring.close();
  });
});

// -------------------------------------------------------------------------------------------------- the node index

const ENTRIES = 2 ** 26;
const BASE = 4096;
const HEADS_AT = BASE + 32;
const ENTRIES_AT = HEADS_AT + 4 * ENTRIES;
const ENTRY = 40;
const ROOT = 3;
const BUCKETS = 8;
const COUNT = 20;

const nodeOf = (n: number) => brand<NodeId>(BigInt(1000 + n));
const handleOf = (n: number) => `\u0001handle of ${String(n).padStart(3, '0')}`;

/** The header and the heads that are used; the entries. */
function indexMemory(): { front: Buffer; entries: Buffer } {
  const front = Buffer.alloc(32 + 4 * BUCKETS);
  const entries = Buffer.alloc(ENTRY * COUNT);
  for (const [i, value] of [0, BUCKETS, COUNT, COUNT].entries()) front.writeUInt32LE(value, 4 * i);
  for (let n = 1; n <= COUNT; n += 1) {
    const at = ENTRY * (n - 1);
    const head = 32 + 4 * Number(nodeOf(n) % BigInt(BUCKETS));
    entries.writeBigUInt64LE(nodeOf(n), at);
    entries.writeUInt32LE(front.readUInt32LE(head), at + 8);
    entries.writeUInt16LE(ROOT, at + 12);
    entries.writeUInt8(handleOf(n).length - 1, at + 14);
    entries.write(handleOf(n), at + 15, 'latin1');
    front.writeUInt32LE(n, head);
  }
  return { front, entries };
}

function look<T>(front: Buffer, entries: Buffer, see: (index: NodeIndexReader) => T, base: bigint = BigInt(BASE)): T {
  const path = join(folder, 'state');
  const fd = openSync(path, 'w');
  ftruncateSync(fd, ENTRIES_AT + entries.length);
  const at = Buffer.alloc(8);
  at.writeBigUInt64LE(base);
  writeSync(fd, at, 0, 8, 24);
  writeSync(fd, front, 0, front.length, BASE);
  writeSync(fd, entries, 0, entries.length, ENTRIES_AT);
  closeSync(fd);
  const index = new NodeIndexReader(path);
  try {
    return see(index);
  } finally {
    index.close();
  }
}

const find = (n: number) => (index: NodeIndexReader) => index.ofRoot(ROOT).handleOf(nodeOf(n));

describe('a node index with something else in it', () => {
  const { front, entries } = indexMemory();

  it('is read whole where nothing is wrong', () => {
    look(front, entries, (index) => {
      expect(index.size()).toBe(COUNT);
      for (let n = 1; n <= COUNT; n += 1) expect(find(n)(index)).toBe(handleOf(n));
      expect(find(COUNT + 1)(index)).toBeNull();
      expect(index.ofRoot(ROOT + 1).handleOf(nodeOf(1))).toBeNull();
    });
  });

  it('whose numbers and chains were changed finds the handle of the file that was asked for, or none', () => {
    fc.assert(
      fc.property(changesUpTo(32 + 4 * BUCKETS), fc.array(fc.tuple(fc.nat(COUNT - 1), fc.nat(40))), (list, chains) => {
        const other = Buffer.from(entries);
        for (const [n, next] of chains) other.writeUInt32LE(next, ENTRY * n + 8);
        look(changed(front, list), other, (index) => {
          expect(index.size()).toBeLessThanOrEqual(ENTRIES);
          for (let n = 1; n <= COUNT; n += 3) expect([handleOf(n), null]).toContain(find(n)(index));
        });
      }),
      { numRuns: 40 },
    );
  });

  it('whose entries were changed finds handles no longer than they can be', () => {
    fc.assert(
      fc.property(changesUpTo(entries.length), (list) => {
        look(front, changed(entries, list), (index) => {
          for (let n = 1; n <= COUNT; n += 3) expect((find(n)(index) ?? '').length).toBeLessThanOrEqual(25);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('with a chain that leads into itself has an end', () => {
    const round = Buffer.from(entries);
    for (let n = 1; n <= COUNT; n += 1) round.writeUInt32LE((n % COUNT) + 1, ENTRY * (n - 1) + 8);
    const many = Buffer.from(front);
    many.writeUInt32LE(0xffff_ffff, 8);
    look(many, round, (index) => {
      expect(find(COUNT + 1)(index)).toBeNull();
      expect(find(4)(index)).toBe(handleOf(4));
    });
  });

  it('that was left unfinished and claims more entries than there are is gone through to its end', () => {
    const torn = Buffer.from(front);
    torn.writeUInt32LE(1, 0);
    torn.writeUInt32LE(0xffff_ffff, 8);
    look(torn, entries, (index) => {
      expect(find(7)(index)).toBe(handleOf(7));
      expect(find(COUNT + 1)(index)).toBeNull();
    });
  });

  it('that is said to lie beyond its memory is none', () => {
    for (const base of [0n, BigInt(ENTRIES_AT), 1n << 62n, 0xffff_ffff_ffff_ffffn])
      look(front, entries, (index) => expect([find(1)(index), index.size()]).toEqual([null, 0]), base);
  });
});
