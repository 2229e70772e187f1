/**
 * Entries of the send queue's store that are not as they were written, though whatever keeps them says so: every look at them ends with what
 * was queued or with a QueueStoreError, and what is handed out is whole.
 */
import { brand } from '@understudy/base';
import { decodeRecord, encodeRecord, type NodeId, peekLength, position, record, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryQueueStore } from '../../../testing/memory-queue-store.ts';
import { decodeStoredHead, encodeStoredHead, QueueStoreError, STORED_HEAD, type StoredHead } from './queue-store.ts';
import { SendQueue } from './send-queue.ts';

/** Null where it was refused as damaged; any other exception fails the test. */
function orDamaged<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof QueueStoreError && error.fault === 'damaged') return null;
    throw error;
  }
}

const encoded = (sequence: number): Uint8Array =>
  encodeRecord(
    record({
      verb: Verb.write,
      node: brand<NodeId>(BigInt(sequence)),
      extent: 40,
      data: new Uint8Array(40).fill(sequence),
      sequence,
    }),
  );
function bodyOf(first: number, count: number): Uint8Array {
  return Uint8Array.from(Array.from({ length: count }, (_, i) => [...encoded(first + i)]).flat());
}
const BODY = bodyOf(5, 3);
const HEAD: StoredHead = { from: 0, to: 0, first: 5, last: 7, timeMs: 1.7e12, count: 3, bytes: BODY.length };

const change = fc.record({ at: fc.nat(2000), kind: fc.nat(2), value: fc.nat(255) });
const changes = fc.array(change, { minLength: 1, maxLength: 4 });
function changed(from: Uint8Array, list: readonly { at: number; kind: number; value: number }[]): Uint8Array {
  let bytes = from.slice();
  for (const { at, kind, value } of list) {
    const where = at % Math.max(1, bytes.length);
    if (kind === 0) bytes[where] = value;
    else if (kind === 1) bytes = bytes.slice(0, where);
    else bytes = Uint8Array.from([...bytes.subarray(0, where), ...bytes.subarray(where + (value % 32))]);
  }
  return bytes;
}

/** Everything that a queue does with entries of a process before it. */
function goThrough(entries: readonly (readonly [Uint8Array, Uint8Array])[], received: number): number {
  const store = new MemoryQueueStore();
  for (const [head, body] of entries) store.append(head, body);
  const queue = orDamaged(() => new SendQueue({ next: position(1), store }));
  if (queue === null) return 0;
  expect(Number.isSafeInteger(queue.bytes) && queue.bytes >= 0).toBe(true);
  const oldest = orDamaged(() => queue.oldestTimeMs);
  if (oldest !== null) expect(Number.isFinite(oldest)).toBe(true);
  const goesOn = orDamaged(() => {
    queue.goOn({ received, origin: received });
    return true;
  });
  if (goesOn === null) return 0;
  let count = 0;
  for (let next = received + 1; ; ) {
    const packet = orDamaged(() => queue.take());
    if (packet === null || packet === undefined) return count;
    expect(packet.from).toBe(next);
    let found = 0;
    for (let at = 0; at < packet.bytes.length; at += peekLength(packet.bytes, at), found += 1)
      expect(decodeRecord(packet.bytes, at).sequence).toBe(packet.from + found);
    expect(found).toBe(packet.to - packet.from + 1);
    next = packet.to + 1;
    count += found;
  }
}

describe('[SRM1] the head of a stored entry', () => {
  it('of any bytes is one that can be or is damaged', () => {
    const numbers = fc.array(fc.oneof(fc.double(), fc.nat(10), fc.constantFrom(-1, 0.5, 2 ** 53, Number.NaN)), {
      minLength: 7,
      maxLength: 7,
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), numbers, (bytes, values) => {
        const made = new Uint8Array(STORED_HEAD);
        for (const [i, value] of values.entries()) new DataView(made.buffer).setFloat64(i * 8, value, true);
        for (const candidate of [bytes, made]) {
          const head = orDamaged(() => decodeStoredHead(candidate));
          if (head === null) continue;
          for (const value of [head.from, head.to, head.first, head.last, head.count, head.bytes])
            expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
          expect(Number.isFinite(head.timeMs)).toBe(true);
          expect(head.from <= head.to && head.from > 0 === head.to > 0).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a time that is none', { timeMs: Number.NaN }],
    ['an endless time', { timeMs: Number.POSITIVE_INFINITY }],
    ['an end without a beginning', { from: 0, to: 9 }],
    ['an end before its beginning', { from: 9, to: 8 }],
    ['no records', { count: 0 }],
    ['more records than its bytes have room for', { count: 4 }],
    ['a count with a fraction', { count: 1.5 }],
    ['a sequence beyond all', { last: 2 ** 53 }],
  ])('is damaged with %s', (_, over) => {
    expect(decodeStoredHead(encodeStoredHead(HEAD))).toEqual(HEAD);
    expect(orDamaged(() => decodeStoredHead(encodeStoredHead({ ...HEAD, ...over })))).toBeNull();
  });
});

describe('[SRM1] [SRM3] entries of the send queue', () => {
  const good = [
    [encodeStoredHead({ ...HEAD, from: 1, to: 3 }), BODY] as const,
    [encodeStoredHead({ ...HEAD, first: 8, last: 10 }), bodyOf(8, 3)] as const,
  ];

  it('as they were written are handed out', () => {
    expect(goThrough(good, 0)).toBe(6);
  });

  it('with heads that were changed are handed out whole, or named as damaged', () => {
    fc.assert(
      fc.property(changes, fc.nat(1), fc.nat(12), (list, which, received) => {
        const entries = good.map(([head, body], i) => [i === which ? changed(head, list) : head, body] as const);
        expect(goThrough(entries, received)).toBeLessThanOrEqual(6);
      }),
      { numRuns: 800 },
    );
  });

  it('with records that were changed are handed out whole, or named as damaged', () => {
    fc.assert(
      fc.property(changes, fc.nat(1), fc.nat(12), (list, which, received) => {
        const entries = good.map(([head, body], i) => [head, i === which ? changed(body, list) : body] as const);
        expect(goThrough(entries, received)).toBeLessThanOrEqual(6);
      }),
      { numRuns: 800 },
    );
  });

  it.each([
    ['cut off', BODY.subarray(0, BODY.length - 8)],
    ['of another length', bodyOf(5, 2)],
    ['of noise', new Uint8Array(BODY.length).fill(7)],
  ])('whose records are %s are damaged, and no part of them is handed out', (_, body) => {
    expect(goThrough([[encodeStoredHead(HEAD), body]], 0)).toBe(0);
  });
});
