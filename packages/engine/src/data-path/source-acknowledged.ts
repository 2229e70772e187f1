/**
 * FSI4: up to which ring sequence the target has everything of this job. In: what is queued, sent and acknowledged; what was let go of.
 * Out: that sequence. Promise: an operation that was noted as dirty instead of being sent is not acknowledged before the repair has ended.
 */

import type { QueuedPacket } from './source/queue/queued-packet.ts';
import type { SourceReplicationManager } from './source/queue/source-replication-manager.ts';
import type { SourceCommunicationManager } from './source/transmit/source-communication-manager.ts';

export type AcknowledgedMark = 'received' | 'applied';

export class SourceAcknowledged {
  readonly #srm: SourceReplicationManager;
  readonly #scm: SourceCommunicationManager<QueuedPacket>;
  /** From here on operations were noted as dirty and not sent; null: none. */
  #lostFrom: number | null = null;

  constructor(srm: SourceReplicationManager, scm: SourceCommunicationManager<QueuedPacket>) {
    this.#srm = srm;
    this.#scm = scm;
  }

  /** Operations from this ring sequence on may not come by the stream. */
  lose(from: number): void {
    this.#lostFrom = Math.min(this.#lostFrom ?? from, from);
  }

  /** Nothing differs any more but what is under way. */
  found(): void {
    this.#lostFrom = null;
  }

  /** Everything of this job up to there has the mark; `drained`: the newest sequence of the ring that the job has been given, whoever's. */
  through(mark: AcknowledgedMark, drained: number): number {
    const { unappliedSequences: unapplied, receivedOrigin } = this.#scm;
    const waits = this.#firstUnreceived();
    const from = mark === 'received' ? waits : (unapplied.first ?? waits);
    const known = mark === 'received' ? receivedOrigin : unapplied.origin;
    const through = from === null ? drained : Math.max(known, from - 1);
    return this.#lostFrom === null ? through : Math.min(through, this.#lostFrom - 1);
  }

  #firstUnreceived(): number | null {
    for (const { first } of this.#scm.inFlight()) if (first > 0) return first;
    return this.#srm.queue.firstSequence;
  }
}
