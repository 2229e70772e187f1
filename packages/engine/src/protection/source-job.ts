/**
 * A job on its source: the path, the mirror or verification that uses it, and the facts its state is derived from.
 * In: records, link events, commands, time. Out: packets, events, a state. It coordinates; the rooms beside it decide.
 */
import type { Condition, OperationRecord, Position, Reply, Welcome } from '@understudy/wire';
import type { LoggedPacket } from '../data-path/source/transmit/transaction-log.ts';
import type { Fold, SourcePath } from '../data-path/source-path.ts';
import { openSourceHalf } from '../data-path.ts';
import type { DigestName, Scope } from '../ports.ts';
import { auditOf, gapRecord, type JobAudit } from './audit/job-audit.ts';
import { NotingWatch } from './audit/noting-watch.ts';
import { type Flushed, Flushes } from './flushes.ts';
import { foldEvent } from './fold-event.ts';
import { type JobMemory, memoryVersion, remember, restore } from './job-memory.ts';
import { mirrorRoot, mirrorWorld } from './job-mirror-world.ts';
import { type JobFacts, type OutsideFacts, type Reason, troubleOf } from './job-state.ts';
import { VolatileMirrorMemory } from './mirror/memory.ts';
import type { Mirror } from './mirror/mirror.ts';
import { noteMistakable } from './mirror/mistakable.ts';
import type { Compare, MirrorOptions } from './mirror/plan.ts';
import type { MirrorProgress } from './mirror/progress.ts';
import type { MirrorRoot, MirrorWorld, Urgency } from './mirror/world.ts';
import { receivedThrough } from './power-cut.ts';
import { RecoveryPoint } from './recovery-point.ts';
import { Refusals } from './refusals.ts';
import { refused } from './refused.ts';
import { changeRules } from './rules/change-rules.ts';
import { Runs } from './runs.ts';
import type { SourceJobOptions, SourceJobWorld } from './source-job-options.ts';

export type { JobEvent, JobRootInput, SourceJobWorld } from './source-job-options.ts';

import type { Verification } from './verify/verification.ts';

/** The mirror rests while this much waits in the queue: replication goes first, memory stays small. */
const MIRROR_QUEUE_BYTES = 4 * 1024 * 1024;
const UNHEARD: Condition = { state: 'replaying', code: 'unheard', sentence: 'the target has not said yet how it is' };

/** Work between two drains of the ring. */
const MIRROR_STEP_BYTES = 1024 * 1024;

export class SourceJob {
  readonly path: SourcePath;
  readonly #world: SourceJobWorld;
  readonly #memoryBytes: number;
  readonly #roots = new Map<number, MirrorRoot>();
  readonly #runs: Runs;
  readonly #recovery = new RecoveryPoint();
  /** Null: cookies are not looked for. */
  readonly audit: JobAudit | null;
  readonly #noting: NotingWatch;
  readonly #refusals = new Refusals();
  readonly #flushes: Flushes;
  #linked = false;
  #condition: Condition | null = null;
  braked: Reason | null = null;
  /** Known to differ, or open to others for a while, and not mended since. */
  replicaDoubted = false;
  /** The one that both sides can make. */
  #digest: DigestName = 'sha256';
  #emptied: SourceJobOptions['emptied'];
  #paused = false;
  /** Why its own limits let nothing out now. */
  #held: Reason | null = null;

  constructor(options: SourceJobOptions) {
    this.#world = options.world;
    const { next, limits, store, goesOn } = options;
    this.#memoryBytes = limits.memoryBytes;
    this.#emptied = options.emptied;
    // In microseconds: no later run of the process begins with a number that this one has come to.
    const firstMarker = Math.floor(options.world.wallMs()) * 1000;
    const more = { lettingGo: () => this.#world.lettingGo?.(), ...(options.window && { window: options.window }) };
    this.path = openSourceHalf({ next, limits, store, goesOn, firstMarker, ...more });
    for (const [index, root] of options.roots.entries()) {
      const added = mirrorRoot(root, index);
      this.path.srm.roots.set(index, added.scope);
      added.scope.isListed = () => this.#whole;
      this.#roots.set(index, added);
    }
    this.#runs = new Runs({
      world: this.#makeMirrorWorld(),
      dirty: this.path.srm.dirty,
      refusals: this.#refusals,
      event: (event) => this.#world.event(event),
      memory: options.mirrorMemory ?? new VolatileMirrorMemory(),
      ...(options.mirror === undefined ? {} : { options: options.mirror }),
      goesOn: goesOn !== undefined,
      completed: (complete) => {
        if (complete && this.#emptied === 'once') this.#emptied = 'ask';
      },
    });
    this.audit = options.audit === undefined ? null : auditOf(options.audit, this.#roots.keys(), this.#auditWorld);
    this.#noting = new NotingWatch(options, this.path.srm);
    this.#flushes = new Flushes({
      mark: (settle) => this.path.mark(this.#world.wallMs(), settle),
      whole: () => this.#whole,
      unrepairable: () => this.#refusals.unrepairable.size,
    });
    if (goesOn !== undefined) restore(goesOn, this.#rooms, this.path.srm);
  }

  /** What the next run of the process has to know. */
  remember(): JobMemory {
    return remember(this.#rooms);
  }

  /** Changes when `remember` would say something new that must be kept. */
  get memoryVersion(): string {
    return memoryVersion(this.#rooms);
  }

  get #rooms() {
    const { dirty, roots } = this.path.srm;
    const mine = { runs: this.#runs, refusals: this.#refusals, roots: this.#roots, world: this.#world };
    return { dirty, scopes: roots, ...mine };
  }

  get mirror(): Mirror | null {
    return this.#runs.mirror;
  }

  get verification(): Verification | null {
    return this.#runs.verification;
  }

  get progress(): MirrorProgress {
    return this.#runs.progress;
  }

  get recovery(): RecoveryPoint {
    return this.#recovery;
  }

  get roots(): ReadonlyMap<number, MirrorRoot> {
    return this.#roots;
  }

  get knownNodes(): number {
    let nodes = 0;
    for (const root of this.#roots.values()) nodes += root.scope.size;
    return nodes;
  }

  // ------------------------------------------------------------------------------------------------- from the ring

  intercepted(records: Uint8Array, at: number, length: number, root: number): OperationRecord | null {
    const decoded = this.path.intercepted(records, at, length, root);
    if (decoded === null) return null;
    this.#recovery.recorded(decoded.timeMs);
    this.#runs.verification?.observe(decoded);
    const { mirror, complete } = this.#runs;
    noteMistakable(decoded, { mirror, incomplete: !complete, dirty: this.path.srm.dirty });
    return decoded;
  }

  /** After every drain: limits, repairs that became due, a piece of the mirror. Says when to call again. */
  pump(): Urgency {
    this.path.enforceLimit();
    for (const fold of this.path.takeFolds()) this.#folded(fold);
    if (!this.#linked || this.#paused || this.#held !== null) return 'idle';
    // While calls may pass unseen a comparison would have to be done again afterwards.
    if (this.audit?.mayCompare !== false) this.#runs.startDue();
    const room = this.path.srm.queue.bytes < Math.min(MIRROR_QUEUE_BYTES, this.#memoryBytes / 8);
    if (room) this.#runs.step(Math.min(MIRROR_STEP_BYTES, this.#memoryBytes / 8));
    this.#finishRuns();
    this.#settleScopes();
    if (!room) return 'idle';
    const { urgencies } = this.#runs;
    if (urgencies.includes('now')) return 'now';
    return urgencies.includes('soon') || this.audit?.awaitsBarrier === true ? 'soon' : 'idle';
  }

  /** What went to the wire and came back is exact up to here: call after a drain, for the recovery point. */
  nextPacket(): LoggedPacket | undefined {
    return this.#paused || this.#held !== null ? undefined : this.path.nextPacket();
  }

  observeTime(drainedAtMs: number): void {
    const { applied } = this.path.scm;
    // Nothing is known of what the target has applied before it has said so, after a restart, nor of how it is behind a welcome.
    const heard = !this.path.awaiting && this.#condition !== UNHEARD;
    this.#recovery.observe({
      whole: this.#whole && this.#refusals.unrepairable.size === 0 && heard && !this.replicaDoubted,
      oldestTimeMs: this.path.oldestTimeMs(),
      drainedAtMs,
      ...(this.audit === null ? {} : { cookieTimeMs: this.audit.appliedTimeMs, all: applied >= this.path.next - 1 }),
      applied,
    });
  }

  /** A while has passed, as a clock says that nobody sets: behind a drain, before a pump. */
  passed(nowMs: number): void {
    this.#noting.look(nowMs, this.#linked);
    this.audit?.observe(nowMs, this.#linked && !this.#paused && this.#held === null);
  }

  // ------------------------------------------------------------------------------------------------- from the link

  linkUp(welcome: Welcome): void {
    this.#linked = true;
    this.audit?.linkUp();
    // The target says how it is right behind its welcome; until then nothing good is assumed.
    this.#condition = UNHEARD;
    this.#digest = welcome.digest ?? 'sha256';
    // Of a target that has less than it had said before this process began, nothing is certain.
    const resumes = welcome.resumes && this.path.goOn(welcome);
    this.#runs.linkUp({ ...welcome, resumes });
    this.#recovery.stands(resumes ? welcome.applied : null);
    if (resumes) {
      this.path.scm.linkUp(welcome.received, welcome.applied);
      this.path.welcomed(welcome.received, welcome.applied);
    } else {
      this.path.restart(welcome.resumes ? welcome : undefined);
      this.path.scm.linkUp(this.path.scm.received, this.path.scm.applied);
    }
    this.path.srm.setNoting(null);
  }

  linkDown(): void {
    this.#linked = false;
    this.path.scm.linkDown();
  }

  /** Null, or why a target cannot have come as far as it says. */
  unbelievable(received: Position, applied: Position): string | null {
    const last = this.path.next - 1;
    // It may have applied what is not durable there yet.
    if (Math.max(received, applied) <= last) return null;
    return `it says that it has received all up to ${received} and applied all up to ${applied}, and the last that was sent is ${last}`;
  }

  acknowledged(received: Position, applied: Position): void {
    this.path.acknowledged(received, applied);
    this.#finishRuns();
  }

  replied(replies: readonly Reply[]): void {
    for (const reply of replies) {
      if (reply.kind === 'failed') refused(reply, this.#rooms);
      this.#runs.replied(reply);
    }
  }

  condition(condition: Condition): void {
    this.#condition = condition.state === 'ok' ? null : condition;
    this.braked = condition.state === 'held' ? { code: condition.code, sentence: condition.sentence } : null;
  }

  // ----------------------------------------------------------------------------------------------------- commands

  startMirror(compare: Compare, options: Partial<MirrorOptions> = {}): void {
    this.#runs.command(compare, options);
  }

  /** Mirror, repair and verification. */
  get runs(): Runs {
    return this.#runs;
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /** SCM4: the limits of its transmission hold the job, or let it go on. */
  setHeld(held: Reason | null): void {
    this.#held = held;
  }

  /** Ring sequence up to which every operation is received; null: some are not, and nobody knows which. See power-cut.ts. */
  settledThrough(drained: number): number | null {
    return this.#whole && this.#refusals.unrepairable.size === 0 ? receivedThrough(this.path, drained) : null;
  }

  /** What there is to send, and to be acknowledged; `due`: besides, what a run has still to find. */
  get waiting(): { readonly waitingBytes: number; readonly due: boolean; readonly idle: boolean } {
    const waitingBytes = this.path.srm.queue.bytes + this.path.scm.inFlightBytes;
    return { waitingBytes, due: this.#runs.due, idle: waitingBytes === 0 && !this.#runs.due };
  }

  /** Other rules from here on, one scope a root; see rules/change-rules.ts. */
  changeRules(scopes: readonly Scope[]): void {
    changeRules(scopes, this.#rooms);
  }

  /** Null: one is running already, or the job is not in a state for it. */
  startVerification(onDone: (verification: Verification) => void, repair = false): Verification | null {
    return this.#runs.verify({ onDone, repair });
  }

  /** See flushes.ts. Drain the ring before. */
  flush(settle: Flushed): void {
    this.#flushes.add(settle);
  }

  // -------------------------------------------------------------------------------------------------------- facts

  facts(outside: OutsideFacts): JobFacts {
    return {
      ...outside,
      paused: this.#paused,
      held: this.#held,
      braked: this.braked,
      linked: this.#linked,
      targetReplaying: this.#condition?.state === 'replaying',
      targetTrouble: troubleOf(this.#condition),
      mirror: this.#runs.fact,
      complete: this.#runs.complete,
      dirtyItems: this.path.srm.dirty.size,
      unrepairable: this.#refusals.unrepairable.size,
      mirrorStopped: this.#runs.mirrorStopped,
      ...(this.audit === null ? {} : { audit: this.audit.fact() }),
    };
  }

  unrepairable(): readonly string[] {
    return [...this.#refusals.unrepairable.values()];
  }

  // ------------------------------------------------------------------------------------------------------ within

  /** Nothing is known that the target lacks but what is under way to it. */
  get #whole(): boolean {
    return this.#runs.complete && this.mirror === null && this.path.srm.dirty.size === 0;
  }

  get #auditWorld() {
    const gap = (root: number): void => {
      const bytes = gapRecord(root, this.#world.wallMs());
      this.intercepted(bytes, 0, bytes.length, root);
      this.#world.lettingGo?.();
    };
    return { path: this.path, gap, world: this.#world };
  }

  #makeMirrorWorld(): MirrorWorld {
    return mirrorWorld({
      world: this.#world,
      roots: this.#roots,
      path: this.path,
      refusals: this.#refusals,
      digestName: () => this.#digest,
      asksIfEmpty: () => this.#emptied === 'ask',
    });
  }

  #finishRuns(): void {
    this.#runs.finish();
    if (this.mirror === null && this.#runs.complete && this.path.srm.dirty.size === 0) this.#flushes.again();
  }

  #folded(fold: Fold): void {
    this.#loseRuns();
    const places = this.path.srm.dirty.size;
    // A first stream begins anew as well, and there is nothing in it to tell of.
    if (fold.reason !== 'stream-lost' || places > 0) this.#world.event(foldEvent(fold, places));
  }

  /** Once nothing differs any more, the target knows all there is. */
  #settleScopes(): void {
    if (this.#whole) this.path.acknowledgedMark.found();
    if (!this.#whole || this.#refusals.unrepairable.size > 0) return;
    this.path.srm.settleScopes();
  }

  /** What a mirror had said is no longer sure to arrive: it begins again. */
  #loseRuns(): void {
    this.#runs.lose();
    this.#finishRuns();
  }
}
