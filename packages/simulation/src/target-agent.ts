/**
 * The target's agent as the simulation runs it: TCM and TRM on replicas in memory, wired as the real agent wires them.
 * In: hellos, packets, turns. Out: messages on the link. Promise: replies leave before the acknowledgement of what caused them.
 */
import {
  type AcceptEffects,
  type BrakeState,
  FileError,
  greet,
  mergeConditions,
  sameCondition,
  TargetCommunicationManager,
  TargetReplicationManager,
  type UndoPoint,
} from '@understudy/engine';
import { type MemoryReceivedJournal, type MemoryReplica, MemoryTargetJournal } from '@understudy/engine/testing';
import {
  type Condition,
  encodeRecord,
  type Hello,
  type Position,
  position,
  record,
  Verb,
  type Welcome,
} from '@understudy/wire';
import { AclReplica } from './acl-replica.ts';
import { type BadDisk, Killed } from './bad-disk.ts';
import { Digests } from './digests.ts';
import { FailingReceivedJournal, readFrom } from './failing-target.ts';
import type { LostOfRoot } from './held-replica.ts';
import { TargetLimits } from './target-limits.ts';
import type { TargetAgentOptions } from './target-options.ts';
import type { ToTarget, WireLink } from './wire-link.ts';

/** Refusals that are no fault: a bad disk keeps the replica from being opened, or a person has to decide first. */
const COME_AGAIN: ReadonlySet<string> = new Set(['replica-path-invalid', 'failed', 'brake', 'brake-halted']);

interface Running {
  readonly accept: TargetCommunicationManager;
  readonly apply: TargetReplicationManager;
}

export class TargetAgent {
  readonly replicas: readonly MemoryReplica[];
  readonly journal = new MemoryTargetJournal();
  readonly received: MemoryReceivedJournal;
  readonly disk: BadDisk;
  readonly events: string[] = [];
  readonly limits: TargetLimits;
  readonly #nowMs: () => number;
  readonly #brakeCopyBytes: number | null;
  readonly #digests: Digests;
  #running: Running | null = null;
  link: WireLink | null = null;
  /** Called whenever something was committed. */
  committed: () => void = () => {};
  #told: Condition = { state: 'ok', code: '', sentence: '' };
  /** A mutation for the checkers: packets are acknowledged as applied when they arrive. */
  acknowledgesTooEarly = false;
  /** A mutation for the checkers: the mark is written although the replica has not been synced. */
  marksBeforeSync = false;
  /** A mutation for the checkers: packets count as received as soon as they have come. */
  receivesTooEarly = false;

  constructor(options: TargetAgentOptions) {
    this.disk = options.disk;
    this.received = new FailingReceivedJournal(options.disk, options.journalBytes);
    this.limits = new TargetLimits(this.received, options.memoryBytes);
    this.#nowMs = options.nowMs;
    this.#brakeCopyBytes = options.brakeCopyBytes ?? null;
    this.#digests = options.digests ?? new Digests();
    this.replicas = Array.from({ length: options.roots }, () => new AclReplica({ filePaths: false }));
    const moment = options.moment ?? (() => {});
    for (const replica of this.replicas)
      replica.beforeChange = (call) => {
        moment(replica);
        this.disk.beforeChange(call);
      };
    this.journal.beforeWrite = () => this.disk.beforeWrite();
    this.received.beforeWrite = () => this.disk.beforeWrite();
  }

  /** The replica is at one position, nothing is given up, nothing under way. */
  get settled(): boolean {
    const running = this.#running;
    if (running === null || running.apply.untold.length > 0) return false;
    return running.apply.stream.complete && running.apply.condition.state === 'ok';
  }

  get applied(): Position | null {
    return this.#running?.apply.stream.applied ?? null;
  }

  /** SAFE4: what the brake has come to; null: nothing, or the agent is down. */
  get brake(): BrakeState | null {
    return this.#running?.apply.brake.state ?? null;
  }

  /** The same as the next process will find it. */
  get noted(): BrakeState | null {
    return this.journal.load().brake;
  }

  /** Moments to which the replica can be taken back, oldest first. */
  get points(): readonly UndoPoint[] {
    return this.disk.untouched(() => this.#running?.apply.brake.points() ?? []);
  }

  /** What is not kept back to there. */
  lostSince(point: UndoPoint): readonly LostOfRoot[] {
    return this.disk.untouched(() => this.#running?.apply.brake.lostSince(point) ?? []);
  }

  /** A person's word to the brake. `failed`: the disk would not have it, and it is on its way or nothing is decided. */
  decide(word: 'go-on' | 'halt-here' | UndoPoint, next: Position): 'done' | 'failed' | 'died' {
    const { apply } = this.#mustRun();
    try {
      if (word === 'go-on') apply.brake.goOn(position(next - 1));
      else if (word === 'halt-here') apply.brake.haltHere();
      else apply.brake.rewind(word);
      return 'done';
    } catch (error) {
      if (error instanceof FileError) return 'failed';
      if (!(error instanceof Killed)) throw error;
      this.kill();
      return 'died';
    }
  }

  /** What was kept aside goes when its time is over. Returns false where it died on the way. */
  keepHouse(): boolean {
    try {
      this.#running?.apply.brake.keepHouse();
      return true;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kill();
      return false;
    }
  }

  /** Null: it died while it answered. */
  attach(hello: Hello, link: WireLink): Welcome | null {
    try {
      return this.#attach(hello, link);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kill();
      return null;
    }
  }

  /** Memory is gone; replicas and journal stay. */
  kill(): void {
    this.link = null;
    this.#running = null;
    this.disk.live();
    this.received.reopen();
  }

  /** The machine goes down: of what was not synced some is there and some is not. `below(n)` draws from 0 to n - 1. */
  powerCut(below: (n: number) => number): void {
    this.link = null;
    this.#running = null;
    this.disk.live();
    for (const replica of this.replicas) replica.powerCut(below);
    this.journal.powerCut();
    this.received.powerCut(below(4));
  }

  /** The disk has kept what was appended to the journal. */
  syncReceived(): void {
    const running = this.#running;
    // What counts as received at once is on no disk for a long while, to be seen.
    if (running === null || this.receivesTooEarly) return;
    this.received.sync();
    if (running.accept.noteDurable()) this.#acknowledge(running);
  }

  /** Returns false where it died on the way. */
  checkpoint(): boolean {
    const running = this.#running;
    if (running === null) return true;
    try {
      const { applied, mark } = running.apply.mark();
      const undo = running.apply.brake.mark();
      if (!this.marksBeforeSync) for (const replica of this.replicas) replica.sync();
      running.apply.brake.synced(undo);
      this.journal.checkpointNow(mark, running.accept.origin);
      running.apply.checkpointed(applied);
      this.#effects(running.accept.noteCheckpoint(applied, this.#nowMs()));
      return true;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kill();
      return false;
    }
  }

  #acknowledge({ accept }: Running): void {
    this.link?.toSource.push({ kind: 'acknowledge', received: accept.received, applied: accept.applied });
  }

  /** Returns false where it died on the way. */
  take(message: ToTarget): boolean {
    try {
      this.#take(message);
      return true;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kill();
      return false;
    }
  }

  #take(message: ToTarget): void {
    const { accept, apply } = this.#mustRun();
    if (message.kind === 'confirm') {
      apply.told(message.applied);
      return;
    }
    const { from, to, bytes, origin } = message.packet;
    const { epoch } = message;
    const take = () => this.#effects(accept.accept({ from, to, epoch, origin, records: bytes }, this.#nowMs()));
    this.limits.watch(accept, take);
    if (this.receivesTooEarly) this.link?.toSource.push({ kind: 'acknowledge', received: to, applied: accept.applied });
    if (this.acknowledgesTooEarly) this.link?.toSource.push({ kind: 'acknowledge', received: to, applied: to });
  }

  /** [TCM3] A server that has been superseded sends what would fit. Null: it is sent away by that name. */
  hearSuperseded(epoch: number): string | null {
    const running = this.#running;
    if (epoch < 1 || running === null) return null;
    const at = position(running.accept.received + 1);
    const records = encodeRecord(record({ verb: Verb.marker, sequence: at, extent: 1 }));
    const { refuse, verdict } = running.accept.accept({ from: at, to: at, epoch, origin: 0, records }, this.#nowMs());
    return refuse?.code === 'superseded' ? null : `a packet of the superseded epoch ${epoch} was ${verdict}`;
  }

  /** Returns false where it died on the way. */
  applySome(records: number): boolean {
    if (this.#running === null) return true;
    try {
      this.#applySome(this.#running, records);
      return !this.#running.apply.awaitsCheckpoint || this.checkpoint();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kill();
      return false;
    }
  }

  #attach(hello: Hello, link: WireLink): Welcome | null {
    // As the agent does it: nothing that was accepted and not received stays, for the source numbers on behind what is received.
    if (hello.fresh === true) this.kill();
    const running = this.#start();
    const answer = greet(hello, { accept: running.accept, apply: running.apply, version: 'simulated' });
    if (answer.kind === 'refuse' && COME_AGAIN.has(answer.refuse.code)) return null;
    if (answer.kind === 'refuse') throw new Error(`refused: ${answer.refuse.sentence}`);
    this.link = link;
    running.apply.told(hello.applied);
    if (running.apply.untold.length > 0) link.toSource.push({ kind: 'replies', replies: running.apply.untold });
    this.#tellCondition(running, true);
    if (running.accept.condition.state === 'full') link.toSource.push({ kind: 'pause', paused: true });
    this.#acknowledge(running);
    return answer.welcome;
  }

  #start(): Running {
    if (this.#running !== null) return this.#running;
    const accept = new TargetCommunicationManager(this.limits.accept, this.received);
    const openRoot = (index: number) => readFrom(this.replicas[index] ?? this.#noRoot(index), this.disk);
    const copyBytes = this.#brakeCopyBytes;
    const brake = copyBytes === null ? {} : { brake: { wallMs: this.#nowMs, copyBytes } };
    const ports = { journal: this.journal, openRoot, queue: accept.queue, digest: this.#digests, ...brake };
    const apply = new TargetReplicationManager(ports);
    const { committed } = apply.brake;
    apply.brake.committed = () => {
      try {
        committed.call(apply.brake);
      } finally {
        // Killed on the way it may have begun a moment all the same.
        this.committed();
      }
    };
    this.#running = { accept, apply };
    return this.#running;
  }

  #noRoot(index: number): never {
    throw new Error(`root ${index} does not exist`);
  }

  #mustRun(): Running {
    if (this.#running === null) throw new Error('the target is down');
    return this.#running;
  }

  #applySome(running: Running, records: number): void {
    const { accept, apply } = running;
    const before = apply.stream.applied;
    const effects = apply.applySome(this.#nowMs(), { records, bytes: 1 << 20 });
    for (const event of effects.events) this.events.push(`target ${event.kind}: ${event.sentence}`);
    const { link } = this;
    if (effects.replies.length > 0) link?.toSource.push({ kind: 'replies', replies: effects.replies });
    if (effects.applied > before) {
      this.#effects(accept.noteApplied(effects.applied, this.#nowMs()));
      link?.toSource.push({ kind: 'acknowledge', received: accept.received, applied: accept.applied });
    }
    // Not by what the manager says has changed: what it began with was told at the welcome.
    this.#tellCondition(running, false);
    this.#effects(accept.tick(this.#nowMs()));
  }

  #tellCondition({ accept, apply }: Running, always: boolean): void {
    const condition = mergeConditions(apply.condition, accept.condition);
    if (!always && sameCondition(condition, this.#told)) return;
    this.#told = condition;
    this.link?.toSource.push({ kind: 'condition', condition });
  }

  #effects(effects: AcceptEffects): void {
    const { link } = this;
    if (effects.refuse !== null) throw new Error(`refused: ${effects.refuse.sentence}`);
    if (link === null) return;
    const running = this.#mustRun();
    const { accept } = running;
    if (effects.resend !== null) link.toSource.push({ kind: 'resend', from: effects.resend.from });
    if (effects.flow !== null) link.toSource.push({ kind: 'pause', paused: effects.flow === 'pause' });
    if (effects.acknowledge)
      link.toSource.push({ kind: 'acknowledge', received: accept.received, applied: accept.applied });
    if (effects.condition !== null) this.#tellCondition(running, false);
  }
}
