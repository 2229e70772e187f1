/**
 * The source's half of the path: SRM and SCM joined, with the marks that a barrier or a mirror waits for.
 * In: intercepted records, mirror records, acknowledgements. Out: packets for the wire. Knows both stages; they do not know each other.
 * Promise: what was intercepted is received by the target, or in the queue's store, or noted as dirty, or the ring has to keep it.
 */
import {
  decodeRecord,
  type OperationRecord,
  type Position,
  peekLength,
  position,
  recordSequence,
  recordVerb,
  Verb,
} from '@understudy/wire';
import { type QueueStore, QueueStoreError } from './source/queue/queue-store.ts';
import type { QueuedPacket } from './source/queue/queued-packet.ts';
import { NOT_STORED, NOTED } from './source/queue/segment.ts';
import {
  type FoldReason,
  type QueueLimits,
  SourceReplicationManager,
} from './source/queue/source-replication-manager.ts';
import { UnreceivedFiles } from './source/queue/unreceived-files.ts';
import { SourceCommunicationManager, type Window } from './source/transmit/source-communication-manager.ts';
import { SourceAcknowledged } from './source-acknowledged.ts';

/** Something to wait for: `at` is null until its record has left the queue. */
export interface MarkPlace {
  readonly at: Position | null;
}

interface Mark extends MarkPlace {
  at: Position | null;
  readonly settle: (outcome: MarkOutcome) => void;
}

/** `applied`: everything before the mark is on the target. `lost`: the queue was folded, a repair must follow first. */
export type MarkOutcome = { readonly kind: 'applied'; readonly at: Position } | { readonly kind: 'lost' };

/** The queue was let go of: why, and what the store said where it was the cause. */
export interface Fold {
  readonly reason: FoldReason;
  readonly sentence: string | null;
}

/** What an earlier run of the process knew to be received: the stream goes on behind it or further on. */
export interface KnownReceived {
  readonly received: Position;
  readonly origin: number;
}

export interface SourcePathOptions {
  /** The next position; of a stream that goes on after a restart, one that is certainly beyond all that were used. */
  readonly next: Position;
  readonly limits: QueueLimits;
  readonly window?: Window;
  readonly store?: QueueStore | undefined;
  readonly goesOn?: KnownReceived | undefined;
  readonly firstMarker?: number;
  /** What was queued is dirty now, and the store is about to let go of it. */
  readonly lettingGo?: () => void;
}

export class SourcePath {
  readonly srm: SourceReplicationManager;
  readonly scm: SourceCommunicationManager<QueuedPacket>;
  readonly acknowledgedMark: SourceAcknowledged;
  readonly unreceived: UnreceivedFiles;
  readonly #marks = new Map<number, Mark>();
  readonly #known: KnownReceived | null;
  /** After a restart, until the target has said what it has. */
  #awaiting: boolean;
  #folds: Fold[] = [];
  #seen = 0;

  /** Throws QueueStoreError where what the store kept from before cannot be read. */
  constructor(options: SourcePathOptions) {
    const { next, limits, store, goesOn, firstMarker, window, lettingGo } = options;
    this.srm = new SourceReplicationManager({
      limits,
      next,
      store,
      lettingGo,
      ...(firstMarker === undefined ? {} : { firstMarker }),
    });
    this.unreceived = new UnreceivedFiles(this.srm.queue.storedThrough);
    this.#known = goesOn ?? null;
    this.#awaiting = goesOn !== undefined;
    if (this.#awaiting) this.srm.queue.awaitTarget();
    this.scm = new SourceCommunicationManager({
      received: goesOn?.received ?? position(next - 1),
      freed: (packet, reuse) => this.srm.queue.received(packet, reuse),
      ...(window === undefined ? {} : { window }),
    });
    this.acknowledgedMark = new SourceAcknowledged(this.srm, this.scm);
  }

  /** The position that the next record to leave will get. */
  get next(): Position {
    return this.srm.queue.next;
  }

  /** Oldest position that can still be sent again. */
  get oldest(): Position {
    return this.scm.oldestPosition;
  }

  /** The stream goes on from an earlier run of the process, and the target has not been heard of yet. */
  get awaiting(): boolean {
    return this.#awaiting;
  }

  /** What the target may forget: what it has to say up to here has come to this process. */
  get heard(): Position {
    return this.#awaiting ? position(0) : this.scm.heard;
  }

  intercepted(records: Uint8Array, at: number, length: number, root: number): OperationRecord | null {
    const { folds } = this.srm;
    const decoded = this.srm.intercepted(records, at, { length, root }, (error) => this.#storeFailed(error));
    if (decoded !== null) {
      this.#seen = decoded.sequence;
      const isQueued = this.srm.folds === folds && !this.srm.noting && !this.srm.wasStored(decoded.sequence);
      if (isQueued) this.unreceived.queued(root, decoded.node, decoded.sequence);
    }
    const verb = recordVerb(records, at);
    // What the ring had no room for, or nobody saw, is repaired and not sent.
    if (verb === Verb.dirty || verb === Verb.gap || (decoded !== null && this.srm.noting))
      this.acknowledgedMark.lose(recordSequence(records, at));
    return decoded;
  }

  /** Ring sequence of the newest operation of this job; 0: none yet. */
  get seen(): number {
    return this.#seen;
  }

  /** A record of the mirror or of verification. */
  say(made: OperationRecord): void {
    this.#storing(() => this.srm.say(made));
  }

  /** Keeps memory within its limit: what does not fit goes to the store, or the queue is folded into the dirty map. */
  enforceLimit(): void {
    if (!this.srm.full(this.scm.inFlightBytes) || this.srm.queue.storing) return;
    if (this.srm.queue.canStore) this.keepAll();
    else this.#fold({ reason: 'queue-full', sentence: null });
  }

  /** The ring needs room: all that it still keeps for this job goes to the store, or is noted as dirty. */
  keepAll(): void {
    if (this.keepsFrom === null) return;
    if (this.srm.queue.canStore) this.#storing(() => this.srm.queue.store(this.scm.inFlight()));
    else this.#fold({ reason: 'queue-full', sentence: null });
    // It could not be stored, and what is on its way is only where it cannot stay.
    if (this.keepsFrom !== null) for (const packet of this.scm.inFlight()) this.#noteFlight(packet, 'queue-full');
  }

  /** Lowest ring sequence that is nowhere but in the ring and in memory; null: none. */
  get keepsFrom(): number | null {
    const { queue } = this.srm;
    if (!queue.storing)
      for (const { first, entry } of this.scm.inFlight()) if (first > 0 && entry === NOT_STORED) return first;
    return queue.firstUnstored;
  }

  /** Folds since the last call. */
  takeFolds(): readonly Fold[] {
    return this.#folds.splice(0);
  }

  /** Calls back once everything said and intercepted before this call is applied. Null: it is lost already. */
  mark(timeMs: number, settle: (outcome: MarkOutcome) => void): MarkPlace | null {
    const mark: Mark = { at: null, settle };
    const set = this.#storing(() => this.#marks.set(this.srm.mark(timeMs), mark));
    if (set !== undefined) return mark;
    // Not stored: the queue was folded for it.
    settle({ kind: 'lost' });
    return null;
  }

  /** The next packet for the wire, if there is something to send and room for it. */
  nextPacket(): QueuedPacket | undefined {
    return this.scm.next(() => {
      const packet = this.#storing(() => this.srm.queue.take());
      for (const { id, at } of packet?.markers ?? []) {
        const mark = this.#marks.get(id);
        if (mark !== undefined) mark.at = at;
      }
      return packet;
    });
  }

  acknowledged(received: Position, applied: Position): void {
    this.scm.heardThrough(applied);
    this.welcomed(received, applied);
  }

  /** The same by a welcome: what the target has to say of it follows. */
  welcomed(received: Position, applied: Position): void {
    this.scm.acknowledged(received, applied);
    this.unreceived.received(this.scm.receivedOrigin);
    for (const [id, mark] of this.#marks) {
      if (mark.at === null || mark.at > this.scm.applied) continue;
      this.#marks.delete(id);
      mark.settle({ kind: 'applied', at: mark.at });
    }
  }

  /** The target goes on with the stream. False: after a restart it has less than it had said; then nothing has changed. */
  goOn(has: { readonly received: Position; readonly applied: Position; readonly origin: number }): boolean {
    if (!this.#awaiting) return true;
    const known = this.#known;
    if (known !== null && (has.received < known.received || has.origin < known.origin)) return false;
    this.#awaiting = false;
    // A marker may stand before what the target has; whoever waits asks again.
    this.#loseMarks(() => true);
    this.#storing(() => this.srm.queue.goOn(has));
    this.scm.goOn(has);
    return true;
  }

  /** A target that cannot go on from what it has: queue and log become dirty, the stream begins anew, or behind what the target has. */
  restart(at?: { readonly received: Position; readonly origin: number }): void {
    this.#awaiting = false;
    for (const packet of this.scm.inFlight()) this.#noteFlight(packet, 'stream-lost');
    this.#fold({ reason: 'stream-lost', sentence: null });
    // Nothing queued is left that the target could have.
    this.srm.queue.goOn({ received: at?.received ?? position(this.next - 1), origin: at?.origin ?? 0 });
    this.scm.restart(this.next);
  }

  /** Source time of the oldest operation that the target has not applied, ms; 0: not known when; null: it has applied them all. */
  oldestTimeMs(): number | null {
    const queued = this.#storing(() => this.srm.queue.oldestTimeMs);
    // What is stored and cannot be read is lacking, too.
    return this.scm.oldestTimeMs ?? (queued === undefined ? 0 : queued);
  }

  close(): void {
    this.srm.queue.close();
  }

  #storing<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#storeFailed(error);
      return undefined;
    }
  }

  /** SRM2: what cannot be stored is noted, and what cannot be read any more is compared. The applications notice neither. */
  #storeFailed(error: unknown): void {
    if (!(error instanceof QueueStoreError)) throw error;
    const { fault, message } = error;
    if (fault === 'damaged') this.#lose(message);
    else this.#fold({ reason: fault === 'full' ? 'queue-disk-full' : 'queue-disk-failed', sentence: message });
  }

  #lose(sentence: string): void {
    this.srm.lose('queue-damaged');
    this.#folded({ reason: 'queue-damaged', sentence });
  }

  #fold(fold: Fold): void {
    try {
      this.srm.fold(fold.reason);
    } catch (error) {
      if (!(error instanceof QueueStoreError)) throw error;
      this.#lose(error.message);
      return;
    }
    this.#folded(fold);
  }

  #folded(fold: Fold): void {
    this.#folds.push(fold);
    const flight = fold.reason === 'stream-lost' ? [] : [...this.scm.inFlight()];
    this.unreceived.letGo(flight.reduce((newest, { origin }) => Math.max(newest, origin), 0));
    this.acknowledgedMark.lose(this.scm.receivedOrigin + 1);
    if (fold.reason !== 'stream-lost') this.#storeFlightAgain(fold.reason);
    if (fold.reason !== 'stream-lost' && !this.scm.linked) this.srm.setNoting(fold.reason);
    // Marks that have left the queue and are in the log still arrive, unless the stream itself is lost.
    this.#loseMarks((mark) => mark.at === null || fold.reason === 'stream-lost');
  }

  /** What is on its way has lost its place in the store, and the ring may have let go of it. */
  #storeFlightAgain(reason: FoldReason): void {
    const homeless = [...this.scm.inFlight()].filter(({ entry }) => entry >= 0);
    if (homeless.length === 0) return;
    for (const packet of homeless) packet.entry = NOT_STORED;
    try {
      this.srm.queue.store(this.scm.inFlight());
    } catch (error) {
      if (!(error instanceof QueueStoreError)) throw error;
      for (const packet of this.scm.inFlight()) this.#noteFlight(packet, reason);
      this.srm.letGo();
    }
  }

  #noteFlight(packet: QueuedPacket, reason: FoldReason): void {
    if (packet.entry === NOTED) return;
    packet.entry = NOTED;
    // What only a mirror said is said again by the next.
    if (packet.first === 0) return;
    for (let at = 0; at < packet.bytes.length; at += peekLength(packet.bytes, at))
      this.srm.note(decodeRecord(packet.bytes, at), reason);
  }

  #loseMarks(which: (mark: Mark) => boolean): void {
    for (const [id, mark] of [...this.#marks]) {
      if (!which(mark)) continue;
      this.#marks.delete(id);
      mark.settle({ kind: 'lost' });
    }
  }
}
