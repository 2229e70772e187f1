/**
 * Which positions the target's journal holds. In: packets, the marks of applying and of the disk. Out: the `received` mark with the
 * origin that goes with it, and the entries that are not needed any more. Promise: `received` is on the disk, dense from the first on;
 * what a mirror has read is not kept there and counts as received when it is applied too, so that the source holds it until then.
 */
import { RingBuffer } from '@understudy/base';
import { type Position, position } from '@understudy/wire';
import type { HeldPacket, ReceivedAnswer, ReceivedJournal } from '../received-journal.ts';
import type { QueuedPacket } from './accept-queue.ts';
import { elideBlocks } from './elide.ts';
import type { Packet } from './packet.ts';

type Kept = Pick<HeldPacket, 'entry' | 'to' | 'origin' | 'elided'>;

export interface Found {
  readonly packets: readonly QueuedPacket[];
  /** Position behind the last. */
  readonly next: Position;
}

export class ReceivedLog {
  readonly #journal: ReceivedJournal;
  /** In the journal and not known to be on the disk. */
  readonly #fresh = new RingBuffer<Kept>();
  /** On the disk and not freed. */
  readonly #kept = new RingBuffer<Kept>();
  #received = position(0);
  #applied = position(0);
  #origin = 0;

  constructor(journal: ReceivedJournal) {
    this.#journal = journal;
  }

  get received(): Position {
    return this.#received;
  }

  /** Of the newest packet that is received. */
  get origin(): number {
    return this.#origin;
  }

  /** Packets that are held, whether applied or not. */
  get size(): number {
    return this.#fresh.size + this.#kept.size;
  }

  noRoom(): string | null {
    return this.#journal.noRoom();
  }

  /** A stream begins behind `applied`: nothing of another is held. */
  restart(applied: Position): void {
    this.#journal.clear();
    this.#fresh.clear();
    this.#kept.clear();
    this.#received = applied;
    this.#applied = applied;
    this.#origin = 0;
  }

  /**
   * What an earlier process has left, behind `applied` and dense; what does not continue it is forgotten. The source still has what a
   * mirror had read and nobody applied; where power was lost it may have been applied, and then nobody has it.
   */
  restore(applied: Position, origin: number, lostPower: boolean): Found {
    this.#applied = applied;
    this.#origin = origin;
    const packets: QueuedPacket[] = [];
    let next = applied + 1;
    for (const held of this.#journal.held()) {
      if (held.from > next || (held.elided && held.to > applied && !lostPower)) {
        this.#journal.cut(held.entry);
        break;
      }
      this.#kept.push(held);
      this.#origin = Math.max(this.#origin, held.origin);
      if (held.to < next) continue;
      packets.push(this.#queued(held, position(next), held.bytes));
      next = held.to + 1;
    }
    this.#received = position(next - 1);
    return { packets, next: position(next) };
  }

  /** A sentence: the journal does not take it. */
  append(packet: Packet, keepInMemory: (elided: boolean) => boolean): QueuedPacket | string {
    const { from, to, origin = 0, records, done } = packet;
    const { records: kept, elided } = elideBlocks(records);
    const answer: ReceivedAnswer = this.#journal.append({ from, to, origin, elided }, kept);
    if (!answer.ok) return answer.sentence;
    const { entry } = answer;
    this.#fresh.push({ entry, to, origin, elided });
    const queued = this.#queued({ entry, from, to }, from, records.length);
    if (keepInMemory(elided)) return { ...queued, records, done };
    done?.();
    return queued;
  }

  noteApplied(applied: Position): void {
    this.#applied = applied;
    this.noteDurable();
  }

  /** The disk holds more than before. Returns whether `received` has moved. */
  noteDurable(): boolean {
    const before = this.#received;
    for (let first = this.#fresh.at(0); first !== undefined; first = this.#fresh.at(0)) {
      if (first.entry >= this.#journal.durable || (first.elided && first.to > this.#applied)) break;
      this.#fresh.shift();
      this.#kept.push(first);
      this.#received = position(Math.max(this.#received, first.to));
      this.#origin = Math.max(this.#origin, first.origin);
    }
    return this.#received > before;
  }

  /** The replica that shows everything up to here is on its disk, and the mark that says so too. */
  free(applied: Position): void {
    let through: number | null = null;
    // Packets that are not known to be durable yet wait for that: the mark `received` is not to lose their origin.
    for (let first = this.#kept.at(0); first !== undefined && first.to <= applied; first = this.#kept.at(0)) {
      through = first.entry;
      this.#kept.shift();
    }
    if (through !== null) this.#journal.free(through);
  }

  #queued(held: Pick<HeldPacket, 'entry' | 'from' | 'to'>, from: Position, length: number): QueuedPacket {
    const read = () => ({ from: held.from, records: this.#journal.read(held.entry) });
    return { from, to: position(held.to), length, records: null, read };
  }
}
