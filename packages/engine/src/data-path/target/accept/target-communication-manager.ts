/**
 * TCM: the target's ear.
 *
 * In: packets as they come from the wire, the time, the mark up to which operations are applied.
 * Out: effects as data — what became of the packet, a resend to ask for, a pause or its end, a refusal.
 * Promised: the queue holds dense positions only, each once, within its limits; a gap is asked for at most once per interval.
 */
import { assert } from '@understudy/base';
import { type Condition, type Position, position, type Refuse } from '@understudy/wire';
import { OK } from '../condition.ts';
import type { OperationQueue } from '../operation-queue.ts';
import type { ReceivedJournal } from '../received-journal.ts';
import { AcceptQueue, type QueuedPacket } from './accept-queue.ts';
import { cutRecords, faultOf, type Packet } from './packet.ts';
import { ReceivedLog } from './received-log.ts';

export interface AcceptLimits {
  /** Encoded records in memory that wait to be applied. One packet may reach beyond it; with a journal what is behind lies there. */
  readonly bytes: number;
  /** Operations that wait, where there is no journal. */
  readonly records: number;
  /** In the journal: of each is remembered where it lies. */
  readonly packets: number;
  /** At or below this share of both limits a paused source is let go on. */
  readonly resumeShare: number;
  /** Between two requests for the same gap. */
  readonly resendIntervalMs: number;
}

export const DEFAULT_ACCEPT_LIMITS: AcceptLimits = {
  bytes: 64 << 20,
  records: 100_000,
  packets: 1_000_000,
  resumeShare: 0.5,
  resendIntervalMs: 500,
};

export interface AcceptEffects {
  /** What became of the packet; `none` where there was no packet. */
  readonly verdict: 'none' | 'accepted' | 'duplicate' | 'gap' | 'full' | 'refused';
  /** Ask the source to send again from here on. */
  readonly resend: { readonly from: Position } | null;
  readonly flow: 'pause' | 'resume' | null;
  /** Where it changed. */
  readonly condition: Condition | null;
  /** The connection ends with this. */
  readonly refuse: Refuse | null;
  /** The marks should be told again: the source sends what the target has. */
  readonly acknowledge: boolean;
}

const NOTHING: AcceptEffects = {
  verdict: 'none',
  resend: null,
  flow: null,
  condition: null,
  refuse: null,
  acknowledge: false,
};

export class TargetCommunicationManager {
  readonly #limits: AcceptLimits;
  readonly #queue = new AcceptQueue();
  /** The next position that is accepted. */
  #expected = position(1);
  #epoch = 0;
  /** What survives a killed agent; without a journal that is what has been applied. */
  readonly #log: ReceivedLog | null;
  #restored = false;
  #applied = position(0);
  #full = false;
  /** Why the journal takes nothing; null: it is not the reason. */
  #noRoom: string | null = null;
  /** Something beyond `expected` was sent and is not here. */
  #gap = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(limits: Partial<AcceptLimits> = {}, journal: ReceivedJournal | null = null) {
    this.#limits = { ...DEFAULT_ACCEPT_LIMITS, ...limits };
    this.#log = journal === null ? null : new ReceivedLog(journal);
  }

  get queue(): OperationQueue {
    return this.#queue;
  }

  /** `memoryBytes`: of these what is held in memory. */
  get queued(): { readonly records: number; readonly bytes: number; readonly memoryBytes: number } {
    const { count, bytes, memoryBytes } = this.#queue;
    return { records: count, bytes, memoryBytes };
  }

  /** The source's time of the oldest operation that waits, in whole milliseconds as it is told; null: none does. */
  get oldestMs(): number | null {
    const oldest = this.#queue.peek();
    return oldest === undefined ? null : Math.max(0, Math.floor(oldest.timeMs));
  }

  get received(): Position {
    return this.#log?.received ?? this.#applied;
  }

  /** Of the newest packet that is received; 0: none of this stream. */
  get origin(): number {
    return this.#log?.origin ?? 0;
  }

  get applied(): Position {
    return this.#applied;
  }

  get condition(): Condition {
    if (!this.#full) return OK;
    if (this.#noRoom !== null)
      return {
        state: 'full',
        code: 'target-journal-full',
        sentence: `the target takes no more operations: ${this.#noRoom}`.slice(0, 512),
      };
    return {
      state: 'full',
      code: 'target-queue-full',
      sentence: `the target's queue holds ${this.#queue.count} operations in ${this.#queue.bytes} bytes and takes no more until half of them are applied`,
    };
  }

  /** At the first greeting: what an earlier process has received and not applied. The stream stands at `applied`. */
  restore({ applied, origin, lostPower }: { applied: Position; origin: number; lostPower: boolean }): void {
    if (this.#restored || this.#log === null) return;
    this.#restored = true;
    const { packets, next } = this.#log.restore(applied, origin, lostPower);
    for (const packet of packets) this.#queue.push(packet);
    this.#applied = applied;
    this.#expected = next;
  }

  /** A source has been welcomed: positions behind `applied` come next. What is queued stays where the stream goes on. */
  start(stream: { readonly applied: Position; readonly epoch: number; readonly keepQueue: boolean }): void {
    assert(stream.epoch >= this.#epoch, 'an epoch never falls');
    this.#epoch = stream.epoch;
    this.#gap = false;
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
    this.#restored = true;
    if (stream.keepQueue && this.#expected > stream.applied) return;
    this.#queue.clear();
    this.#full = false;
    this.#noRoom = null;
    this.#expected = position(stream.applied + 1);
    this.#log?.restart(stream.applied);
    this.#applied = stream.applied;
  }

  accept(packet: Packet, nowMs: number): AcceptEffects {
    const refused = this.#refusal(packet);
    if (refused !== null) return { ...NOTHING, verdict: 'refused', refuse: refused };
    if (packet.to < this.#expected) return { ...NOTHING, verdict: 'duplicate', acknowledge: true };
    if (packet.from > this.#expected) {
      this.#gap = true;
      return { ...NOTHING, verdict: this.#full ? 'full' : 'gap', resend: this.#ask(nowMs) };
    }
    if (this.#full) {
      this.#gap = true;
      return { ...NOTHING, verdict: 'full' };
    }
    const queued = this.#keep(packet.from < this.#expected ? cutBefore(packet, this.#expected) : packet);
    if (typeof queued === 'string') return this.#refuseRoom(queued);
    this.#queue.push(queued);
    this.#expected = position(packet.to + 1);
    this.#gap = false;
    return { ...NOTHING, verdict: 'accepted', ...this.#fill() };
  }

  /** Operations were applied and committed up to here. */
  noteApplied(applied: Position, nowMs: number): AcceptEffects {
    assert(applied >= this.#applied && applied < this.#expected, 'only what was accepted can be applied');
    this.#applied = applied;
    this.#log?.noteApplied(applied);
    return this.#roomAgain(nowMs);
  }

  /** The journal has more of it on the disk. Returns whether `received` has moved. */
  noteDurable(): boolean {
    return this.#log?.noteDurable() ?? false;
  }

  /** The replica as it was at `applied` is on its disk, and so is that mark: the journal need not hold it any more. */
  noteCheckpoint(applied: Position, nowMs: number): AcceptEffects {
    this.#log?.free(applied);
    return this.#roomAgain(nowMs);
  }

  /** To be called every so often: a resend that was asked for may have been lost, and room may have come by itself. */
  tick(nowMs: number): AcceptEffects {
    if (this.#noRoom !== null) return this.#roomAgain(nowMs);
    return { ...NOTHING, resend: this.#gap ? this.#ask(nowMs) : null };
  }

  #keep(packet: Packet): QueuedPacket | string {
    const { from, to, records, done } = packet;
    const read = () => ({ from, records });
    if (this.#log === null) return { from, to, length: records.length, records, read, done };
    return this.#log.append(packet, (elided) => elided || this.#queue.memoryBytes < this.#limits.bytes);
  }

  #refuseRoom(sentence: string): AcceptEffects {
    this.#full = true;
    this.#noRoom = sentence;
    this.#gap = true;
    return { ...NOTHING, verdict: 'full', flow: 'pause', condition: this.condition };
  }

  #roomAgain(nowMs: number): AcceptEffects {
    if (!this.#full || !this.#isRoomy()) return NOTHING;
    this.#full = false;
    this.#noRoom = null;
    return { ...NOTHING, flow: 'resume', condition: OK, resend: this.#gap ? this.#ask(nowMs, true) : null };
  }

  #isRoomy(): boolean {
    if (this.#noRoom !== null) {
      this.#noRoom = this.#log?.noRoom() ?? null;
      return this.#noRoom === null;
    }
    const { bytes, resumeShare } = this.#limits;
    return this.#queue.memoryBytes <= bytes * resumeShare && this.#countShare <= resumeShare;
  }

  get #countShare(): number {
    const { records, packets } = this.#limits;
    return this.#log === null ? this.#queue.count / records : this.#log.size / packets;
  }

  #refusal(packet: Packet): Refuse | null {
    if (packet.epoch < this.#epoch)
      return {
        code: 'superseded',
        epoch: this.#epoch,
        sentence: `epoch ${packet.epoch} has been superseded by ${this.#epoch}: another server writes now`,
      };
    if (packet.epoch > this.#epoch)
      return { code: 'protocol', sentence: `epoch ${packet.epoch} was never announced; ${this.#epoch} was` };
    const fault = faultOf(packet);
    return fault === null ? null : { code: 'protocol', sentence: `the packet makes no sense: ${fault}` };
  }

  /** What a mirror has read is held in memory only, so that memory is its limit; operations go on into the journal. */
  #fill(): Pick<AcceptEffects, 'flow' | 'condition'> {
    const { bytes } = this.#limits;
    const over = this.#log === null ? this.#queue.memoryBytes >= bytes : this.#queue.memoryBytes >= bytes + bytes / 4;
    if (!over && this.#countShare < 1) return { flow: null, condition: null };
    this.#full = true;
    return { flow: 'pause', condition: this.condition };
  }

  #ask(nowMs: number, atOnce = false): AcceptEffects['resend'] {
    if (this.#full || (!atOnce && nowMs - this.#askedAtMs < this.#limits.resendIntervalMs)) return null;
    this.#askedAtMs = nowMs;
    return { from: this.#expected };
  }
}

/** The records from `position` on; the packet holds it. */
function cutBefore(packet: Packet, position: Position): Packet {
  return { ...packet, from: position, records: cutRecords(packet.records, packet.from, position) };
}
