/**
 * TRM: the target's hand.
 *
 * In: operations in order from the queue, the time, a budget.
 * Out: the replica changed; as data: the applied mark, replies to the source, the condition where it changed, events, when to come back.
 * Promised: operations take effect strictly in order; the mark moves only when everything up to it, times included, is done and noted;
 * after a killed agent the stretch from the mark on is applied again, converges, and loses nothing.
 */
import { assert, brand, must, type RawName, rawFromBytes } from '@understudy/base';
import {
  type Condition,
  NO_NODE,
  type OperationRecord,
  type Position,
  position,
  record as recordOf,
  Verb,
} from '@understudy/wire';
import { type DigestName, FileError, type Handle } from '../../../ports.ts';
import { OK, sameCondition } from '../condition.ts';
import { begunAtMost, coveredBy, isPowerLost, type JournalMark, powerLostBy, type StreamStart } from '../journal.ts';
import type { ApplyContext, TargetEvent } from './apply-context.ts';
import type { ApplyBudget, ApplyEffects, ApplyPorts, StreamStanding } from './apply-ports.ts';
import { DEFAULT_APPLY_BUDGET } from './apply-ports.ts';
import { BrakeDesk, type DeskParts } from './brake/desk.ts';
import { leftToInner } from './inner-roots.ts';
import { MirrorRun } from './mirror-run.ts';
import { marker, mirrorBegin, mirrorEnd, ROOT_OPERATIONS, shiftsContent } from './operations/index.ts';
import { Outbox } from './outbox.ts';
import type { ReplicaRoot } from './replica-root.ts';
import { ReplicaRoots, type RootSpec } from './replica-roots.ts';
import { isFull, retryDelay } from './retry.ts';
import { asFileError, GivenUp, replaying, retrying, type Trouble } from './trouble.ts';
import { type Failure, Untold } from './untold.ts';

/** Times due over all roots, and replies held, before a batch ends of itself; a single record may go beyond it. */
const MAX_DEFERRED = 4096;
const MAX_REPLIES = 1024;
const NO_PATH = brand<RawName>('');
const NEVER_CAME = new FileError('EAGAIN', 'settle', 'what it holds was asked for and has not come');

export class TargetReplicationManager {
  readonly #ports: ApplyPorts;
  /** SAFE4. */
  readonly brake: BrakeDesk;
  readonly #roots: ReplicaRoots;
  #run: MirrorRun;
  #streamId: string | null;
  #epoch: number;
  #applied: Position;
  /** Done, but not yet committed beyond `applied`. */
  #reached: Position;
  /** As the journal knows it. */
  #begun: Position;
  /** Up to here operations may have been applied before the last stop. */
  #replayTo: Position;
  readonly #powerLost: boolean;
  #trouble: Trouble | null = null;
  #condition: Condition = OK;
  readonly #untold: Untold;
  readonly #givenUp = new GivenUp();
  /** As the last checkpoint of an earlier process had it. */
  #origin: number;
  /** Source time of the newest operation that is applied; null: this process has applied none. */
  #timeMs: number | null = null;

  constructor(ports: ApplyPorts) {
    this.#ports = ports;
    const state = ports.journal.load();
    this.#powerLost = isPowerLost(state.begun);
    const wrapped = (index: number, path: RawName) => this.brake.wrap(index, ports.openRoot(index, path));
    this.#roots = new ReplicaRoots(wrapped, ports.journal, state.nodes);
    const covered = this.#powerLost ? state.applied : null;
    this.brake = new BrakeDesk(this.#deskParts(), { state: state.brake, covered });
    this.#run = new MirrorRun(state.compare, state.complete, coveredBy(state));
    this.#streamId = state.streamId;
    this.#epoch = state.epoch;
    this.#applied = state.applied;
    this.#reached = state.applied;
    this.#begun = begunAtMost(state.begun);
    this.#replayTo = this.#begun > state.applied ? this.#begun : position(0);
    this.#untold = new Untold(ports.journal, state.untold);
    this.#origin = state.origin;
  }

  get stream(): StreamStanding {
    const { complete, failures } = this.#run;
    return {
      streamId: this.#streamId,
      epoch: this.#epoch,
      applied: this.#applied,
      complete,
      failures,
      origin: this.#origin,
      replayTo: this.#applied >= this.#replayTo ? position(0) : this.#replayTo,
      timeMs: this.#timeMs,
      mirroring: this.#run.compare !== null,
      lostPower: this.#powerLost,
    };
  }

  /** Digests that `check` may carry. */
  get digests(): readonly DigestName[] {
    return this.#ports.digest.blake3 === undefined ? ['sha256'] : ['blake3', 'sha256'];
  }

  get condition(): Condition {
    if (this.brake.condition !== null) return this.brake.condition;
    if (this.#trouble !== null) return retrying(this.#trouble, this.#pathOf(this.#trouble.record));
    return this.#applied >= this.#replayTo ? OK : replaying(this.#replayTo, this.#applied);
  }

  /** Throws FileError where a replica cannot be opened. `sparesOthers`: see ReplicaRoot. */
  openRoots(specs: readonly RootSpec[], sparesOthers = false): void {
    this.#roots.openAll(specs, sparesOthers);
  }

  /** Failures that the source may not know of yet. */
  get untold(): readonly Failure[] {
    return this.#untold.all;
  }

  /** The source knows of the failures up to here. */
  told(through: Position): void {
    this.#untold.told(through);
  }

  /** What has been committed, as a point that a power cut may leave once `sync` and the journal's checkpoint are through. */
  mark(): { readonly applied: Position; readonly mark: JournalMark } {
    return { applied: this.#applied, mark: this.#ports.journal.mark() };
  }

  /** Everything applied so far goes to the replica's disk. Rejects with FileError. */
  async sync(): Promise<void> {
    await this.brake.whileSyncing(() => Promise.all([...this.#roots.all()].map(({ files }) => files.syncLater())));
  }

  /** The source has sent nothing at or beyond `next`: no more than that can have begun before a power cut. */
  resume(epoch: number, next: Position): void {
    this.#run.linkLost();
    if (this.#replayTo >= next) {
      this.#replayTo = position(next - 1);
      this.#begun = this.#replayTo;
      // To a process killed on the way it matters as much that the power was cut, and that nothing behind this was begun before.
      if (this.#powerLost) this.#ports.journal.begin(powerLostBy(this.#replayTo));
    }
    assert(epoch >= this.#epoch, 'an epoch never falls');
    if (epoch > this.#epoch) this.#ports.journal.raiseEpoch(epoch);
    this.#epoch = epoch;
  }

  /** A new stream: positions start behind `start.applied`. The node table stays where the roots are the same directories. */
  restart(start: StreamStart, specs: readonly RootSpec[]): void {
    assert(start.epoch >= this.#epoch, 'an epoch never falls');
    this.brake.restart(start.applied);
    // What an older stream did is replayed by nobody any more: a power cut must not undo it.
    for (const root of this.#roots.all()) root.files.sync();
    this.#roots.restart(specs);
    this.#ports.journal.restart(start);
    this.#streamId = start.streamId;
    this.#epoch = start.epoch;
    this.#standAt(start.applied);
    this.#trouble = null;
    this.#run = new MirrorRun(null, false, start.applied);
    this.#untold.clear();
    this.#origin = 0;
  }

  /** What comes next waits until everything before it is on the disk. */
  get awaitsCheckpoint(): boolean {
    return this.#run.found.isMovedBy(this.#ports.queue.peek());
  }

  /** A checkpoint of `mark` is through. */
  checkpointed(applied: Position): void {
    this.#run.found.checkpointed(applied);
  }

  /** Applies what is queued, within the budget, and commits it. */
  applySome(nowMs: number, budget: ApplyBudget = DEFAULT_APPLY_BUDGET): ApplyEffects {
    const outbox = new Outbox();
    const waits = this.#roots.shut || (this.#trouble !== null && nowMs < this.#trouble.atMs);
    if (!waits && !this.brake.isHeld) this.#applyBatch(nowMs, budget, outbox);
    outbox.events.push(...this.brake.takeEvents(NO_PATH));
    const before = this.#condition;
    this.#condition = this.condition;
    return {
      applied: this.#applied,
      replies: outbox.replies,
      condition: sameCondition(before, this.#condition) ? null : this.#condition,
      events: outbox.events,
      retryAtMs: this.#trouble?.atMs ?? null,
    };
  }

  /** Lets go of the replica; what was applied but not committed is replayed at the next start. */
  close(): void {
    this.#roots.close();
  }

  #applyBatch(nowMs: number, budget: ApplyBudget, outbox: Outbox): void {
    const { queue } = this.#ports;
    if (this.#trouble?.record === null && !this.#commit(nowMs, outbox)) return;
    let bytes = 0;
    const last = this.#reached + budget.records;
    for (let record = queue.peek(); record !== undefined; record = queue.peek()) {
      if (this.brake.holds || this.#run.found.isMovedBy(record)) break;
      assert(record.sequence === this.#reached + 1, 'the queue is dense');
      const alone = record.verb === Verb.fallocate && shiftsContent(record.detail);
      if (alone && !this.#commit(nowMs, outbox)) return;
      this.#begin(alone ? record.sequence : Math.min(last, queue.last() ?? record.sequence));
      if (!this.#attempt(record, nowMs, outbox)) break;
      bytes += record.data.length;
      this.#roots.readAhead.shift(record, queue);
      this.#reached = position(record.sequence);
      if (alone && !this.#commit(nowMs, outbox)) return;
      if (record.sequence >= last || bytes >= budget.bytes || this.#isLong(outbox)) break;
    }
    this.#commit(nowMs, outbox);
  }

  #isLong(outbox: Outbox): boolean {
    let deferred = 0;
    for (const root of this.#roots.all()) deferred += root.times.size;
    return deferred >= MAX_DEFERRED || outbox.replies.length >= MAX_REPLIES;
  }

  #begin(to: number): void {
    if (this.#begun > this.#reached) return;
    this.#begun = position(to);
    this.#ports.journal.begin(this.#begun);
  }

  /** Returns false where the record has to wait. */
  #attempt(record: OperationRecord, nowMs: number, outbox: Outbox): boolean {
    const mark = outbox.mark();
    try {
      this.brake.before(record);
      this.#apply(record, outbox);
      if (record.timeMs > 0) this.#timeMs = record.timeMs;
      this.#trouble = null;
      return true;
    } catch (thrown) {
      const error = asFileError(thrown);
      outbox.takeBack(mark);
      if (isFull(error.code)) this.brake.makeRoom();
      if (this.#waits(record, error, nowMs)) return false;
      this.#trouble = null;
      this.#giveUp(record, error, outbox);
      return true;
    }
  }

  #apply(record: OperationRecord, outbox: Outbox): void {
    const { verb } = record;
    if (verb === Verb.mirrorBegin) mirrorBegin(record, this.#run);
    else if (verb === Verb.mirrorEnd) this.#endMirror(record, outbox);
    else if (verb === Verb.marker) marker();
    else {
      assert(verb !== Verb.dirty && verb !== Verb.gap && verb !== Verb.cookie, 'a verb of the ring was accepted');
      const context = this.#context(record, outbox);
      if (!leftToInner(record, context)) ROOT_OPERATIONS[verb](record, context);
    }
  }

  #endMirror(record: OperationRecord, outbox: Outbox): void {
    // What the table had not known before a power cut may have put something out of its place that is claimed further on.
    const sweeps = !this.#powerLost || record.sequence > this.#replayTo;
    const event = (e: TargetEvent) => outbox.events.push(e);
    const unfinished = mirrorEnd(record, this.#run, [...this.#roots.all()], { sweeps, event });
    for (const one of unfinished) this.#giveUp(one, NEVER_CAME, outbox);
  }

  #context(record: OperationRecord, outbox: Outbox): ApplyContext {
    return {
      root: this.#rootOf(record),
      run: this.#run,
      digest: this.#ports.digest,
      replaying: record.sequence <= this.#replayTo,
      powerLost: this.#powerLost && record.sequence <= this.#replayTo,
      reply: (reply) => outbox.replies.push(reply),
      event: (event) => outbox.events.push(event),
    };
  }

  #deskParts(): DeskParts {
    return {
      ports: this.#ports.brake,
      journal: this.#ports.journal,
      roots: () => this.#roots,
      run: () => this.#run,
      stands: () => ({ applied: this.#applied, reached: this.#reached, exact: this.#applied >= this.#replayTo }),
      takenBack: (to) => this.#standAt(to),
    };
  }

  #standAt(applied: Position): void {
    this.#applied = applied;
    this.#reached = applied;
    this.#begun = applied;
    this.#replayTo = position(0);
  }

  #rootOf(record: OperationRecord): ReplicaRoot {
    if (record.verb === Verb.root) return this.#roots.open(record.root, rawFromBytes(record.data));
    const root = this.#roots.get(record.root);
    if (root === undefined) throw new FileError('ENOENT', 'open', `root ${record.root} was never announced`);
    return root;
  }

  #waits(record: OperationRecord | null, error: FileError, nowMs: number): boolean {
    const same = this.#trouble !== null && this.#trouble.record?.sequence === record?.sequence;
    const tries = same ? must(this.#trouble, 'trouble').tries + 1 : 1;
    const delay = retryDelay(error.code, tries);
    if (delay === null) return false;
    this.#trouble = { record, error, tries, atMs: nowMs + delay };
    return true;
  }

  #giveUp(record: OperationRecord, error: FileError, outbox: Outbox): void {
    const { replies, events } = this.#givenUp.word(record, error, this.#pathOf(record), !this.#run.failures);
    this.#run.failed();
    for (const reply of replies) if (!this.#untold.add(reply)) this.#run.wordLost();
    outbox.replies.push(...replies);
    outbox.events.push(...events);
  }

  /** Times last, then node changes, then the mark. Returns false where that has to be tried again. */
  #commit(nowMs: number, outbox: Outbox): boolean {
    if (this.#reached === this.#applied) return true;
    if (!this.#setTimes(nowMs, outbox)) return false;
    const { noted: compare, complete } = this.#run;
    this.#untold.commit();
    this.#ports.journal.commit({ applied: this.#reached, complete, compare }, this.#roots.changes());
    this.#roots.committed();
    this.#applied = this.#reached;
    this.brake.committed();
    return true;
  }

  #setTimes(nowMs: number, outbox: Outbox): boolean {
    // A record that is being retried already says what is wrong.
    const retried = this.#trouble !== null && this.#trouble.record !== null;
    for (const root of this.#roots.all()) {
      for (let due = root.times.first(); due !== undefined; due = root.times.first()) {
        try {
          root.times.flushOne(due);
        } catch (thrown) {
          const error = asFileError(thrown);
          if (retried ? retryDelay(error.code, 1) !== null : this.#waits(null, error, nowMs)) return false;
          root.times.drop(due);
          this.#giveUpTimes(root, due, error, outbox);
        }
      }
    }
    if (!retried) this.#trouble = null;
    return true;
  }

  #giveUpTimes(root: ReplicaRoot, handle: Handle, error: FileError, outbox: Outbox): void {
    const node = root.nodes.nodeOf(handle) ?? NO_NODE;
    this.#giveUp(recordOf({ verb: Verb.setattr, root: root.index, sequence: this.#reached, node }), error, outbox);
  }

  #pathOf(record: OperationRecord | null): RawName {
    if (record === null) return NO_PATH;
    const root = this.#roots.get(record.root);
    if (root === undefined) return record.name;
    if (record.verb === Verb.rename) return root.pathFor(record.node, record.parent2, record.name2);
    return root.pathFor(record.node, record.parent, record.name);
  }
}
