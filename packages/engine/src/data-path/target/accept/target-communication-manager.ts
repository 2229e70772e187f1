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
import { AcceptQueue } from './accept-queue.ts';
import { cutBefore, faultOf, type Packet } from './packet.ts';

export interface AcceptLimits {
  /** Encoded records waiting to be applied. One packet may reach beyond it. */
  readonly bytes: number;
  readonly records: number;
  /** At or below this share of both limits a paused source is let go on. */
  readonly resumeShare: number;
  /** Between two requests for the same gap. */
  readonly resendIntervalMs: number;
}

export const DEFAULT_ACCEPT_LIMITS: AcceptLimits = {
  bytes: 64 << 20,
  records: 100_000,
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
  /**
   * What survives a killed agent. There is no journal of operations on the target yet, so that is what has been applied; the source
   * keeps everything beyond it.
   */
  #received = position(0);
  #applied = position(0);
  #full = false;
  /** Something beyond `expected` was sent and is not here. */
  #gap = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(limits: Partial<AcceptLimits> = {}) {
    this.#limits = { ...DEFAULT_ACCEPT_LIMITS, ...limits };
  }

  get queue(): OperationQueue {
    return this.#queue;
  }

  get queued(): { readonly records: number; readonly bytes: number } {
    return { records: this.#queue.count, bytes: this.#queue.bytes };
  }

  get received(): Position {
    return this.#received;
  }

  get applied(): Position {
    return this.#applied;
  }

  get condition(): Condition {
    if (!this.#full) return OK;
    return {
      state: 'full',
      code: 'target-queue-full',
      sentence: `the target's queue holds ${this.#queue.count} operations in ${this.#queue.bytes} bytes and takes no more until half of them are applied`,
    };
  }

  /** A source has been welcomed: positions behind `applied` come next. What is queued stays where the stream goes on. */
  start(stream: { readonly applied: Position; readonly epoch: number; readonly keepQueue: boolean }): void {
    assert(stream.epoch >= this.#epoch, 'an epoch never falls');
    this.#epoch = stream.epoch;
    this.#gap = false;
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
    if (stream.keepQueue && this.#expected > stream.applied) return;
    this.#queue.clear();
    this.#full = false;
    this.#expected = position(stream.applied + 1);
    this.#received = stream.applied;
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
    this.#queue.push(packet.from < this.#expected ? cutBefore(packet, this.#expected) : packet);
    this.#expected = position(packet.to + 1);
    this.#gap = false;
    return { ...NOTHING, verdict: 'accepted', ...this.#fill() };
  }

  /** Operations were applied and committed up to here. */
  noteApplied(applied: Position, nowMs: number): AcceptEffects {
    assert(applied >= this.#applied && applied < this.#expected, 'only what was accepted can be applied');
    this.#applied = applied;
    this.#received = applied;
    const { bytes, records, resumeShare } = this.#limits;
    const roomy = this.#queue.bytes <= bytes * resumeShare && this.#queue.count <= records * resumeShare;
    if (!this.#full || !roomy) return NOTHING;
    this.#full = false;
    return { ...NOTHING, flow: 'resume', condition: OK, resend: this.#gap ? this.#ask(nowMs, true) : null };
  }

  /** To be called every so often: a resend that was asked for may have been lost. */
  tick(nowMs: number): AcceptEffects {
    return { ...NOTHING, resend: this.#gap ? this.#ask(nowMs) : null };
  }

  #refusal(packet: Packet): Refuse | null {
    if (packet.epoch < this.#epoch)
      return {
        code: 'superseded',
        sentence: `epoch ${packet.epoch} has been superseded by ${this.#epoch}: another server writes now`,
      };
    if (packet.epoch > this.#epoch)
      return { code: 'protocol', sentence: `epoch ${packet.epoch} was never announced; ${this.#epoch} was` };
    const fault = faultOf(packet);
    return fault === null ? null : { code: 'protocol', sentence: `the packet makes no sense: ${fault}` };
  }

  #fill(): Pick<AcceptEffects, 'flow' | 'condition'> {
    if (this.#queue.bytes < this.#limits.bytes && this.#queue.count < this.#limits.records)
      return { flow: null, condition: null };
    this.#full = true;
    return { flow: 'pause', condition: this.condition };
  }

  #ask(nowMs: number, atOnce = false): AcceptEffects['resend'] {
    if (this.#full || (!atOnce && nowMs - this.#askedAtMs < this.#limits.resendIntervalMs)) return null;
    this.#askedAtMs = nowMs;
    return { from: this.#expected };
  }
}
