/**
 * What has been accepted and waits to be applied, as it came: encoded, in packets. Bounded by its owner through `count` and `bytes`.
 */
import { must, RingBuffer } from '@understudy/base';
import { decodeRecord, type OperationRecord, type Position, peekLength, position } from '@understudy/wire';
import type { OperationQueue } from '../operation-queue.ts';
import type { Packet } from './packet.ts';

export class AcceptQueue implements OperationQueue {
  readonly #packets = new RingBuffer<Packet>();
  /** Where in the first packet the oldest record begins. */
  #at = 0;
  #head: OperationRecord | null = null;
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(packet: Packet): void {
    this.#packets.push(packet);
    this.#count += packet.to - packet.from + 1;
    this.#bytes += packet.records.length;
  }

  peek(): OperationRecord | undefined {
    const packet = this.#packets.at(0);
    if (packet === undefined) return undefined;
    this.#head ??= decodeRecord(packet.records, this.#at);
    return this.#head;
  }

  shift(): void {
    const packet = must(this.#packets.at(0), 'shift needs a record');
    const length = peekLength(packet.records, this.#at);
    this.#head = null;
    this.#at += length;
    this.#count -= 1;
    this.#bytes -= length;
    if (this.#at < packet.records.length) return;
    this.#packets.shift();
    this.#at = 0;
    packet.done?.();
  }

  last(): Position | undefined {
    const packet = this.#packets.last();
    return packet === undefined ? undefined : position(packet.to);
  }

  clear(): void {
    for (let packet = this.#packets.shift(); packet !== undefined; packet = this.#packets.shift()) packet.done?.();
    this.#at = 0;
    this.#head = null;
    this.#count = 0;
    this.#bytes = 0;
  }
}
