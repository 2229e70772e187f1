import { type OperationRecord, record, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import type { OperationQueue } from '../operation-queue.ts';
import { ReadAhead } from './read-ahead.ts';

const KIB = 1024;
const check = (sequence: number, offset = 0, node = BigInt(sequence + 100)): OperationRecord =>
  record({ verb: Verb.check, sequence, node: node as never, offset, extent: 128 * KIB });

/** All of it is at hand. */
function queueOf(records: OperationRecord[]): OperationQueue {
  let next = 0;
  return {
    peek: () => records[0],
    shift: () => {
      records.shift();
      next = Math.max(0, next - 1);
    },
    last: () => undefined,
    ahead: (verb) => {
      while (next < records.length) {
        const one = records[next];
        next += 1;
        if (one?.verb === verb) return one;
      }
      return undefined;
    },
  };
}

function noting() {
  const asked: { node: bigint; offset: number }[] = [];
  const root = {
    nodes: { handleOf: (node: bigint) => node },
    files: { willNeed: (node: bigint, offset: number) => asked.push({ node, offset }) },
  };
  return { asked, ahead: new ReadAhead({ get: () => root } as never) };
}

describe('what checks will read', () => {
  it('is asked of the disk before their turn, each once, and no more than is bounded', () => {
    const queue = queueOf(Array.from({ length: 200 }, (_, i) => check(i)));
    const { asked, ahead } = noting();
    let most = 0;
    for (let next = queue.peek(), done = 0; next !== undefined; next = queue.peek()) {
      ahead.shift(next, queue);
      done += 1;
      most = Math.max(most, asked.length + 1 - done);
    }
    // The first was not behind another.
    expect(asked).toEqual(Array.from({ length: 199 }, (_, i) => ({ node: BigInt(i + 101), offset: 0 })));
    expect([most > 30, most <= 64]).toEqual([true, true]);
  });

  it('is asked for where a reading begins, and not where it goes on in the same file', () => {
    const places = [0, 1, 2, 9, 10].map((block) => block * 128 * KIB);
    const queue = queueOf([check(0, 0, 6n), ...places.map((offset, i) => check(i + 1, offset, 7n)), check(6, 0, 8n)]);
    const { asked, ahead } = noting();
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) ahead.shift(next, queue);
    expect(asked).toEqual([
      { node: 7n, offset: 0 },
      { node: 7n, offset: 9 * 128 * KIB },
      { node: 8n, offset: 0 },
    ]);
  });

  it('nor where what came before had to be read unasked', () => {
    const { asked, ahead } = noting();
    for (const block of [0, 1, 2]) {
      const alone = queueOf([check(block + 1, block * 128 * KIB, 7n)]);
      for (let next = alone.peek(); next !== undefined; next = alone.peek()) ahead.shift(next, alone);
    }
    const more = queueOf([check(4, 3 * 128 * KIB, 7n), check(5, 4 * 128 * KIB, 7n), check(6, 0, 8n)]);
    for (let next = more.peek(); next !== undefined; next = more.peek()) ahead.shift(next, more);
    expect(asked).toEqual([{ node: 8n, offset: 0 }]);
  });

  it('is not looked for behind anything but a check', () => {
    const queue = queueOf([record({ verb: Verb.marker, sequence: 1 }), check(2)]);
    const asked: number[] = [];
    const ahead = new ReadAhead({ get: () => asked.push(0) } as never);
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) ahead.shift(next, queue);
    expect(asked).toEqual([]);
  });
});
