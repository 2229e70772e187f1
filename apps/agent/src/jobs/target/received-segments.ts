/**
 * What a job has received and not applied for good, in segment files: the engine's ReceivedJournal. In: packets. Out: the same, by this
 * process or the next; a call when more of them is on the disk. Promise: that of the segment store; a limit is an answer, never a loss.
 */
import type { HeldPacket, ReceivedAnswer, ReceivedJournal } from '@understudy/engine';
import { RECORD_HEADER } from '@understudy/wire';
import {
  SegmentDamage,
  type SegmentIo,
  type SegmentLimits,
  type SegmentLoss,
  SegmentStore,
} from '../../ports/segments/index.ts';

export interface ReceivedSegmentsOptions {
  readonly folder: string;
  readonly limits: Partial<SegmentLimits>;
  /** More is on the disk than before. */
  readonly durable: () => void;
  readonly alert: (over: boolean, usedBytes: number, limitBytes: number) => void;
  /** The disk does not keep what is written; the job has to end. */
  readonly failed: (sentence: string) => void;
  readonly io?: SegmentIo;
}

/** from u64, to u64, origin u64, bytes of records u32, elided u32. */
const HEAD = 32;

export class ReceivedSegments implements ReceivedJournal {
  readonly #store: SegmentStore;
  readonly damage: readonly SegmentLoss[];

  /** Throws errno errors. */
  constructor({ folder, limits, durable, alert, failed, io }: ReceivedSegmentsOptions) {
    const more = io === undefined ? {} : { io };
    const opened = SegmentStore.open({ folder, limits, durable, alert, failed, ...more });
    this.#store = opened.store;
    this.damage = opened.damage;
  }

  get durable(): number {
    return this.#store.durable;
  }

  append({ from, to, origin, elided }: Omit<HeldPacket, 'entry' | 'bytes'>, records: Uint8Array): ReceivedAnswer {
    const head = Buffer.allocUnsafe(HEAD);
    head.writeBigUInt64LE(BigInt(from), 0);
    head.writeBigUInt64LE(BigInt(to), 8);
    head.writeBigUInt64LE(BigInt(origin), 16);
    head.writeUInt32LE(records.length, 24);
    head.writeUInt32LE(elided ? 1 : 0, 28);
    const answer = this.#store.append(head, records);
    return answer.ok ? answer : { ok: false, sentence: answer.sentence };
  }

  read(entry: number): Uint8Array {
    return this.#store.body(entry);
  }

  noRoom(): string | null {
    return this.#store.noRoom();
  }

  free(through: number): void {
    this.#store.free(through);
  }

  *held(): Generator<HeldPacket> {
    const lost = (entry: number): boolean => this.damage.some(({ first, last }) => entry >= first && entry <= last);
    for (let entry = this.#store.oldest; entry < this.#store.next; entry += 1) {
      if (lost(entry)) continue;
      const packet = this.#packetOf(entry);
      if (packet !== null) yield packet;
    }
  }

  cut(from: number): void {
    this.#store.cut(from);
  }

  clear(): void {
    this.#store.clear();
  }

  /** Null: it is not there any more, or says of itself what cannot be. */
  #packetOf(entry: number): HeldPacket | null {
    try {
      const { head, body } = this.#store.read(entry);
      return decodeHead(entry, head, body.length);
    } catch (error) {
      if (error instanceof SegmentDamage) return null;
      throw error;
    }
  }

  /** Until all that was appended is on the disk. */
  flush(): Promise<void> {
    return this.#store.flush();
  }

  close(): void {
    this.#store.close();
  }
}

/** Null: nothing that `append` has written. Each position is that of one record. */
function decodeHead(entry: number, head: Buffer, length: number): HeldPacket | null {
  if (head.length !== HEAD) return null;
  const [from = 0, to = 0, origin = 0] = [0, 8, 16].map((at) => Number(head.readBigUInt64LE(at)));
  const [bytes, elided] = [head.readUInt32LE(24), head.readUInt32LE(28)];
  if (![from, to, origin].every(Number.isSafeInteger) || from < 1 || to < from) return null;
  if (bytes !== length || elided > 1 || (to - from + 1) * RECORD_HEADER > length) return null;
  return { entry, from, to, origin, bytes, elided: elided === 1 };
}
