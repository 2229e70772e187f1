/**
 * The source's half of the path: SRM and SCM joined, with the marks that a barrier or a mirror waits for.
 * In: intercepted records, mirror records, acknowledgements. Out: packets for the wire. Knows both stages; they do not know each other.
 */
import { type OperationRecord, type Position, position } from '@understudy/wire';
import { type QueueLimits, SourceReplicationManager } from './source/queue/source-replication-manager.ts';
import { SourceCommunicationManager, type Window } from './source/transmit/source-communication-manager.ts';
import type { LoggedPacket } from './source/transmit/transaction-log.ts';

/** Something to wait for: `at` is null until its record has left the queue. */
interface Mark {
  at: Position | null;
  readonly settle: (outcome: MarkOutcome) => void;
}

/** `applied`: everything before the mark is on the target. `lost`: the queue was folded, a repair must follow first. */
export type MarkOutcome = { readonly kind: 'applied'; readonly at: Position } | { readonly kind: 'lost' };

export class SourcePath {
  readonly srm: SourceReplicationManager;
  readonly scm: SourceCommunicationManager;
  readonly #marks = new Map<number, Mark>();

  constructor(options: { readonly next: Position; readonly limits: QueueLimits; readonly window?: Window }) {
    this.srm = new SourceReplicationManager({ limits: options.limits, next: options.next });
    this.scm = new SourceCommunicationManager({
      received: position(options.next - 1),
      freed: (bytes) => this.srm.queue.recycle(bytes),
      ...(options.window === undefined ? {} : { window: options.window }),
    });
  }

  /** The position that the next record to leave will get. */
  get next(): Position {
    return this.srm.queue.next;
  }

  /** Oldest position that can still be sent again. */
  get oldest(): Position {
    return this.scm.oldestPosition(this.next);
  }

  intercepted(records: Uint8Array, at: number, length: number, root: number): OperationRecord | null {
    return this.srm.intercepted(records, at, length, root);
  }

  /** Keeps memory within its limit; true when the queue had to be folded into the dirty map. */
  enforceLimit(): boolean {
    if (!this.srm.full(this.scm.inFlightBytes)) return false;
    this.#fold('queue-full');
    return true;
  }

  /** Calls back once everything said and intercepted before this call is applied. */
  mark(timeMs: number, settle: (outcome: MarkOutcome) => void): void {
    this.#marks.set(this.srm.mark(timeMs), { at: null, settle });
  }

  /** The next packet for the wire, if there is something to send and room for it. */
  nextPacket(): LoggedPacket | undefined {
    return this.scm.next(() => {
      const packet = this.srm.queue.take();
      for (const { id, at } of packet?.markers ?? []) {
        const mark = this.#marks.get(id);
        if (mark !== undefined) mark.at = at;
      }
      return packet;
    });
  }

  acknowledged(received: Position, applied: Position): void {
    this.scm.acknowledged(received, applied);
    for (const [id, mark] of this.#marks) {
      if (mark.at === null || mark.at > this.scm.applied) continue;
      this.#marks.delete(id);
      mark.settle({ kind: 'applied', at: mark.at });
    }
  }

  /** A target that cannot go on from what it has: queue and log become dirty, the stream begins anew. */
  restart(): void {
    this.#fold('stream-lost');
    this.scm.restart(this.next);
  }

  /** Source time of the oldest operation that the target does not have, ms; null: it has them all. */
  oldestTimeMs(): number | null {
    return this.scm.oldestTimeMs ?? this.srm.queue.oldestTimeMs;
  }

  #fold(reason: 'queue-full' | 'stream-lost'): void {
    this.srm.fold(reason);
    // Marks that have left the queue and are in the log still arrive, unless the stream itself is lost.
    for (const [id, mark] of this.#marks) {
      if (mark.at !== null && reason === 'queue-full') continue;
      this.#marks.delete(id);
      mark.settle({ kind: 'lost' });
    }
  }
}
