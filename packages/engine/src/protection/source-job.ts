/**
 * A job on its source: the path, the mirror or verification that uses it, and the facts its state is derived from.
 * In: records, link events, commands, time. Out: packets, events, a state. It coordinates; the rooms beside it decide.
 */
import { type RawName, rawToBytes } from '@understudy/base';
import {
  type Condition,
  type NodeId,
  type OperationRecord,
  type Position,
  type RecordInput,
  type Reply,
  record,
  Verb,
  type Welcome,
} from '@understudy/wire';
import { RootScope } from '../data-path/source/queue/root-scope.ts';
import type { QueueLimits } from '../data-path/source/queue/source-replication-manager.ts';
import type { Window } from '../data-path/source/transmit/source-communication-manager.ts';
import type { LoggedPacket } from '../data-path/source/transmit/transaction-log.ts';
import type { MarkOutcome, SourcePath } from '../data-path/source-path.ts';
import { openSourceHalf } from '../data-path.ts';
import type { Barrier, Digest, Scope, SourceFiles } from '../ports.ts';
import type { JobFacts, Reason } from './job-state.ts';
import { type Compare, Mirror, type MirrorRoot, type MirrorWorld, type Urgency } from './mirror/mirror.ts';
import { noProgress } from './mirror/progress.ts';
import { pathForPeople } from './path-for-people.ts';
import { RecoveryPoint } from './recovery-point.ts';
import { Refusals, refusalEvent } from './refusals.ts';
import { Verification } from './verify/verification.ts';

export interface JobEvent {
  readonly code: string;
  readonly severity: 'information' | 'warning' | 'error';
  readonly sentence: string;
}

/** What the job needs from its surroundings. */
export interface SourceJobWorld {
  readonly digest: Digest;
  wallMs(): number;
  barrier(): Barrier;
  passed(barrier: Barrier): boolean;
  event(event: JobEvent): void;
}

export interface JobRootInput {
  readonly path: RawName;
  readonly files: SourceFiles;
  readonly scope: Scope;
}

/** The mirror rests while this much waits in the queue: replication goes first, memory stays small. */
const MIRROR_QUEUE_BYTES = 4 * 1024 * 1024;
/** A range taken out of a file or put into it: the one change that is another when it is done twice. */
const shiftsContent = (r: OperationRecord): boolean => r.verb === Verb.fallocate && (r.detail & (8 | 32)) !== 0;

const UNHEARD: Condition = { state: 'replaying', code: 'unheard', sentence: 'the target has not said yet how it is' };

/** Work between two drains of the ring. */
const MIRROR_STEP_BYTES = 1024 * 1024;

export class SourceJob {
  readonly path: SourcePath;
  readonly #world: SourceJobWorld;
  readonly #memoryBytes: number;
  readonly #roots = new Map<number, MirrorRoot>();
  readonly #mirrorWorld: MirrorWorld;
  readonly #recovery = new RecoveryPoint();
  readonly #refusals = new Refusals();
  #mirror: Mirror | null = null;
  #verification: Verification | null = null;
  #onVerified: ((verification: Verification) => void) | null = null;
  #linked = false;
  #complete = false;
  #wantedMirror: Compare | null = null;
  /** It was asked for by somebody. */
  #commanded = false;
  #progress = noProgress();
  #condition: Condition | null = null;
  #paused = false;

  constructor(options: {
    readonly world: SourceJobWorld;
    readonly next: Position;
    readonly limits: QueueLimits;
    readonly window?: Window;
    readonly roots: readonly JobRootInput[];
  }) {
    this.#world = options.world;
    const { next, limits } = options;
    this.#memoryBytes = limits.memoryBytes;
    this.path = openSourceHalf({ next, limits, ...(options.window === undefined ? {} : { window: options.window }) });
    for (const [index, root] of options.roots.entries()) this.#addRoot(root, index);
    this.#mirrorWorld = this.#makeMirrorWorld();
  }

  get mirror(): Mirror | null {
    return this.#mirror;
  }

  get verification(): Verification | null {
    return this.#verification;
  }

  get progress() {
    return this.#mirror?.progress ?? this.#progress;
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
    this.#verification?.observe(decoded);
    if (this.#mirror !== null && shiftsContent(decoded))
      this.path.srm.dirty.addNode(root, decoded.node, 'shifted-while-mirrored');
    return decoded;
  }

  /** After every drain: limits, repairs that became due, a piece of the mirror. Says when to call again. */
  pump(): Urgency {
    if (this.path.enforceLimit()) this.#folded();
    if (!this.#linked || this.#paused) return 'idle';
    this.#startDue();
    const room = this.path.srm.queue.bytes < Math.min(MIRROR_QUEUE_BYTES, this.#memoryBytes / 8);
    if (room) this.#mirror?.step(Math.min(MIRROR_STEP_BYTES, this.#memoryBytes / 8));
    if (room) this.#verification?.step();
    this.#finishRuns();
    if (!room) return 'idle';
    const urgencies = [this.#mirror?.urgency, this.#verification?.urgency];
    if (urgencies.includes('now')) return 'now';
    return urgencies.includes('soon') ? 'soon' : 'idle';
  }

  /** What went to the wire and came back is exact up to here: call after a drain, for the recovery point. */
  nextPacket(): LoggedPacket | undefined {
    return this.#paused ? undefined : this.path.nextPacket();
  }

  observeTime(drainedAtMs: number): void {
    this.#recovery.observe({
      whole: this.#whole && this.#refusals.unrepairable.size === 0,
      oldestTimeMs: this.path.oldestTimeMs(),
      drainedAtMs,
      applied: this.path.scm.applied,
    });
  }

  // ------------------------------------------------------------------------------------------------- from the link

  linkUp(welcome: Welcome): void {
    this.#linked = true;
    // The target says how it is right behind its welcome; until then nothing good is assumed.
    this.#condition = UNHEARD;
    if (!welcome.complete) this.#complete = false;
    // Replies that were under way when the link broke are gone: a run that counts on them begins again.
    if (welcome.resumes && (this.#mirror !== null || this.#verification !== null)) this.#loseRuns();
    if (welcome.resumes) {
      this.path.scm.linkUp(welcome.received, welcome.applied);
      this.path.acknowledged(welcome.received, welcome.applied);
    } else {
      this.#loseRuns();
      this.path.restart();
      this.path.scm.linkUp(this.path.scm.received, this.path.scm.applied);
      this.#complete = false;
    }
    if (!this.#complete && this.#mirror === null) this.#wantedMirror ??= 'checksum';
  }

  linkDown(): void {
    this.#linked = false;
    this.path.scm.linkDown();
  }

  acknowledged(received: Position, applied: Position): void {
    this.path.acknowledged(received, applied);
    this.#finishRuns();
  }

  replied(replies: readonly Reply[]): void {
    for (const reply of replies) {
      if (reply.kind === 'failed') this.#refused(reply);
      else {
        this.#mirror?.onReply(reply);
        this.#verification?.onReply(reply);
      }
      if (reply.kind === 'orphan' && this.#mirror !== null) this.#mirror.orphans += 1;
    }
  }

  condition(condition: Condition): void {
    this.#condition = condition.state === 'ok' ? null : condition;
    this.path.scm.setPaused(condition.state === 'full');
  }

  // ----------------------------------------------------------------------------------------------------- commands

  startMirror(compare: Compare): void {
    this.#commanded = true;
    this.#wantedMirror = compare;
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /** Null: one is running already, or the job is not in a state for it. */
  startVerification(onDone: (verification: Verification) => void): Verification | null {
    if (this.#verification !== null || this.#mirror !== null || !this.#complete) return null;
    this.#verification = new Verification(this.#mirrorWorld);
    this.#onVerified = onDone;
    return this.#verification;
  }

  /** Calls back when everything intercepted before this call is applied and nothing is dirty. Drain the ring before. */
  flush(settle: (at: Position) => void): void {
    this.path.mark(this.#world.wallMs(), (outcome) => {
      if (outcome.kind === 'applied' && this.#whole) settle(outcome.at);
      else this.#flushLater.push(settle);
    });
  }
  #flushLater: ((at: Position) => void)[] = [];

  // -------------------------------------------------------------------------------------------------------- facts

  facts(outside: Pick<JobFacts, 'started' | 'halt' | 'linkReason' | 'ordered' | 'orderedWhy'>): JobFacts {
    return {
      ...outside,
      paused: this.#paused,
      linked: this.#linked,
      targetReplaying: this.#condition?.state === 'replaying',
      targetTrouble: this.#trouble(),
      mirror: this.#mirrorFact(),
      complete: this.#complete,
      dirtyItems: this.path.srm.dirty.size,
      unrepairable: this.#refusals.unrepairable.size,
    };
  }

  unrepairable(): readonly string[] {
    return [...this.#refusals.unrepairable.values()];
  }

  #trouble(): Reason | null {
    const condition = this.#condition;
    if (condition === null || condition.state === 'replaying') return null;
    return { code: condition.code, sentence: condition.sentence };
  }

  #mirrorFact(): JobFacts['mirror'] {
    if (this.#mirror === null) return 'none';
    if (this.#mirror.repairing) return 'repairing';
    return this.#mirror.scanning ? 'scanning' : 'running';
  }

  // ------------------------------------------------------------------------------------------------------ within

  /** Nothing is known that the target lacks but what is under way to it. */
  get #whole(): boolean {
    return this.#complete && this.#mirror === null && this.path.srm.dirty.size === 0;
  }

  #addRoot(root: JobRootInput, index: number): void {
    const scope = new RootScope({ scope: root.scope, rootPath: root.path, rootNode: root.files.rootNode });
    this.path.srm.roots.set(index, scope);
    this.#roots.set(index, { index, path: rawToBytes(root.path), files: root.files, scope });
  }

  #makeMirrorWorld(): MirrorWorld {
    const world = this.#world;
    return {
      roots: this.#roots,
      digest: world.digest,
      say: (input: RecordInput) => this.path.srm.say(record({ timeMs: world.wallMs(), ...input })),
      mark: (settle: (outcome: MarkOutcome) => void) => this.path.mark(world.wallMs(), settle),
      barrier: () => world.barrier(),
      passed: (barrier: Barrier) => world.passed(barrier),
      unreadable: (root: number, node: NodeId, why: string, name?: RawName | undefined) =>
        this.#unreadable(root, node, why, name),
    };
  }

  #startDue(): void {
    if (this.#mirror !== null) return;
    const world = this.#mirrorWorld;
    if (this.#wantedMirror !== null || this.path.srm.dirty.size > 0) this.#refusals.runBegins();
    if (this.#wantedMirror !== null) {
      this.#endVerification();
      // Attributes tell nothing of content that is known to differ: that is repaired behind this mirror.
      if (this.#wantedMirror !== 'attributes') this.path.srm.dirty.take();
      if (this.#commanded) this.#refusals.clear();
      else this.#refusals.retry();
      this.#commanded = false;
      this.#mirror = new Mirror({ world, compare: this.#wantedMirror });
      this.#wantedMirror = null;
    } else if (this.#complete && this.path.srm.dirty.size > 0) {
      this.#endVerification();
      this.#mirror = new Mirror({ world, compare: 'checksum', items: this.path.srm.dirty.take() });
    }
  }

  #finishRuns(): void {
    const mirror = this.#mirror;
    if (mirror?.done) {
      this.#progress = mirror.progress;
      this.#mirror = null;
      this.#complete = true;
      this.#mirrorEnded(mirror);
    } else if (mirror?.lost) {
      // It had taken the dirty map over, and brought the target only a part of it.
      this.#mirror = null;
      this.#complete = false;
      this.#wantedMirror = 'checksum';
    }
    const verification = this.#verification;
    if (verification !== null && (verification.done || verification.lost)) this.#endVerification();
    if (this.#mirror === null && this.#complete) this.#flushAgain();
  }

  #mirrorEnded(mirror: Mirror): void {
    const what = mirror.repairing ? 'repair' : 'mirror';
    const { filesDone, bytesSent } = mirror.progress;
    const orphans =
      mirror.orphans === 0 ? '' : ` ${mirror.orphans} names on the target are not on the source; they were left alone.`;
    this.#world.event({
      code: `${what}-ended`,
      severity: 'information',
      sentence: `The ${what} ended: ${filesDone} files handled, ${bytesSent} bytes sent.${orphans}`,
    });
  }

  #flushAgain(): void {
    if (this.#flushLater.length === 0 || this.path.srm.dirty.size > 0) return;
    const later = this.#flushLater;
    this.#flushLater = [];
    for (const settle of later) this.flush(settle);
  }

  #endVerification(): void {
    const verification = this.#verification;
    if (verification === null) return;
    if (!verification.done) verification.markLost();
    this.#verification = null;
    this.#onVerified?.(verification);
    this.#onVerified = null;
  }

  #folded(): void {
    this.#loseRuns();
    this.#world.event({
      code: 'queue-full',
      severity: 'warning',
      sentence: `The send queue reached its limit; ${this.path.srm.dirty.size} places are noted and will be repaired, nothing is lost.`,
    });
  }

  /** What a mirror had said is no longer sure to arrive: it begins again. */
  #loseRuns(): void {
    this.#mirror?.markLost();
    this.#finishRuns();
    this.#endVerification();
  }

  #refused(reply: Extract<Reply, { kind: 'failed' }>): void {
    const { root, node, parent, errno } = reply;
    const remedy = this.#refusals.add(root, node, reply);
    this.#world.event(refusalEvent(errno, remedy));
    if (remedy === 'mirror') this.#wantedMirror ??= 'checksum';
    if (remedy !== 'repair') return;
    this.path.srm.dirty.addNode(root, node, 'refused-by-target');
    if (parent !== 0n) this.path.srm.dirty.addNode(root, parent, 'refused-by-target');
  }

  #unreadable(root: number, node: NodeId, why: string, name?: RawName | undefined): void {
    const path = pathForPeople(this.#roots.get(root)?.files, node, name);
    this.#refusals.giveUp(root, node, `${path}: ${why}`);
    const sentence = `${path} is protected but cannot be read: ${why}.`;
    this.#world.event({ code: 'unreadable', severity: 'error', sentence });
  }
}
