/** The queue over memory and store: order, survival, and what is dropped as received, whatever is done in between. */
import { brand } from '@understudy/base';
import { decodeRecord, encodeRecord, type NodeId, peekLength, position, record, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryQueueStore } from '../../../testing/memory-queue-store.ts';
import { QueueStoreError } from './queue-store.ts';
import type { QueuedPacket } from './queued-packet.ts';
import { SendQueue } from './send-queue.ts';

function push(queue: SendQueue, sequence: number, size = 100): void {
  const data = new Uint8Array(size);
  const write = { verb: Verb.write, node: brand<NodeId>(BigInt(sequence)), extent: size, data, sequence };
  const bytes = encodeRecord(record(write));
  queue.append(bytes, 0, { length: bytes.length, root: 0, timeMs: sequence });
}

function nodesOf(packet: QueuedPacket): number[] {
  const nodes: number[] = [];
  for (let at = 0; at < packet.bytes.length; at += peekLength(packet.bytes, at))
    nodes.push(Number(decodeRecord(packet.bytes, at).node));
  return nodes;
}

type Step = 'push' | 'large' | 'take' | 'receive' | 'store' | 'kill';
const steps = fc.array(fc.constantFrom<Step[]>('push', 'push', 'large', 'take', 'receive', 'store', 'kill'), {
  maxLength: 120,
});

describe('the send queue with a store', () => {
  it('[SRM1] [SRM3] hands out everything once and in order, through memory, store and restarts at any point', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const store = new MemoryQueueStore();
        let queue = new SendQueue({ next: position(1), store, memoryBytes: 600_000 });
        let flight: QueuedPacket[] = [];
        /** What the target has. */
        const arrived: number[] = [];
        const has = { received: 0, origin: 0 };
        let pushed = 0;
        const receive = (packet: QueuedPacket) => {
          expect(packet.from).toBe(has.received + 1);
          arrived.push(...nodesOf(packet));
          has.received = packet.to;
          has.origin = packet.origin;
        };
        const takeOne = () => {
          const packet = queue.take();
          if (packet !== undefined) flight.push(packet);
        };
        for (const step of all) {
          if (step === 'push' || step === 'large') {
            pushed += 1;
            push(queue, pushed, step === 'large' ? 200_000 : 100);
          } else if (step === 'take') takeOne();
          else if (step === 'store') queue.store(flight);
          else if (step === 'receive') {
            const packet = flight.shift();
            if (packet === undefined) continue;
            receive(packet);
            queue.received(packet, true);
          } else {
            // The target may have got one more, of which no word came back; the ring has what the store has not.
            const last = flight[0];
            if (last !== undefined && pushed % 2 === 0) receive(last);
            flight = [];
            queue = new SendQueue({ next: position(1_000_000), store, memoryBytes: 600_000 });
            queue.awaitTarget();
            for (let sequence = queue.storedThrough + 1; sequence <= pushed; sequence += 1) push(queue, sequence);
            queue.goOn(has);
          }
        }
        for (takeOne(); flight.length > 0; takeOne()) {
          for (const packet of flight.splice(0)) {
            receive(packet);
            queue.received(packet, true);
          }
        }
        expect(arrived).toEqual(Array.from({ length: pushed }, (_, i) => i + 1));
        expect([queue.bytes, queue.operations, store.bytes]).toEqual([0, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });

  it('[SRM1] keeps the oldest in memory and no more than its share of it', () => {
    const queue = new SendQueue({ next: position(1), store: new MemoryQueueStore(), memoryBytes: 600_000 });
    queue.store([]);
    for (let i = 1; i <= 100; i += 1) push(queue, i, 100_000);
    expect(queue.memoryBytes).toBeLessThan(1_300_000);
    expect(queue.bytes).toBeGreaterThan(10_000_000);
    expect(queue.operations).toBe(100);
  });

  it('[SRM2] folds what is stored entry by entry, the oldest first', () => {
    const queue = new SendQueue({ next: position(1), store: new MemoryQueueStore(), memoryBytes: 0 });
    queue.store([]);
    for (let i = 1; i <= 20; i += 1) push(queue, i, 100_000);
    const folded: number[] = [];
    queue.fold((lost) => folded.push(Number(lost.node)));
    expect(folded).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect([queue.bytes, queue.diskBytes, queue.memoryBytes]).toEqual([0, 0, 0]);
  });

  it('[SRM1] says that an entry is damaged, and is empty after it was folded all the same', () => {
    const store = new MemoryQueueStore();
    const queue = new SendQueue({ next: position(1), store, memoryBytes: 0 });
    queue.store([]);
    for (let i = 1; i <= 20; i += 1) push(queue, i, 100_000);
    store.damage(0.5);
    expect(() => queue.fold(() => {})).toThrow(QueueStoreError);
    expect([queue.bytes, queue.operations]).toEqual([0, 0]);
  });
});
