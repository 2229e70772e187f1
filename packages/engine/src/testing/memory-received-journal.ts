/**
 * The journal of received operations in memory, for tests and the simulation. `sync` is its disk: what was appended before is durable
 * then; `powerCut` loses the rest, or leaves some of it.
 */
import { must } from '@understudy/base';
import type { HeldPacket, ReceivedAnswer, ReceivedJournal } from '../data-path/target/received-journal.ts';
import { LooseBytes } from './loose-bytes.ts';

export class MemoryReceivedJournal implements ReceivedJournal {
  #entries: { readonly held: HeldPacket; readonly records: Uint8Array }[] = [];
  #next = 1;
  #durable = 1;
  #limit: number;
  /** Called before each write; a test throws from it to die there. */
  beforeWrite: (call: string) => void = () => {};

  constructor(limitBytes = Number.POSITIVE_INFINITY) {
    this.#limit = limitBytes;
  }

  get durable(): number {
    return this.#durable;
  }

  get bytes(): number {
    return this.#entries.reduce((sum, { records }) => sum + records.length, 0);
  }

  append(packet: Omit<HeldPacket, 'entry' | 'bytes'>, records: Uint8Array): ReceivedAnswer {
    this.beforeWrite('append');
    const sentence = this.noRoom();
    if (sentence !== null) return { ok: false, sentence };
    const entry = this.#next;
    this.#next += 1;
    this.#entries.push({ held: { ...packet, entry, bytes: records.length }, records: new LooseBytes(records) });
    return { ok: true, entry };
  }

  read(entry: number): Uint8Array {
    return must(
      this.#entries.find(({ held }) => held.entry === entry),
      'the entry is held',
    ).records;
  }

  noRoom(): string | null {
    return this.bytes >= this.#limit ? 'its journal is at its limit' : null;
  }

  free(through: number): void {
    this.#entries = this.#entries.filter(({ held }) => held.entry > through);
  }

  *held(): Iterable<HeldPacket> {
    for (const { held } of this.#entries) yield held;
  }

  cut(from: number): void {
    this.#entries = this.#entries.filter(({ held }) => held.entry < from);
    this.#next = from;
    this.#durable = Math.min(this.#durable, from);
  }

  clear(): void {
    this.#entries = [];
    this.#durable = this.#next;
  }

  /** All that was appended is durable. */
  sync(): void {
    this.#durable = this.#next;
  }

  /** The agent starts again: what is found is made durable first. */
  reopen(): void {
    this.sync();
  }

  /** Of what was not durable, `left` entries happen to be there. */
  powerCut(left: number): void {
    this.cut(Math.min(this.#next, this.#durable + left));
    this.sync();
  }
}
