/**
 * SRM, the source replication manager. In: the interceptor's records (encoded, in ring order) and what the mirror says.
 * Out: a send queue of what belongs to this job. Promise: what is intercepted for this job is queued, or is in the dirty map.
 */
import { must } from '@understudy/base';
import { decodeRecord, type OperationRecord, type Position, record, Verb } from '@understudy/wire';
import { DirtyMap, type DirtyReason } from './dirty-map.ts';
import type { QueueStore } from './queue-store.ts';
import type { RootScope } from './root-scope.ts';
import { filterRecord, isForeign, type Verdict } from './scope-filter.ts';
import { ScopeNotes } from './scope-notes.ts';
import { SendQueue } from './send-queue.ts';

export interface QueueLimits {
  /** Bytes of records held in memory before new ones go to the store, or, where there is none, the queue folds into the dirty map. */
  readonly memoryBytes: number;
}

/** Why a queue was let go of. */
export type FoldReason = Extract<
  DirtyReason,
  'queue-full' | 'queue-disk-full' | 'queue-disk-failed' | 'queue-damaged' | 'stream-lost' | 'failed-over'
>;

export interface SrmOptions {
  readonly limits: QueueLimits;
  readonly next: Position;
  readonly store?: QueueStore | undefined;
  /** Markers of a run are not taken for those of the one before. */
  readonly firstMarker?: number;
  /** Called when what was queued is dirty, and before the store lets go of it. */
  readonly lettingGo?: (() => void) | undefined;
}

export class SourceReplicationManager {
  readonly queue: SendQueue;
  readonly dirty = new DirtyMap();
  readonly roots = new Map<number, RootScope>();
  /** The picture of roots where rules are asked, as it has to be written down. */
  readonly notes = new ScopeNotes();
  readonly #limits: QueueLimits;
  readonly #lettingGo: () => void;
  /** Operations up to this ring sequence are in the store already: they only keep the picture of the roots in step. */
  readonly #storedThrough: number;
  /** Where rules are asked: the picture of the roots is the one at this ring sequence, and what came up to it has been seen to. */
  #seenThrough = 0;
  #markers: number;
  #folds = 0;
  #operations = 0;
  /** The queue was full: until there is somebody to send to, what comes is noted as dirty and not queued. */
  #noting: FoldReason | null = null;

  /** Throws QueueStoreError where what was kept from before cannot be read. */
  constructor({ limits, next, store, firstMarker, lettingGo }: SrmOptions) {
    this.#limits = limits;
    this.#lettingGo = lettingGo ?? (() => {});
    this.queue = new SendQueue({ next, store, memoryBytes: limits.memoryBytes / 2 });
    this.#storedThrough = this.queue.storedThrough;
    this.#markers = firstMarker ?? 0;
  }

  /** How often the queue was full. */
  get folds(): number {
    return this.#folds;
  }

  /** Operations of the applications that this process has taken for the job; marks and what a mirror says are none. */
  get operations(): number {
    return this.#operations;
  }

  get noting(): boolean {
    return this.#noting !== null;
  }

  /**
   * One encoded record of the ring, `root` being this job's index for it. The bytes are copied. Tells whether it belongs to the job.
   * `failed` is called where it could not be stored: after that the queue must be empty.
   */
  intercepted(
    records: Uint8Array,
    at: number,
    of: { readonly length: number; readonly root: number },
    failed: (error: unknown) => void,
  ): OperationRecord | null {
    const { length, root } = of;
    const scope = must(this.roots.get(root), `root ${root} is not this job's`);
    if (scope.within && isForeign(scope, records, at)) return null;
    const decoded = { ...decodeRecord(records, at), root };
    const verdict = scope.whole ? filterRecord(scope, this.dirty, decoded) : this.#filterByRules(scope, decoded);
    if (verdict === 'drop') return null;
    if (this.wasStored(decoded.sequence)) return decoded;
    this.#operations += 1;
    if (this.#noting !== null) {
      this.#note(verdict === 'send' ? [decoded] : verdict.instead, this.#noting);
      return decoded;
    }
    try {
      if (verdict === 'send') this.queue.append(records, at, { length, root, timeMs: decoded.timeMs });
      else this.#insteadOf(decoded, verdict.instead);
    } catch (error) {
      failed(error);
      this.#note(verdict === 'send' ? [decoded] : verdict.instead, this.#noting ?? 'queue-disk-failed');
    }
    return decoded;
  }

  /** An earlier process has stored the operation. */
  wasStored(sequence: number): boolean {
    return sequence > 0 && sequence <= this.#storedThrough;
  }

  /** The picture of the roots has been restored as it was behind this ring sequence. */
  seenThrough(sequence: number): void {
    this.#seenThrough = sequence;
    this.notes.begin(sequence);
  }

  /** What a mirror or a repair has told of since the last record is noted as such. */
  collectNotes(): void {
    const { last: sequence } = this.notes;
    for (const [root, scope] of this.roots) this.notes.collect(scope, root, { sequence, said: true });
  }

  /** Nothing differs any more: the target knows all there is. */
  settleScopes(): void {
    for (const scope of this.roots.values()) if (!scope.settled) scope.complete();
    this.collectNotes();
    this.notes.settle();
  }

  #filterByRules(scope: RootScope, r: OperationRecord): Verdict {
    const { sequence, root } = r;
    if (sequence > 0 && sequence <= this.#seenThrough) return 'drop';
    this.notes.collect(scope, root, { sequence: this.notes.last, said: true });
    const verdict = filterRecord(scope, this.dirty, r);
    this.notes.collect(scope, root, { sequence, said: false });
    return verdict;
  }

  /** A record of the mirror or of verification: exact at the position it will get. Throws QueueStoreError. */
  say(made: OperationRecord): void {
    this.queue.appendRecord(made);
  }

  /** A place in the stream to wait for; its id comes back with its position when it leaves the queue. Throws QueueStoreError. */
  mark(timeMs: number): number {
    this.#markers += 1;
    this.queue.appendRecord(record({ verb: Verb.marker, extent: this.#markers, timeMs }));
    return this.#markers;
  }

  /** True when the queue, with `inFlightBytes` held for resending, is at its limit in memory. */
  full(inFlightBytes: number): boolean {
    return this.queue.memoryBytes + inFlightBytes > this.#limits.memoryBytes;
  }

  /** SRM2: what is queued is let go and becomes dirty; exactly that is repaired later. Throws QueueStoreError: it is empty then, too. */
  fold(reason: FoldReason): void {
    this.#folds += 1;
    this.queue.fold(
      (lost) => this.#note([lost], reason),
      (failed) => {
        if (failed !== null) this.#doubtEverything('queue-damaged');
        this.#lettingGo();
      },
    );
  }

  /** What an operation would have brought is noted, for it will not be sent, or not surely. */
  note(lost: OperationRecord, reason: FoldReason): void {
    this.#note([lost], reason);
  }

  /** From now on what comes is noted and not queued, until `null`. */
  setNoting(reason: FoldReason | null): void {
    this.#noting = reason;
  }

  /** What was kept is lost: nobody knows what it held, so everything is compared. */
  lose(reason: FoldReason): void {
    this.#folds += 1;
    this.#doubtEverything(reason);
    this.letGo();
  }

  /** What is queued is not needed any more. */
  letGo(): void {
    this.#lettingGo();
    this.queue.clear();
  }

  #doubtEverything(reason: FoldReason): void {
    for (const [index, scope] of this.roots) {
      scope.clear();
      this.dirty.addRoot(index, reason);
    }
  }

  #insteadOf(cause: OperationRecord, instead: readonly OperationRecord[]): void {
    for (const [i, one] of instead.entries())
      this.queue.appendRecord({ ...one, sequence: cause.sequence }, i + 1 < instead.length);
  }

  #note(lost: readonly OperationRecord[], reason: FoldReason): void {
    for (const one of lost) {
      const scope = this.roots.get(one.root);
      // Of what the target will never have heard the repair finds all there is.
      if (isCreation(one.verb)) scope?.except(one.node);
      else if (isContent(one.verb) && scope?.knows(one.node) === false) continue;
      this.dirty.addOperation(one, reason);
    }
  }
}

function isContent(verb: number): boolean {
  return verb >= Verb.write && verb <= Verb.removexattr;
}

/** The target never learns of it: the repair must find it as something new. */
export function isCreation(verb: number): boolean {
  return verb <= Verb.mknod || verb === Verb.tmpfile;
}
