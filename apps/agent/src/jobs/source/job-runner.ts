/**
 * One started job on its source: the engine's SourceJob, its link, and what people see of it.
 * In: records of the interceptor, turns of the pump, commands. Out: packets on the link, events, a status.
 */
import type { RawName } from '@understudy/base';
import {
  differsReason,
  type JobFacts,
  type JobState,
  OTHER_VERSION,
  type Reason,
  type Scope,
  type SourceJob,
  standingOf,
  type Urgency,
} from '@understudy/engine';
import {
  type Condition,
  EMPTIED_ROOT,
  type Hello,
  type Position,
  position,
  type Reply,
  type Welcome,
} from '@understudy/wire';
import type { StoredJob } from '../stored-job.ts';
import { JobLink } from './job-link.ts';
import { LastTouched } from './last-touched.ts';
import { makeJob } from './make-job.ts';
import { Opening } from './opening.ts';
import { rootEmptied } from './root-guard.ts';
import { Ends } from './runner-ends.ts';
import type { RunnerOptions } from './runner-options.ts';
import { sentenceOf } from './sentence-of.ts';
import { besideLink, makeSynchronous } from './synchronous/make-synchronous.ts';
import type { Synchronous } from './synchronous/synchronous.ts';
import { Transmission } from './transmission.ts';

/** The target keeps what it could not apply until it hears that the source knows: told about this often. */
const CONFIRM_MS = 1000;

export type { RunnerOptions, RunnerRoot } from './runner-options.ts';

export class JobRunner {
  readonly options: RunnerOptions;
  readonly job: SourceJob;
  readonly #link: JobLink;
  #scopes: readonly Scope[];
  readonly transmission: Transmission;
  /** Null: calls of this driver cannot be made to wait. */
  readonly synchronous: Synchronous | null;
  #halt: Reason | null = null;
  readonly #touched = new LastTouched();
  #lastState = '';
  #targetWrites: Welcome['targetWrites'];
  #targetQueue: Condition['queue'];
  #confirmedAtMs = 0;
  #closed = false;
  #forgotten = false;
  #more: Pick<Hello, 'brake' | 'handover'> = {};
  #epoch: number;
  readonly opening = new Opening();
  /** Who is told once when the job stops or halts. */
  readonly ends = new Ends();

  constructor(options: RunnerOptions) {
    this.options = options;
    this.#epoch = options.epoch;
    this.job = makeJob(options);
    this.#scopes = options.roots.map(({ scope }) => scope);
    this.#link = this.#makeLink();
    this.transmission = this.#makeTransmission();
    this.synchronous = makeSynchronous(options, this.job, () => this.facts());
  }

  /** Ring sequence up to which the ring is not needed for this job. */
  ringThrough(): number {
    const { survival } = this.options;
    if (survival === undefined) return Number.POSITIVE_INFINITY;
    const through = survival.through(this.job);
    if (!survival.isKept(this.job)) this.#keepSoon(survival.pauseMs);
    return through;
  }

  get audit(): SourceJob['audit'] {
    return this.job.audit;
  }

  /** Ring sequence up to which every operation is received, and known to be by the next process. */
  settledThrough(drained: number): number | null {
    return this.options.survival?.settledThrough(this.job, drained) ?? null;
  }

  /** A state that may not be written down yet is written then, though nothing else should happen to the job for hours. */
  #keepSoon(ms: number): void {
    if (this.#closed) return;
    this.#keeping ??= setTimeout(() => {
      this.#keeping = null;
      this.options.wake();
    }, ms).unref();
  }
  #keeping: NodeJS.Timeout | null = null;

  /** What the job has come to is known to the next process from now on, before anybody hears of it. */
  keep(): void {
    this.options.survival?.beforeLettingGo(this.job);
  }

  /** The ring needs room: what only it holds goes to the queue's store, or is noted as dirty. */
  keepAll(): void {
    if (this.options.survival !== undefined) this.job.path.keepAll();
  }

  /** The job ends, and changes are not seen from now on: nothing goes on where it was. */
  forget(): void {
    this.options.survival?.forget();
    this.#forgotten = true;
  }

  /** One encoded record of the ring, for the job's root number `index`. */
  intercepted(records: Uint8Array, at: number, length: number, index: number): void {
    const decoded = this.job.intercepted(records, at, length, index);
    if (decoded !== null) this.#touched.note(this.options.roots[index]?.root, decoded.node);
  }

  /** After a drain that began at `drainedAtMs`; says when the next turn is due. */
  turn(drainedAtMs: number): Urgency {
    this.job.passed(performance.now());
    const urgency = this.job.pump();
    while (this.#link.writable && this.transmission.admits()) {
      const packet = this.job.nextPacket();
      if (packet === undefined) break;
      this.options.reserve.used(packet.to);
      this.#link.send(packet);
    }
    this.job.observeTime(drainedAtMs);
    this.#noteState();
    return urgency;
  }

  /** Other rules from here on, one scope a root; the job as it is stored with them. */
  changeRules(scopes: readonly Scope[], stored: StoredJob): void {
    this.job.changeRules(scopes);
    this.options.survival?.belongsTo(stored, this.job);
    this.#scopes = scopes;
  }

  /** By hand: nothing is sent. */
  setPaused(paused: boolean): void {
    this.job.setPaused(paused);
    this.#link.sender.hold('person', paused);
  }

  get scopes(): readonly Scope[] {
    return this.#scopes;
  }

  state(): JobState {
    return standingOf(this.facts());
  }

  facts(): JobFacts {
    return this.job.facts({
      started: true,
      halt: this.#halt,
      linkReason: besideLink(this.#link.reason, this.synchronous),
      notSynchronous: this.synchronous?.reason ?? null,
      differs: this.opening.reason ?? differsReason(this.job.runs.differences),
      ordered: this.options.ordered,
      orderedWhy: this.options.orderedWhy,
      unseenWhy: this.options.unseen?.(this.#scopes) ?? null,
      role: this.options.role,
    });
  }

  /** Path of the file that the newest operation touched; null: none yet, or it is gone. */
  lastFileTouched(): RawName | null {
    return this.#touched.path();
  }

  /** It has ended by a halt, for a person to look. */
  get isHalted(): boolean {
    return this.#halt !== null;
  }

  /** The target hears of them with the next hello, which is said at once. */
  renew(more: Pick<Hello, 'brake' | 'handover'>): void {
    this.#more = { ...this.#more, ...more };
    this.#link.renew();
  }

  /** Stops here, for a person to look: no more records, no link, and the roots' files are not touched again. */
  halt(reason: Reason, fault?: unknown): void {
    if (this.#halt !== null || this.#closed) return;
    this.#halt = reason;
    this.#touched.forget();
    this.options.halting?.(reason, this.job);
    this.synchronous?.freeze();
    this.options.detach();
    this.forget();
    this.#link.close();
    this.transmission.close();
    this.job.linkDown();
    if (fault !== undefined) this.options.fault(fault);
    this.options.event({ code: reason.code, severity: 'error', sentence: reason.sentence });
    this.ends.tell(reason);
    this.#noteState();
  }

  /** `release`: calls that wait for the target wait no longer; otherwise they wait for the next who serves the job. */
  close(release = false): void {
    this.#closed = true;
    if (this.#keeping !== null) clearTimeout(this.#keeping);
    this.synchronous?.end(release);
    this.#link.close();
    this.transmission.close();
    this.options.mirrorMemory?.close();
    this.options.survival?.close(this.#forgotten ? null : this.job);
    this.ends.tell({ code: 'stopped', sentence: 'the job was stopped' });
  }

  /** It speaks for this epoch from now on, on the same stream. */
  raiseEpoch(stored: StoredJob): void {
    this.#epoch = stored.epoch;
    this.options.survival?.belongsTo(stored, this.job);
    this.#link.renew();
  }

  /** Whether others can change the replica, as the target last said. */
  get targetWrites(): Welcome['targetWrites'] {
    return this.#targetWrites;
  }

  /** What the target has received and not applied, as it last said on this link. */
  get targetQueue(): Condition['queue'] {
    return this.#targetQueue;
  }

  get traffic(): JobLink['sender']['traffic'] {
    return this.#link.sender.traffic;
  }

  #makeTransmission(): Transmission {
    const { job, options } = this;
    return new Transmission(options.transmission ?? { compression: 'none', bandwidth: null }, {
      sender: this.#link.sender,
      facts: () => job.waiting,
      hold: (reason) => {
        job.setHeld(reason);
        this.#link.sender.hold('limits', reason !== null);
        options.wake();
      },
    });
  }

  #makeLink(): JobLink {
    const { job, options } = this;
    const wake = options.wake;
    return new JobLink({
      dial: options.dial,
      epoch: () => this.#epoch,
      targetName: options.targetName,
      events: {
        hello: () => this.#hello(),
        up: (welcome) => this.#up(welcome),
        down: () => {
          this.#targetQueue = undefined;
          job.linkDown();
          options.event({ code: 'link-down', severity: 'warning', sentence: this.#link.reason.sentence });
          wake();
        },
        halt: (reason) => this.halt(reason),
        unbelievable: (received, applied) => job.unbelievable(received, applied),
        acknowledged: (received, applied) => {
          job.acknowledged(received, applied);
          options.held?.acknowledge();
          this.#confirm(applied);
          wake();
        },
        resend: (from) => {
          job.path.scm.resend(from);
          wake();
        },
        replies: (replies) => this.#replied(replies),
        condition: (condition) => {
          this.#targetQueue = condition.queue;
          this.opening.heard(condition.opened);
          job.condition(condition);
          wake();
        },
        paused: (paused) => {
          job.path.scm.setPaused(paused);
          wake();
        },
        unlinked: wake,
        writable: wake,
        fault: options.fault,
      },
    });
  }

  #replied(replies: readonly Reply[]): void {
    for (const reply of replies)
      if (reply.kind === 'differs' && reply.what === EMPTIED_ROOT) {
        const path = this.options.roots[reply.root]?.root.path;
        // Asked by nobody, it is no answer.
        if (path !== undefined && this.options.emptied !== undefined) this.halt(rootEmptied(path, reply.detail));
        return;
      }
    this.job.replied(replies);
    this.options.wake();
  }

  #up(welcome: Welcome): void {
    const { event, targetName } = this.options;
    if (!welcome.resumes && welcome.why !== '')
      event({ code: 'mirror-required', severity: 'warning', sentence: sentenceOf(welcome.why) });
    this.#targetWrites = welcome.targetWrites;
    if (welcome.targetWrites?.state === 'unguarded')
      event({ code: 'replica-unguarded', severity: 'warning', sentence: welcome.targetWrites.sentence });
    this.job.linkUp(welcome);
    this.transmission.linked(welcome.codecs);
    const on = welcome.resumes ? ` The target goes on behind position ${welcome.applied}.` : '';
    event({ code: 'link-up', severity: 'information', sentence: `Linked to ${targetName}.${on}` });
    this.options.wake();
  }

  /** What the target is told to forget must be known to the next process as well. */
  get #isKept(): boolean {
    return this.options.survival?.isKept(this.job) !== false;
  }

  #confirm(applied: Position): void {
    const now = performance.now();
    if (now - this.#confirmedAtMs < CONFIRM_MS) return;
    if (!this.#isKept) return;
    this.#confirmedAtMs = now;
    this.#link.confirm(applied);
  }

  #hello(): Hello {
    const { path } = this.job;
    const roots = this.options.roots.map(({ root }) => ({
      path: Buffer.from(root.path, 'latin1').toString('base64'),
      node: root.files.rootNode,
    }));
    const { oldest, next, awaiting } = path;
    const applied = this.#isKept ? path.heard : position(0);
    const live = this.options.hello({ oldest, next, applied, fresh: awaiting, roots });
    return { ...live, commanded: this.options.commanded, epoch: this.#epoch, ...this.#more };
  }

  #noteState(): void {
    const facts = this.facts();
    this.job.replicaDoubted = facts.differs != null;
    this.opening.turn(facts, this.job.verification !== null, this.options.wake);
    const { state, reason } = this.#link.stands(standingOf(facts), this.opening.compared);
    const now = `${state} ${reason?.code ?? ''}`;
    if (now === this.#lastState) return;
    const first = this.#lastState === '';
    this.#lastState = now;
    const severity = state === 'degraded' ? 'error' : 'information';
    const why = reason === null ? '' : ` ${sentenceOf(reason.sentence)}`;
    // SAFE7 is a halt that goes on by itself: nothing else says its name.
    if (state === 'halted' && reason?.code === OTHER_VERSION)
      this.options.event({ code: reason.code, severity: 'error', sentence: reason.sentence });
    // Any other has said its name already, and the first cookie comes in a moment.
    if (!first && state !== 'halted' && reason?.code !== 'audit-awaited')
      this.options.event({ code: `state-${state}`, severity, sentence: `The job is ${state}.${why}` });
    this.options.changed();
  }
}
