/**
 * Starts that failed, and when they are tried again. In: a job with the reason why it does not run. Out: an event where the reason is
 * news, and another try every few seconds, or as soon as a mount that was in the way is gone. Promise: one try a job at a time; none once
 * the agent ends.
 */
import { InterceptorRefusal, type Reason } from '@understudy/engine';
import { ManagementError } from '@understudy/wire';
import { messageOf, StartError } from '../../home/start-error.ts';
import type { Job, Severity } from './known-job.ts';
import { StartRefusal, WaitingForMount } from './start-refusal.ts';

export interface StartAgainParts {
  readonly jobs: () => Iterable<Job>;
  readonly changed: (job: Job) => void;
  readonly event: (job: Job, code: string, severity: Severity, sentence: string) => void;
  /** A fault of our own, for the technical log. */
  readonly fault: (error: unknown) => void;
  readonly start: (job: Job) => Promise<void>;
}

/** A failed start is tried again this often: the file that was held open may be closed, the disk mounted. */
const START_AGAIN_MS = 5_000;
/** Why a job does not run though nothing is wrong with it. */
const WAITING = 'waiting-for-mount';

export const isWaiting = (job: Job): boolean => job.failure?.code === WAITING;

export class StartAgain {
  readonly #parts: StartAgainParts;
  readonly #timers = new Map<Job, NodeJS.Timeout>();
  #closed = false;

  constructor(parts: StartAgainParts) {
    this.#parts = parts;
  }

  failed(job: Job, error: unknown): void {
    if (this.#closed) return;
    const { code, sentence } = this.#reasonOf(error);
    if (job.failure?.sentence !== sentence) {
      const again = 'It is tried again every few seconds.';
      if (code === WAITING) this.#parts.event(job, 'job-waits', 'warning', sentence);
      else this.#parts.event(job, 'job-not-started', 'error', `${sentence} ${again}`);
    }
    job.failure = { code, sentence };
    this.forget(job);
    this.#timers.set(job, setTimeout(() => this.#again(job), START_AGAIN_MS).unref());
    this.#parts.changed(job);
  }

  /** Something was let go of. */
  tryWaiting(): void {
    for (const job of this.#parts.jobs()) {
      if (!isWaiting(job)) continue;
      this.forget(job);
      this.#again(job);
    }
  }

  forget(job: Job): void {
    clearTimeout(this.#timers.get(job));
    this.#timers.delete(job);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** In the words of management's calls. */
  asManagementError(error: unknown): ManagementError {
    if (error instanceof ManagementError) return error;
    if (error instanceof InterceptorRefusal || error instanceof StartRefusal)
      return new ManagementError('refused', error.message);
    if (!(error instanceof StartError)) this.#parts.fault(error);
    return new ManagementError('failed', messageOf(error));
  }

  #again(job: Job): void {
    this.#timers.delete(job);
    if (this.#closed || job.running !== null || !job.stored.started) return;
    // A call that is at work on it decides.
    void this.#parts.start(job);
  }

  #reasonOf(error: unknown): Reason {
    if (error instanceof StartRefusal) return error.reason;
    const code = error instanceof WaitingForMount ? WAITING : 'not-started';
    return { code, sentence: this.asManagementError(error).message };
  }
}
