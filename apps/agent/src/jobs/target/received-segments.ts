/**
 * What a job has received and not applied for good, in segment files: the engine's ReceivedJournal. In: packets. Out: the same, by this
 * process or the next; a call when more of them is on the disk. Promise: that of the segment store; a limit is an answer, never a loss.
 */
import type { HeldPacket, ReceivedAnswer, ReceivedJournal } from '@understudy/engine';
import { type SegmentIo, type SegmentLimits, type SegmentLoss, SegmentStore } from '../../ports/segments/index.ts';

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
      const head = this.#store.head(entry);
      if (head.length !== HEAD) continue;
      const at = (offset: number): number => Number(head.readBigUInt64LE(offset));
      const [from, to, origin] = [at(0), at(8), at(16)];
      yield { entry, from, to, origin, bytes: head.readUInt32LE(24), elided: head.readUInt32LE(28) === 1 };
    }
  }

  cut(from: number): void {
    this.#store.cut(from);
  }

  clear(): void {
    this.#store.clear();
  }

  /** Until all that was appended is on the disk. */
  flush(): Promise<void> {
    return this.#store.flush();
  }

  close(): void {
    this.#store.close();
  }
}
