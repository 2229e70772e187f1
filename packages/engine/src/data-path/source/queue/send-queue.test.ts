import { brand, type RawName, rawFromText } from '@understudy/base';
import {
  decodeRecord,
  encodeRecord,
  type NodeId,
  type OperationRecord,
  peekLength,
  position,
  record,
  Verb,
} from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { COMMUNICATION_BLOCK } from './merge.ts';
import { SEGMENT_BYTES } from './segment-pool.ts';
import { SendQueue } from './send-queue.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));

function write(n: number, offset: number, text: string | Uint8Array): Uint8Array {
  const data = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return encodeRecord(record({ verb: Verb.write, node: node(n), offset, extent: data.length, data, timeMs: offset }));
}

function push(queue: SendQueue, bytes: Uint8Array, root = 0): void {
  queue.append(bytes, 0, { length: bytes.length, root, timeMs: 1 });
}

function contents(queue: SendQueue) {
  const records: OperationRecord[] = [];
  for (let packet = queue.take(); packet !== undefined; packet = queue.take()) {
    const bytes = packet.bytes.slice();
    for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) records.push(decodeRecord(bytes, at));
  }
  return records;
}

describe('send queue', () => {
  it('[SRM1] hands out what was put in, in order, numbered without holes from the next position', () => {
    const queue = new SendQueue({ next: position(41) });
    for (let i = 0; i < 5000; i += 1) push(queue, write(i + 1, 0, `value ${i}`), i % 3);
    expect(queue.operations).toBe(5000);
    const records = contents(queue);
    expect(records.map((r) => r.sequence)).toEqual(Array.from({ length: 5000 }, (_, i) => 41 + i));
    expect(records.map((r) => Number(r.node))).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
    expect(records.map((r) => r.root)).toEqual(Array.from({ length: 5000 }, (_, i) => i % 3));
    expect(queue.bytes).toBe(0);
    expect(queue.next).toBe(5041);
  });

  it('[SCM1] merges a write that continues the one right before it, and nothing else', () => {
    const queue = new SendQueue({ next: position(1) });
    push(queue, write(1, 0, 'aaaa'));
    push(queue, write(1, 4, 'bbbb'));
    push(queue, write(2, 8, 'cc'));
    push(queue, write(1, 8, 'dd'));
    push(queue, write(1, 11, 'ee'));
    const records = contents(queue);
    expect(records.map((r) => [Number(r.node), r.offset, r.extent, new TextDecoder().decode(r.data)])).toEqual([
      [1, 0, 8, 'aaaabbbb'],
      [2, 8, 2, 'cc'],
      [1, 8, 2, 'dd'],
      [1, 11, 2, 'ee'],
    ]);
  });

  it('[SCM1] a write that fills what lay between two others makes the three one', () => {
    const queue = new SendQueue({ next: position(1) });
    push(queue, write(1, 0, 'aaaa'));
    push(queue, write(1, 8, 'cccc'));
    push(queue, write(1, 3, 'Bbbbb'));
    expect([queue.operations, queue.bytes, queue.memoryBytes]).toEqual([1, 184, 184]);
    const records = contents(queue);
    expect(records.map((r) => [r.offset, new TextDecoder().decode(r.data)])).toEqual([[0, 'aaaBbbbbcccc']]);
    expect([queue.bytes, queue.operations]).toEqual([0, 0]);
  });

  it('[SCM1] never merges across roots, nor beyond a communication block', () => {
    const queue = new SendQueue({ next: position(1) });
    push(queue, write(1, 0, 'x'), 0);
    push(queue, write(1, 1, 'y'), 1);
    push(queue, write(1, 2, new Uint8Array(COMMUNICATION_BLOCK - 1)), 1);
    push(queue, write(1, 1 + COMMUNICATION_BLOCK, 'z'), 1);
    expect(contents(queue).map((r) => r.extent)).toEqual([1, COMMUNICATION_BLOCK, 1]);
  });

  it('carries a record larger than a segment alone', () => {
    const queue = new SendQueue({ next: position(1) });
    push(queue, write(1, 0, new Uint8Array(SEGMENT_BYTES + 5)));
    push(queue, write(2, 0, 'small'));
    expect(queue.take()?.count).toBe(1);
    expect(queue.take()?.count).toBe(1);
  });

  it('[SRM2] folding hands every record over and burns no position', () => {
    const queue = new SendQueue({ next: position(7) });
    push(queue, write(1, 0, 'a'));
    queue.appendRecord(record({ verb: Verb.unlink, parent: node(2), name: rawFromText('n') as RawName }));
    const folded: number[] = [];
    queue.fold((r) => folded.push(r.verb));
    expect(folded).toEqual([Verb.write, Verb.unlink]);
    expect([queue.bytes, queue.operations, queue.next]).toEqual([0, 0, 7]);
    push(queue, write(3, 0, 'b'));
    expect(queue.take()?.from).toBe(7);
  });

  it('tells the position of a marker when it leaves', () => {
    const queue = new SendQueue({ next: position(1) });
    push(queue, write(1, 0, 'a'));
    queue.appendRecord(record({ verb: Verb.marker, extent: 12 }));
    push(queue, write(2, 0, 'b'));
    expect(queue.take()?.markers).toEqual([{ id: 12, at: 2 }]);
  });
});
