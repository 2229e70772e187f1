import { concatBytes } from '@understudy/base';
import { encodeRecord, position, record, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { AcceptQueue } from './accept-queue.ts';

/** Packets of two: a check at an odd position, and something else. */
function queueOf(packets: number, inJournal: number): AcceptQueue {
  const queue = new AcceptQueue();
  for (let i = 0; i < packets; i += 1) {
    const from = 2 * i + 1;
    const records = concatBytes([
      encodeRecord(record({ verb: Verb.check, sequence: from })),
      encodeRecord(record({ verb: Verb.marker, sequence: from + 1 })),
    ]);
    queue.push({
      ...{ from: position(from), to: position(from + 1), length: records.length },
      records: i === inJournal ? null : records,
      read: () => ({ from, records }),
    });
  }
  return queue;
}

const ahead = (queue: AcceptQueue) => queue.ahead(Verb.check)?.sequence;

describe('looking ahead in what was accepted', () => {
  it('finds each once, and reads nothing from the journal for it', () => {
    const queue = queueOf(6, 3);
    expect([ahead(queue), ahead(queue), ahead(queue), ahead(queue)]).toEqual([1, 3, 5, undefined]);
    for (let i = 0; i < 6; i += 1) queue.shift();
    expect(queue.peek()?.sequence).toBe(7);
    expect([ahead(queue), ahead(queue), ahead(queue), ahead(queue)]).toEqual([7, 9, 11, undefined]);
  });

  it('passes over what was dealt with', () => {
    const queue = queueOf(4, -1);
    queue.shift();
    expect(ahead(queue)).toBe(3);
    for (let i = 0; i < 4; i += 1) queue.shift();
    expect([queue.peek()?.sequence, ahead(queue)]).toEqual([6, 7]);
  });
});
