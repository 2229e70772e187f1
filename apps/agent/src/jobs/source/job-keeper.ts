/**
 * Brings jobs up and down. In: jobs, and the wish that they run or not. Out: runners attached to an interception, or a named failure.
 * Promises: a job that was started and cannot run is tried again by itself; nothing stays attached or protected for a job that ended.
 */
import { InterceptorRefusal, type JobState, type Reason } from '@understudy/engine';
import { type JobStatus, ManagementError } from '@understudy/wire';
import { messageOf, StartError } from '../../home/start-error.ts';
import type { Served } from './interceptors.ts';
import { JobRunner } from './job-runner.ts';
import { runningStatus, type StatusNames, stoppedStatus } from './job-status.ts';
import type { Job, Running, Severity } from './known-job.ts';
import { directoriesOf, type JobSurroundings, type Prepared, prepareJob } from './prepare-job.ts';
import { sentenceOf } from './sentence-of.ts';
import { startOrder } from './start-order.ts';

export interface KeeperParts {
  readonly surroundings: JobSurroundings;
  readonly jobs: () => Iterable<Job>;
  readonly changed: (job: Job) => void;
  readonly event: (job: Job, code: string, severity: Severity, sentence: string) => void;
}

/** A failed start is tried again this often: the file that was held open may be closed, the disk mounted. */
const START_AGAIN_MS = 5_000;

export class JobKeeper {
  readonly #parts: KeeperParts;
  readonly #again = new Map<Job, NodeJS.Timeout>();
  #closed = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    parts.surroundings.interceptors.onUnmounted((root) => this.#unmounted(root));
  }

  /** Wider directories first, so that overlapping jobs share a mount; then what is left over from before is let go of. */
  async restore(): Promise<void> {
    await this.#takeOver();
    const started = [...this.#parts.jobs()].filter((job) => job.stored.started);
    const order = startOrder(started, (job) => directoriesOf(job.stored.definition, this.#parts.surroundings));
    for (const job of order) if (!this.#closed) await this.#startByItself(job);
    if (!this.#closed) await this.#releaseUnwanted();
  }

  /** Throws ManagementError; a job that was started before is then tried again by itself. */
  async start(job: Job): Promise<void> {
    this.#forgetAgain(job);
    if (job.running !== null) await this.#takeDown(job);
    try {
      await this.#start(job);
    } catch (error) {
      const known = this.#asManagementError(error);
      if (job.stored.started) this.#noteFailure(job, known);
      throw known;
    }
  }

  async stop(job: Job): Promise<void> {
    this.#forgetAgain(job);
    job.failure = null;
    if (job.running !== null) await this.#takeDown(job);
    // It may have been protected since before the agent was restarted, and never come up again.
    else await this.#releaseUnwanted();
    this.#parts.changed(job);
  }

  statusOf(job: Job): JobStatus {
    const { running } = job;
    if (running === null) return stoppedStatus(this.#names(job, 'none', null), restState(job), job.mountUsers);
    // A look at the ring first: the recovery point is as of now, not as of the last wake-up.
    running.interception.turn();
    return runningStatus(this.#names(job, running.interception.interceptor.driver, running.why), running.runner);
  }

  /** The agent ends: jobs are let go of, what they protect is not. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#again.values()) clearTimeout(timer);
    this.#again.clear();
    for (const job of this.#parts.jobs()) {
      if (job.running === null) continue;
      job.running.interception.detach(job.running.runner);
      job.running.runner.close();
      job.running = null;
    }
  }

  // ------------------------------------------------------------------------------------------------------ within

  async #start(job: Job): Promise<void> {
    const { interceptors } = this.#parts.surroundings;
    const { definition } = job.stored;
    await this.#takeOver();
    const prepared = prepareJob(definition, this.#parts.surroundings);
    if (prepared.errors.length > 0) throw new ManagementError('refused', prepared.errors.map(sentenceOf).join(' '));
    const directories = prepared.directories.map(({ path }) => path);
    job.running = await interceptors.serve(definition.intercept, directories, (served) =>
      this.#attach(job, prepared, served),
    );
    job.failure = null;
    job.mountUsers = [];
    job.leaving = new Set();
    if (job.stored.paused) job.running.runner.job.setPaused(true);
    this.#parts.changed(job);
  }

  /** Where that fails, the job that needs it says so when it is served. */
  async #takeOver(): Promise<void> {
    const { interceptors, fault } = this.#parts.surroundings;
    await interceptors.takeOver().catch((error) => fault(error, null));
  }

  #attach(job: Job, prepared: Prepared, served: Served): Running {
    const { changed, event, surroundings } = this.#parts;
    if (this.#closed) throw new ManagementError('busy', 'The agent is stopping; the job starts when it runs again.');
    const { interception, roots, why } = served;
    const { interceptor } = interception;
    const runner: JobRunner = new JobRunner({
      ...surroundings.runnerOptions(job.stored, roots, prepared),
      barrier: () => interceptor.barrier(),
      passed: (barrier) => interceptor.passed(barrier),
      ordered: interceptor.promises.order,
      orderedWhy: near(why),
      wake: () => interception.wake(),
      detach: () => interception.detach(runner),
      changed: () => changed(job),
      event: (one) => event(job, one.code, one.severity, one.sentence),
      fault: (error) => surroundings.fault(error, job.stored.definition.name),
    });
    interception.attach(runner, roots);
    return { runner, interception, roots, why };
  }

  async #takeDown(job: Job): Promise<void> {
    const { running } = job;
    if (running === null) return;
    running.interception.detach(running.runner);
    running.runner.close();
    job.running = null;
    try {
      job.mountUsers = await this.#parts.surroundings.interceptors.release(running.interception, running.roots);
      job.leaving = new Set(job.mountUsers.length === 0 ? [] : running.roots.map((root) => root.id));
    } catch (error) {
      const { event, surroundings } = this.#parts;
      surroundings.fault(error, job.stored.definition.name);
      event(
        job,
        'not-released',
        'error',
        `The directories of the job could not be let go of: ${messageOf(error)}. They are passed through or mounted still; stopping the agent and starting it again releases them.`,
      );
    }
    this.#parts.changed(job);
  }

  /** The last user of a mount that stayed behind has gone. */
  #unmounted(root: number): void {
    for (const job of this.#parts.jobs()) {
      if (!job.leaving.has(root)) continue;
      job.leaving = new Set([...job.leaving].filter((id) => id !== root));
      if (job.leaving.size > 0) continue;
      job.mountUsers = [];
      this.#parts.event(job, 'job-unmounted', 'information', 'Nobody uses the mount any more: it is gone.');
      this.#parts.changed(job);
    }
  }

  /** What started jobs protect stays, also while they fail to start: unmounted, it could be opened for writing behind our back. */
  async #releaseUnwanted(): Promise<void> {
    const { surroundings, jobs } = this.#parts;
    const started = [...jobs()].filter((job) => job.stored.started);
    const keep = started.flatMap((job) => directoriesOf(job.stored.definition, surroundings));
    try {
      await surroundings.interceptors.releaseUnwanted(keep);
    } catch (error) {
      surroundings.fault(error, null);
    }
  }

  async #startByItself(job: Job): Promise<void> {
    if (job.busy) return;
    job.busy = true;
    try {
      await this.#start(job);
      this.#parts.event(job, 'job-started', 'information', 'The job goes on by itself after the agent was restarted.');
    } catch (error) {
      this.#noteFailure(job, this.#asManagementError(error));
    } finally {
      job.busy = false;
    }
  }

  #noteFailure(job: Job, { message }: ManagementError): void {
    if (this.#closed) return;
    if (job.failure?.sentence !== message)
      this.#parts.event(job, 'job-not-started', 'error', `${message} It is tried again every few seconds.`);
    job.failure = { code: 'not-started', sentence: message };
    this.#again.set(job, setTimeout(() => this.#startAgain(job), START_AGAIN_MS).unref());
    this.#parts.changed(job);
  }

  #startAgain(job: Job): void {
    this.#again.delete(job);
    if (this.#closed || job.running !== null || !job.stored.started) return;
    // A call that is at work on it decides.
    void this.#startByItself(job);
  }

  #forgetAgain(job: Job): void {
    clearTimeout(this.#again.get(job));
    this.#again.delete(job);
  }

  #asManagementError(error: unknown): ManagementError {
    if (error instanceof ManagementError) return error;
    if (error instanceof InterceptorRefusal) return new ManagementError('refused', error.message);
    if (!(error instanceof StartError)) this.#parts.surroundings.fault(error, null);
    return new ManagementError('failed', messageOf(error));
  }

  #names(job: Job, interceptor: StatusNames['interceptor'], interceptorReason: string | null): StatusNames {
    const { id, epoch, definition } = job.stored;
    const source = definition.sourceName ?? this.#parts.surroundings.agentName;
    return { id, epoch, name: definition.name, source, target: definition.target.name, interceptor, interceptorReason };
  }
}

function restState(job: Job): JobState {
  if (!job.stored.started) return { state: 'stopped', reason: null };
  const starting: Reason = { code: 'starting', sentence: 'The job is about to be started.' };
  return { state: 'halted', reason: job.failure ?? starting };
}

function near(why: string | null): string {
  const reason = why === null ? '' : ` ${why}`;
  return `The watch driver sees changes after the fact: protection is near-continuous, not write-ordered.${reason}`;
}
