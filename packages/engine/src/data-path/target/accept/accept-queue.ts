/**
 * What has been accepted and waits to be applied, encoded, in packets: the oldest in memory, those behind it perhaps in the journal only.
 * Bounded by its owner through `count`, `bytes` and `memoryBytes`.
 */
import { must, RingBuffer } from '@understudy/base';
import {
  decodeRecord,
  type OperationRecord,
  type Position,
  peekLength,
  position,
  recordVerb,
  type Verb,
} from '@understudy/wire';
import type { OperationQueue } from '../operation-queue.ts';
import { cutRecords } from './packet.ts';

export interface QueuedPacket {
  readonly from: Position;
  readonly to: Position;
  /** Of the records from `from` on, or a little more where they lie in the journal only. */
  readonly length: number;
  /** null: to be read from the journal when its turn comes. */
  readonly records: Uint8Array | null;
  /** Reads them; all of the entry, which may begin before `from`. */
  readonly read: () => { readonly from: number; readonly records: Uint8Array };
  /** Called when nobody looks at `records` any more. */
  readonly done?: (() => void) | undefined;
}

/** Records that one look ahead passes at most. */
const AHEAD_STEPS = 256;

export class AcceptQueue implements OperationQueue {
  readonly #packets = new RingBuffer<QueuedPacket>();
  /** Of the first packet. */
  #records: Uint8Array | null = null;
  /** Where in the first packet the oldest record begins. */
  #at = 0;
  #head: OperationRecord | null = null;
  /** Where `ahead` goes on: a packet, counted from the first, and the place in it. */
  #ahead = { packet: 0, at: 0 };
  #count = 0;
  #bytes = 0;
  #memoryBytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Of what is held in memory; what is read back for its turn does not count. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  get packets(): number {
    return this.#packets.size;
  }

  push(packet: QueuedPacket): void {
    this.#packets.push(packet);
    this.#count += packet.to - packet.from + 1;
    this.#bytes += packet.length;
    this.#memoryBytes += packet.records?.length ?? 0;
  }

  /** Throws where the journal cannot give back what it held. */
  peek(): OperationRecord | undefined {
    const packet = this.#packets.at(0);
    if (packet === undefined) return undefined;
    this.#head ??= decodeRecord(this.#first(packet), this.#at);
    return this.#head;
  }

  shift(): void {
    const packet = must(this.#packets.at(0), 'shift needs a record');
    const records = this.#first(packet);
    this.#head = null;
    this.#at += peekLength(records, this.#at);
    this.#count -= 1;
    if (this.#at < records.length) return;
    this.#leave(packet);
  }

  ahead(verb: Verb): OperationRecord | undefined {
    const ahead = this.#ahead;
    if (ahead.packet === 0) ahead.at = Math.max(ahead.at, this.#at);
    for (let steps = 0; steps < AHEAD_STEPS; steps += 1) {
      const packet = this.#packets.at(ahead.packet);
      // What lies in the journal only is not read for this.
      const records = packet === undefined || ahead.packet > 0 ? packet?.records : this.#first(packet);
      if (records == null) return undefined;
      if (ahead.at >= records.length) {
        if (ahead.packet + 1 >= this.#packets.size) return undefined;
        this.#ahead.packet += 1;
        this.#ahead.at = 0;
        continue;
      }
      const at = ahead.at;
      ahead.at += peekLength(records, at);
      if (recordVerb(records, at) === verb) return decodeRecord(records, at);
    }
    return undefined;
  }

  last(): Position | undefined {
    const packet = this.#packets.last();
    return packet === undefined ? undefined : position(packet.to);
  }

  clear(): void {
    for (let packet = this.#packets.at(0); packet !== undefined; packet = this.#packets.at(0)) this.#leave(packet);
    this.#count = 0;
  }

  #first(packet: QueuedPacket): Uint8Array {
    if (this.#records !== null) return this.#records;
    if (packet.records !== null) this.#records = packet.records;
    else {
      const { from, records } = packet.read();
      this.#records = cutRecords(records, from, packet.from);
    }
    return this.#records;
  }

  #leave(packet: QueuedPacket): void {
    this.#packets.shift();
    this.#bytes -= packet.length;
    this.#memoryBytes -= packet.records?.length ?? 0;
    this.#records = null;
    this.#head = null;
    this.#at = 0;
    this.#ahead = this.#ahead.packet === 0 ? { packet: 0, at: 0 } : { ...this.#ahead, packet: this.#ahead.packet - 1 };
    packet.done?.();
  }
}
