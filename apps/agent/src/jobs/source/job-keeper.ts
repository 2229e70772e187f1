/**
 * Brings jobs up and down. In: jobs, and the wish that they run or not. Out: runners attached to an interception, or a named failure.
 * Promises: a job that was started and cannot run is tried again by itself; nothing stays attached or protected for a job that ended.
 */
import { printable, type RawName } from '@understudy/base';
import type { JobEvent } from '@understudy/engine';
import { type JobStatus, ManagementError } from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import type { StoredJob } from '../stored-job.ts';
import { whyNotEdited } from './edit-job.ts';
import { exposureStatus, nearSentence, unseenSentence } from './exposure.ts';
import { JobGates } from './gate/job-gates.ts';
import { isWithin, type Served } from './interceptors.ts';
import type { JobRoot } from './job-roots.ts';
import { JobRunner } from './job-runner.ts';
import { runningStatus, type StatusNames, stoppedStatus } from './job-status.ts';
import { type Job, type Running, restState, type Severity, wordOnEmpty, wordOnHandedBack } from './known-job.ts';
import { forget, type LeftOutParts, leaveOut } from './left-out.ts';
import { plannedDirectories, rememberedOf, servedAnew } from './plan-roots.ts';
import { type JobSurroundings, type Prepared, prepareJob } from './prepare-job.ts';
import { serveRequestOf } from './serve-request.ts';
import { isWaiting, StartAgain } from './start-again.ts';
import { startOrder } from './start-order.ts';
import { WaitingForMount } from './start-refusal.ts';
import { setPaused } from './synchronous/make-synchronous.ts';
import { heldFor } from './synchronous/synchronous-of.ts';
import { compareOpenings, scheduleVerifications } from './verify-job.ts';
import { widenMount } from './widen-mount.ts';

export interface KeeperParts {
  readonly surroundings: JobSurroundings;
  readonly save: (job: Job, change: Partial<StoredJob>) => void;
  readonly jobs: () => Iterable<Job>;
  readonly changed: (job: Job) => void;
  readonly event: (job: Job, code: string, severity: Severity, sentence: string) => void;
}

export class JobKeeper {
  readonly #parts: KeeperParts;
  readonly #again: StartAgain;
  /** What ends the scheduled verifications of a runner. */
  readonly #schedules = new WeakMap<JobRunner, () => void>();
  readonly #gates: JobGates;
  #closed = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#gates = new JobGates({ ...parts, directoriesOf: (job) => this.#directoriesOf(job) });
    const { surroundings, jobs, changed, event } = parts;
    const { interceptors } = surroundings;
    this.#again = new StartAgain({
      jobs,
      changed,
      event,
      fault: (error) => surroundings.fault(error, null),
      start: (job) => this.#startByItself(job),
    });
    interceptors.onUnmounted((root) => this.#unmounted(root));
    interceptors.onFirstRead(() => leaveOut(jobs(), this.#leftOut));
  }

  /** Wider directories first, so that overlapping jobs share a mount; then what is left over from before is let go of. */
  async restore(): Promise<void> {
    const { interceptors } = this.#parts.surroundings;
    // What the ring holds belongs to all jobs: it is not read before each of them listens.
    interceptors.hold();
    try {
      await this.#restore();
    } finally {
      interceptors.goOn();
    }
  }

  async #restore(): Promise<void> {
    const started = [...this.#parts.jobs()].filter((job) => job.stored.started);
    this.#gates.restore(started);
    await this.#takeOver();
    const order = startOrder(started, (job) => this.#directoriesOf(job));
    for (const job of order) if (!this.#closed) await this.#startByItself(job);
    if (!this.#closed) await this.#releaseUnwanted();
  }

  /**
   * A person's word. Throws ManagementError; a job that was started before is then tried again by itself. One that only waits for a mount
   * counts as started: its status says what it waits for.
   */
  async start(job: Job): Promise<void> {
    this.#again.forget(job);
    this.#gates.clear(job);
    job.widenFailed = null;
    if (job.running !== null) await this.#takeDown(job);
    try {
      await this.#start(job, true);
    } catch (error) {
      const waits = error instanceof WaitingForMount;
      if (job.stored.started || waits) this.#again.failed(job, error);
      if (!waits) throw this.#again.asManagementError(error);
    }
  }

  async stop(job: Job): Promise<void> {
    this.#again.forget(job);
    this.#gates.clear(job);
    job.failure = null;
    if (job.running !== null) await this.#takeDown(job);
    else {
      // It may have been protected since before the agent was restarted, and never come up again.
      forget(job, this.#leftOut);
      await this.#releaseUnwanted(job);
    }
    this.#parts.changed(job);
    this.#again.tryWaiting();
  }

  /** Other directories, of a job that runs: what both sets need stays mounted, and a start that fails is tried again by itself. */
  async serveAnew(job: Job, directories: readonly RawName[]): Promise<void> {
    const { running } = job;
    if (running === null) return;
    running.interception.detach(running.runner);
    running.runner.forget();
    running.runner.close();
    job.running = null;
    await this.#start(job, true).catch((error) => this.#again.failed(job, error));
    const unneeded = running.roots.filter(
      ({ served }) => !directories.some((path) => isWithin(path, served.path) || isWithin(served.path, path)),
    );
    await this.#release(job, { ...running, roots: unneeded });
  }

  /** As the definition says from now on. */
  scheduleAnew(job: Job): void {
    if (job.running !== null) this.#scheduleVerifications(job, job.running);
  }

  statusOf(job: Job): JobStatus {
    const status = this.#statusOf(job);
    return whyNotEdited(job.stored) === null ? { ...status, actions: [...status.actions, 'edit'] } : status;
  }

  #statusOf(job: Job): JobStatus {
    const { running } = job;
    if (running === null) return stoppedStatus(this.#names(job, 'none', null), restState(job), job.mountUsers);
    // A look at the ring first: the recovery point is as of now, not as of the last wake-up.
    running.interception.turn();
    const { interception, roots, runner, why } = running;
    const { interceptor } = interception;
    const status = runningStatus(this.#names(job, interceptor.driver, why), runner);
    return { ...status, ...exposureStatus(interceptor, roots, runner.scopes) };
  }

  /** The agent ends: jobs are let go of, what they protect is not. */
  close(): void {
    this.#closed = true;
    this.#again.close();
    this.#gates.close();
    for (const job of this.#parts.jobs()) {
      if (job.running === null) continue;
      job.running.interception.detach(job.running.runner);
      job.running.runner.close();
      job.running = null;
    }
  }

  // ------------------------------------------------------------------------------------------------------ within

  /** `commanded`: by a person, who has seen what lies there. */
  async #start(job: Job, commanded: boolean): Promise<void> {
    const { surroundings } = this.#parts;
    await this.#takeOver();
    const { prepared, request } = serveRequestOf(job.stored, surroundings, commanded);
    this.#gates.begin(job);
    const serve = () => surroundings.interceptors.serve(request, (served) => this.#attach(job, prepared, served));
    job.running = await serve().catch((error) => {
      if (!(error instanceof WaitingForMount)) throw error;
      return this.#widen(job, error, serve);
    });
    Object.assign<Job, Partial<Job>>(job, { failure: null, widenFailed: null, mountUsers: [], leaving: new Set() });
    if (job.stored.paused) setPaused(job.running.runner, true);
    this.#parts.changed(job);
  }

  #widen(job: Job, waiting: WaitingForMount, serve: () => Promise<Running>): Promise<Running> {
    const { jobs, surroundings, event } = this.#parts;
    const { name } = job.stored.definition;
    const sentence = `Its mount makes room for the wider one of the job ${name}: the job pauses for a moment and goes on beneath that.`;
    return widenMount(
      job,
      waiting,
      {
        jobs: jobs(),
        usersOf: ({ interception, narrower }) => surroundings.interceptors.usersOf(interception, narrower),
        takeDown: async (holder) => {
          event(holder, 'mount-widened', 'information', sentence);
          await this.#takeDown(holder);
        },
        startAgain: async (holder) => {
          await this.#start(holder, false).catch((error) => this.#again.failed(holder, error));
        },
      },
      serve,
    );
  }

  /** Where that fails, the job that needs it says so when it is served. */
  async #takeOver(): Promise<void> {
    const { interceptors, fault } = this.#parts.surroundings;
    await interceptors.takeOver().catch((error) => fault(error, null));
  }

  #attach(job: Job, prepared: Prepared & { readonly commanded: boolean }, served: Served): Running {
    const { changed, event, surroundings } = this.#parts;
    if (this.#closed) throw new ManagementError('busy', 'The agent is stopping; the job starts when it runs again.');
    const { interception, roots, why } = served;
    const { interceptor } = interception;
    const tell = (one: JobEvent) => {
      event(job, one.code, one.severity, one.sentence);
      this.#gates.heard(job, one);
    };
    const runner: JobRunner = new JobRunner({
      ...surroundings.runnerOptions(job.stored, roots, prepared, interception.ring(tell)),
      audit: interception.audit,
      emptied: wordOnEmpty(job),
      ...wordOnHandedBack(job),
      barrier: () => interceptor.barrier(),
      passed: (barrier) => interceptor.passed(barrier),
      held: heldFor(job.stored.definition, interception.held, why),
      ordered: interceptor.promises.order,
      orderedWhy: nearSentence(why),
      unseen: (scopes) => unseenSentence(roots, scopes),
      commanded: prepared.commanded,
      wake: () => interception.wake(),
      detach: () => interception.detach(runner),
      changed: () => changed(job),
      event: tell,
      fault: (error) => surroundings.fault(error, job.stored.definition.name),
    });
    this.#gates.attached(job, runner, interception);
    this.#rememberRoots(job, runner, roots);
    const running = { runner, interception, roots, why };
    // With the attaching, not behind it: a job that listens is not taken for one that was left out.
    job.running = running;
    interception.attach(runner, roots);
    this.#scheduleVerifications(job, running);
    compareOpenings({ name: job.stored.definition.name, running, reports: surroundings.reports(job.stored.id) });
    return running;
  }

  /** What happened between one mount and another over the same directory nobody saw (FSI6): exactly that root is compared. */
  #rememberRoots(job: Job, runner: JobRunner, roots: readonly JobRoot[]): void {
    const { definition, id } = job.stored;
    const file = this.#parts.surroundings.rootsFile(id);
    for (const index of servedAnew(roots, file.read())) {
      runner.job.path.srm.dirty.addRoot(index, 'interception-gap');
      const root = roots[index];
      const shown = root === undefined ? definition.name : printable(root.path);
      const sentence = `${shown} is served by another mount than before; it is compared with the replica and what differs is sent.`;
      this.#parts.event(job, 'interception-gap', 'warning', sentence);
    }
    file.write(rememberedOf(definition, roots));
  }

  get #leftOut(): LeftOutParts {
    const { surroundings, event } = this.#parts;
    return {
      forgetQueue: (id) => surroundings.forgetQueue(id),
      event,
      fault: (error, job) => surroundings.fault(error, job),
    };
  }

  #directoriesOf(job: Job): readonly RawName[] {
    const { surroundings } = this.#parts;
    const { definition, id } = job.stored;
    const prepared = prepareJob(definition, surroundings);
    try {
      return plannedDirectories(definition, prepared, surroundings.rootsFile(id).read()).map(({ path }) => path);
    } catch {
      // A damaged file keeps the job from starting, which says so.
      return prepared.directories.map(({ path }) => path);
    }
  }

  #scheduleVerifications(job: Job, running: Running): void {
    const { definition, id } = job.stored;
    const schedule = definition.verifySchedule ?? null;
    this.#schedules.get(running.runner)?.();
    if (schedule === null) return;
    const event = (code: string, severity: Severity, sentence: string) =>
      this.#parts.event(job, code, severity, sentence);
    const reports = this.#parts.surroundings.reports(id);
    const end = scheduleVerifications({ name: definition.name, running, schedule, reports, event });
    this.#schedules.set(running.runner, end);
  }

  async #takeDown(job: Job): Promise<void> {
    const { running } = job;
    if (running === null) return;
    running.interception.detach(running.runner);
    running.runner.forget();
    running.runner.close(true);
    job.running = null;
    await this.#release(job, running);
    this.#parts.changed(job);
  }

  async #release(job: Job, running: Running): Promise<void> {
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
    this.#again.tryWaiting();
  }

  /**
   * What started jobs protect stays, also while they fail to start: unmounted, it could be opened for writing behind our back. `ending`
   * counts as stopped.
   */
  async #releaseUnwanted(ending: Job | null = null): Promise<void> {
    const { surroundings, jobs } = this.#parts;
    const started = [...jobs()].filter((job) => job.stored.started && job !== ending);
    const keep = started.flatMap((job) => this.#directoriesOf(job));
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
      const waited = isWaiting(job);
      if (await this.#gates.stand(job)) return;
      await this.#start(job, false);
      const why = waited ? 'now that its directories can be mounted' : 'after the agent was restarted';
      this.#parts.event(job, 'job-started', 'information', `The job goes on by itself ${why}.`);
    } catch (error) {
      this.#again.failed(job, error);
    } finally {
      job.busy = false;
    }
  }

  #names(job: Job, interceptor: StatusNames['interceptor'], interceptorReason: string | null): StatusNames {
    const { id, epoch, definition } = job.stored;
    const source = definition.sourceName ?? this.#parts.surroundings.agentName;
    return { id, epoch, name: definition.name, source, target: definition.target.name, interceptor, interceptorReason };
  }
}
