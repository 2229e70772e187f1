/**
 * FSI4, of one job: whether its calls wait for the target now. In: its options, its marks, how long calls have waited. Out: terms for the
 * interceptor, a status, events. Promise: it is said when calls wait too long, when they are let go of, when they are undone, and when all
 * is as it should be again; whoever has degraded catches up first and is synchronous then.
 */
import type { HeldCalls, HoldTerms, JobEvent, Reason, SourceJob } from '@understudy/engine';
import type { SynchronousOptions, SynchronousStatus } from '@understudy/wire';
import type { HeldRoots, SynchronousMember } from './held-roots.ts';

export interface SynchronousParts {
  readonly options: SynchronousOptions | null;
  readonly roots: readonly number[];
  readonly held: HeldRoots;
  readonly job: Pick<SourceJob, 'path'>;
  /** The target has all there is, but for what is under way to it. */
  readonly whole: () => boolean;
  readonly targetName: string;
  readonly event: (event: JobEvent) => void;
  /** The state may have changed. */
  readonly changed: () => void;
  readonly wallMs?: () => number;
}

const LOOK_MS = 250;
/** Who has degraded has caught up when nothing waits to be received for longer than this. */
const CAUGHT_UP_MS = 1000;

export class Synchronous implements SynchronousMember {
  readonly #parts: SynchronousParts;
  readonly #wallMs: () => number;
  #options: SynchronousOptions | null;
  #timer: NodeJS.Timeout | null = null;
  #paused = false;
  /** Why calls do not wait though they should; null: they do. */
  #behind: Reason | null = null;
  /** Calls have waited for longer than the limit. */
  #late = false;
  #said = { aborted: 0, stuck: 0 };
  /** The job gets nothing more: what it had reached stays so. */
  #frozen: number | null = null;
  #newest = 0;

  constructor(parts: SynchronousParts) {
    this.#parts = parts;
    this.#wallMs = parts.wallMs ?? (() => Date.now());
    this.#options = parts.options;
    const { aborted, stuck } = this.#calls();
    this.#said = { aborted, stuck };
    if (this.#options !== null) this.#begin();
    // What an earlier process had set for these roots may still hold.
    else this.#parts.held.agree(this.roots);
  }

  get roots(): readonly number[] {
    return this.#parts.roots;
  }

  get terms(): HoldTerms | null {
    const options = this.#options;
    if (options === null || this.#paused || this.#behind !== null) return null;
    return { at: options.at, policy: options.policy, limitMs: options.timeoutMs };
  }

  through(drained: number): number {
    if (this.#frozen !== null) return this.#frozen;
    this.#newest = this.#parts.job.path.acknowledgedMark.through(this.#options?.until ?? 'received', drained);
    return this.#newest;
  }

  /** Other options, from now on. */
  set(options: SynchronousOptions | null): void {
    if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
    const before = this.#options;
    this.#options = options;
    if (options === null) this.end(true);
    else if (before === null) this.#begin();
    else this.#agree();
  }

  /** By hand: whoever waits is let go of; after it the job catches up first. */
  setPaused(paused: boolean): void {
    if (this.#options === null || paused === this.#paused) return;
    this.#paused = paused;
    if (!paused) this.#behind = reasonOf(`The job was paused and has to catch up with its source first.`);
    this.#agree();
    this.look();
  }

  /** The job halts: nothing more is acknowledged, and whoever waits waits for a person. */
  freeze(): void {
    this.#frozen ??= this.#newest;
  }

  /** `release`: calls wait no longer; otherwise they go on waiting, for the next who serves the job. */
  end(release: boolean): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#parts.held.leave(this, release);
  }

  get status(): SynchronousStatus | undefined {
    const options = this.#options;
    if (options === null) return undefined;
    const calls = this.#calls();
    const { waiting, longestMs, aborted, stuck } = calls;
    return {
      ...options,
      state: this.#state(calls),
      callsWaiting: waiting,
      longestWaitMs: longestMs,
      callsAborted: aborted,
      callsStuck: stuck,
    };
  }

  /** For the state of the job; null: calls wait as they should. */
  get reason(): Reason | null {
    if (this.#options === null) return null;
    if (this.#behind !== null) return this.#behind;
    return this.#isLate(this.#calls()) ? { code: 'calls-wait', sentence: this.#lateSentence() } : null;
  }

  /** What there is to add to why the link is down. */
  get beside(): string {
    return this.#options !== null && this.#calls().waiting > 0 ? ` ${this.#lateSentence()}` : '';
  }

  look(): void {
    const options = this.#options;
    if (options === null) return;
    const calls = this.#calls();
    if (this.#behind === null && options.policy === 'degrade') this.#lookWhetherToDegrade(options, calls);
    else if (this.#behind !== null) this.#lookWhetherCaughtUp();
    this.#lookForLate(calls);
    this.#lookForUndone(calls);
  }

  #begin(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
    // The servers went on without an agent: what was answered meanwhile is not on the target yet.
    if (this.#calls().gaveUp) this.#behind = reasonOf('The time limit passed while no agent was running.');
    this.#parts.held.join(this);
    if (this.#behind !== null) this.#tellBehind(this.#behind);
  }

  #agree(): void {
    this.#parts.held.agree(this.roots);
    this.#parts.changed();
  }

  #lookWhetherToDegrade(options: SynchronousOptions, { longestMs, gaveUp }: HeldCalls): void {
    if (longestMs < options.timeoutMs && !gaveUp) return;
    const { targetName } = this.#parts;
    this.#behind = reasonOf(`${targetName} did not acknowledge a call within ${seconds(options.timeoutMs)}.`);
    this.#tellBehind(this.#behind);
    this.#agree();
  }

  #tellBehind({ code, sentence }: Reason): void {
    this.#parts.event({ code, severity: 'warning', sentence });
  }

  #lookWhetherCaughtUp(): void {
    const { job, whole, event } = this.#parts;
    if (this.#paused || this.#frozen !== null || !whole()) return;
    const oldest = job.path.oldestTimeMs();
    if (oldest !== null && this.#wallMs() - oldest > CAUGHT_UP_MS) return;
    this.#behind = null;
    event({
      code: 'synchronous',
      severity: 'information',
      sentence: 'The job has caught up: calls wait for the target again.',
    });
    this.#agree();
  }

  /** Longer than the limit. Where the policy is to degrade that is no state to stay in. */
  #isLate({ longestMs, waiting }: HeldCalls): boolean {
    const options = this.#options;
    return options !== null && options.policy !== 'degrade' && waiting > 0 && longestMs >= options.timeoutMs;
  }

  #lookForLate(calls: HeldCalls): void {
    const { event, changed } = this.#parts;
    const late = this.#isLate(calls);
    if (late === this.#late) return;
    this.#late = late;
    if (late) event({ code: 'calls-wait', severity: 'error', sentence: this.#lateSentence() });
    else
      event({ code: 'calls-go-on', severity: 'information', sentence: 'No call of an application is late any more.' });
    changed();
  }

  #lookForUndone({ aborted, stuck }: HeldCalls): void {
    const { event, targetName } = this.#parts;
    const [more, moreStuck] = [aborted - this.#said.aborted, stuck - this.#said.stuck];
    this.#said = { aborted, stuck };
    if (more > 0)
      event({
        code: 'calls-aborted',
        severity: 'error',
        sentence: `${counted(more)} of applications got an error and ${more === 1 ? 'was' : 'were'} undone, because ${targetName} did not acknowledge in time.`,
      });
    if (moreStuck > 0)
      event({
        code: 'calls-stuck',
        severity: 'error',
        sentence: `${counted(moreStuck)} of applications cannot be undone, because too much was overwritten or cut off: ${moreStuck === 1 ? 'it waits' : 'they wait'} for ${targetName}.`,
      });
  }

  #lateSentence(): string {
    const { waiting, longestMs } = this.#calls();
    const { targetName } = this.#parts;
    return (
      `${counted(waiting)} of applications ${waiting === 1 ? 'waits' : 'wait'} for ${targetName}, the longest for ${seconds(longestMs)}; ` +
      '`job pause` or `job stop` lets them go on without it.'
    );
  }

  #state(calls: HeldCalls): SynchronousStatus['state'] {
    if (this.#paused) return 'paused';
    if (this.#behind !== null) return 'degraded';
    if (this.#isLate(calls)) return 'waiting';
    return this.#parts.whole() && this.#frozen === null ? 'synchronous' : 'incomplete';
  }

  #calls(): HeldCalls {
    return this.#parts.held.calls(this.roots);
  }
}

const reasonOf = (why: string): Reason => ({
  code: 'not-synchronous',
  sentence: `${why} Applications do not wait for the target until the job has caught up.`,
});
const counted = (calls: number): string => (calls === 1 ? '1 call' : `${calls} calls`);
const seconds = (ms: number): string => (ms < 10_000 ? `${Math.round(ms / 100) / 10} s` : `${Math.round(ms / 1000)} s`);
