/**
 * SRM, the source replication manager. In: the interceptor's records (encoded, in ring order) and what the mirror says.
 * Out: a send queue of what belongs to this job. Promise: what is intercepted for this job is queued, or is in the dirty map.
 */
import { must } from '@understudy/base';
import { decodeRecord, type OperationRecord, type Position, record, Verb } from '@understudy/wire';
import { DirtyMap } from './dirty-map.ts';
import type { RootScope } from './root-scope.ts';
import { filterRecord } from './scope-filter.ts';
import { SendQueue } from './send-queue.ts';

export interface QueueLimits {
  /** Bytes of records held in memory before the queue folds into the dirty map. */
  readonly memoryBytes: number;
}

export class SourceReplicationManager {
  readonly queue: SendQueue;
  readonly dirty = new DirtyMap();
  readonly roots = new Map<number, RootScope>();
  readonly #limits: QueueLimits;
  #markers = 0;
  #folds = 0;

  constructor(options: { readonly limits: QueueLimits; readonly next: Position }) {
    this.#limits = options.limits;
    this.queue = new SendQueue(options.next);
  }

  /** How often the queue was full. */
  get folds(): number {
    return this.#folds;
  }

  /** One encoded record of the ring, `root` being this job's index for it. The bytes are copied. Tells whether it was queued. */
  intercepted(records: Uint8Array, at: number, length: number, root: number): OperationRecord | null {
    const scope = must(this.roots.get(root), `root ${root} is not this job's`);
    const decoded = { ...decodeRecord(records, at), root };
    const verdict = filterRecord(scope, this.dirty, decoded);
    if (verdict === 'drop') return null;
    if (verdict === 'send') this.queue.append(records, at, length, root, decoded.timeMs);
    else for (const instead of verdict.instead) this.queue.appendRecord(instead);
    return decoded;
  }

  /** A record of the mirror or of verification: exact at the position it will get. */
  say(made: OperationRecord): void {
    this.queue.appendRecord(made);
  }

  /** A place in the stream to wait for; its id comes back with its position when it leaves the queue. */
  mark(timeMs: number): number {
    this.#markers += 1;
    this.queue.appendRecord(record({ verb: Verb.marker, extent: this.#markers, timeMs }));
    return this.#markers;
  }

  /** True when the queue, with `inFlightBytes` held for resending, is at its limit. */
  full(inFlightBytes: number): boolean {
    return this.queue.bytes + inFlightBytes > this.#limits.memoryBytes;
  }

  /** SRM2: what is queued is let go and becomes dirty; exactly that is repaired later. */
  fold(reason: 'queue-full' | 'stream-lost'): void {
    this.#folds += 1;
    this.queue.fold((lost) => {
      this.dirty.addOperation(lost, reason);
      if (isCreation(lost.verb)) this.roots.get(lost.root)?.forget(lost.node);
    });
  }
}

/** The target never learns of it: the repair must find it as something new. */
function isCreation(verb: number): boolean {
  return verb <= Verb.mknod || verb === Verb.tmpfile;
}
