/**
 * The jobs whose source this agent is. In: management's calls, the agent's start and stop. Out: running jobs, statuses, events.
 * Promises: what was started comes back by itself; one call at a time works on a job; a job that cannot run says why in its status.
 */
import { randomUUID } from 'node:crypto';
import { type InterceptorRefusal, type JobState, type ProtectedRoot, type Reason, stateOf } from '@understudy/engine';
import {
  type CallArguments,
  type JobDefinition,
  type JobStatus,
  ManagementError,
  type Problem,
} from '@understudy/wire';
import type { JobStore, StoredJob } from '../stored-job.ts';
import type { Interception } from './interception.ts';
import { JobRunner } from './job-runner.ts';
import { runningStatus, type StatusNames, stoppedStatus } from './job-status.ts';
import type { JobSurroundings, Prepared } from './prepare-job.ts';
import { prepareJob } from './prepare-job.ts';

interface Running {
  readonly runner: JobRunner;
  readonly interception: Interception;
  readonly roots: readonly ProtectedRoot[];
  readonly why: string | null;
}

interface Job {
  stored: StoredJob;
  running: Running | null;
  /** Why it does not run though it was started. */
  failure: Reason | null;
  mountUsers: readonly string[];
  busy: boolean;
}

type StatusListener = (name: string, status: JobStatus | null) => void;

/** A failed start is tried again this often: the file that was held open may be closed, the disk mounted. */
const START_AGAIN_MS = 5_000;
const LOOK_MS = 1_000;

export class SourceJobs {
  readonly #store: JobStore;
  readonly #surroundings: JobSurroundings;
  readonly #jobs = new Map<string, Job>();
  readonly #listeners = new Set<StatusListener>();
  readonly #again = new Map<string, NodeJS.Timeout>();
  #look: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(store: JobStore, surroundings: JobSurroundings) {
    this.#store = store;
    this.#surroundings = surroundings;
    for (const stored of store.all())
      this.#jobs.set(stored.definition.name, { stored, running: null, failure: null, mountUsers: [], busy: false });
  }

  /** Starts what was running when the agent ended; outermost directories first, so that overlapping jobs share a mount. */
  async restore(): Promise<void> {
    const started = [...this.#jobs.values()].filter((job) => job.stored.started);
    const depth = (job: Job) => Math.min(...job.stored.definition.include.map((rule) => rule.text.split('/').length));
    for (const job of started.sort((a, b) => depth(a) - depth(b))) await this.#tryStart(job);
  }

  names(): string[] {
    return [...this.#jobs.keys()];
  }

  /** Each change, and while somebody looks every second what has moved. */
  onStatus(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    this.#look ??= setInterval(() => this.#tellAll(), LOOK_MS);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || this.#look === null) return;
      clearInterval(this.#look);
      this.#look = null;
    };
  }

  status(name: string): JobStatus {
    return this.#statusOf(this.#find(name));
  }

  list(): { status: JobStatus; definition: JobDefinition }[] {
    return [...this.#jobs.values()].map((job) => ({ status: this.#statusOf(job), definition: job.stored.definition }));
  }

  async validate(definition: JobDefinition): Promise<Problem[]> {
    const prepared = await prepareJob(definition, this.#surroundings);
    const problems: Problem[] = prepared.errors.map((sentence) => ({ severity: 'error', code: 'invalid', sentence }));
    for (const sentence of prepared.notes) problems.push({ severity: 'warning', code: 'note', sentence });
    return problems;
  }

  async create(input: CallArguments<'job.create'>): Promise<{ status: JobStatus; notes: string[] }> {
    const { start, ...definition } = input;
    refuseUnsupported(definition);
    if (this.#jobs.has(definition.name))
      throw new ManagementError(
        'name-taken',
        `A job named ${definition.name} exists on this server already; choose another name or delete that one.`,
      );
    const prepared = await prepareJob(definition, this.#surroundings);
    if (prepared.errors.length > 0) throw new ManagementError('refused', prepared.errors.join(' '));
    const stored: StoredJob = { id: randomUUID(), revision: 1, epoch: 1, started: false, paused: false, definition };
    const refusal = await this.#surroundings.probe(stored, prepared.directories);
    if (refusal !== null) throw new ManagementError('refused', refusal);
    const job: Job = { stored, running: null, failure: null, mountUsers: [], busy: false };
    this.#jobs.set(definition.name, job);
    this.#store.save(stored);
    this.#event(job, 'job-created', 'information', `The job was created; its target is ${definition.target.name}.`);
    if (start) await this.start(definition.name);
    this.#tell(job);
    return { status: this.#statusOf(job), notes: [...prepared.notes] };
  }

  async start(name: string): Promise<JobStatus> {
    const job = this.#find(name);
    return this.#exclusively(job, async () => {
      if (job.running !== null && stateOf(job.running.runner.facts()).state !== 'halted') return this.#statusOf(job);
      if (job.running !== null) await this.#halt(job);
      await this.#start(job);
      this.#save(job, { started: true, paused: false });
      this.#event(job, 'job-started', 'information', 'The job was started.');
      return this.#statusOf(job);
    });
  }

  async stop(name: string): Promise<JobStatus> {
    const job = this.#find(name);
    return this.#exclusively(job, async () => {
      this.#save(job, { started: false, paused: false });
      job.failure = null;
      await this.#halt(job);
      this.#event(job, 'job-stopped', 'information', stoppedSentence(job.mountUsers));
      return this.#statusOf(job);
    });
  }

  pause(name: string, paused: boolean): JobStatus {
    const job = this.#running(name);
    job.running.runner.job.setPaused(paused);
    this.#save(job, { paused });
    this.#event(
      job,
      paused ? 'job-paused' : 'job-resumed',
      'information',
      `Transmission was ${paused ? 'paused' : 'resumed'}.`,
    );
    job.running.interception.wake();
    this.#tell(job);
    return this.#statusOf(job);
  }

  async delete(name: string): Promise<void> {
    const job = this.#find(name);
    await this.#exclusively(job, async () => {
      await this.#halt(job);
      this.#jobs.delete(name);
      this.#store.remove(job.stored.id);
      const untold = await this.#surroundings.leave(job.stored);
      const told =
        untold === null
          ? ''
          : ` The target could not be told (${untold}): it goes on holding the replica path for this job.`;
      this.#event(job, 'job-deleted', 'information', `The job was deleted; the replica stays as it is.${told}`);
    });
    for (const listener of this.#listeners) listener(name, null);
  }

  mirror(name: string, compare: 'everything' | 'attributes' | 'checksum'): JobStatus {
    const job = this.#running(name);
    if (job.running.runner.job.mirror !== null)
      throw new ManagementError('busy', `A mirror of ${name} is running already; wait for it to end.`);
    job.running.runner.job.startMirror(compare);
    job.running.interception.wake();
    job.running.interception.turn();
    return this.#statusOf(job);
  }

  /** The running job, drained: what was intercepted before the call is in its stream. */
  drained(name: string): {
    readonly runner: JobRunner;
    readonly interception: Interception;
    readonly roots: readonly ProtectedRoot[];
  } {
    const { running } = this.#running(name);
    running.interception.turn();
    return running;
  }

  /** The agent ends. With `keep` what is protected stays mounted, and its applications notice nothing. */
  async close(keep: boolean): Promise<void> {
    this.#closed = true;
    for (const timer of this.#again.values()) clearTimeout(timer);
    if (this.#look !== null) clearInterval(this.#look);
    for (const job of this.#jobs.values()) {
      if (job.running === null) continue;
      job.running.interception.detach(job.running.runner);
      job.running.runner.close();
      job.running = null;
    }
    await this.#surroundings.interceptors.close(keep);
  }

  // ------------------------------------------------------------------------------------------------------ within

  async #start(job: Job): Promise<void> {
    const { definition } = job.stored;
    const prepared = await prepareJob(definition, this.#surroundings);
    if (prepared.errors.length > 0) throw new ManagementError('refused', prepared.errors.join(' '));
    job.failure = null;
    job.running = await this.#run(job, prepared);
    job.mountUsers = [];
    if (job.stored.paused) job.running.runner.job.setPaused(true);
    this.#tell(job);
  }

  async #run(job: Job, prepared: Prepared): Promise<Running> {
    const { interceptors } = this.#surroundings;
    const directories = prepared.directories.map(({ path }) => path);
    const served = await interceptors.serve(job.stored.definition.intercept, directories).catch((error) => {
      throw refusalOf(error);
    });
    const { interception, why } = served;
    // Two directories may be served by one wider root: the job has that root once, with rules that decide for both.
    const roots = [...new Set(served.roots)];
    const runner = new JobRunner({
      ...this.#surroundings.runnerOptions(job.stored, roots, prepared),
      barrier: () => interception.interceptor.barrier(),
      passed: (barrier) => interception.interceptor.passed(barrier),
      ordered: interception.interceptor.promises.order,
      orderedWhy: near(why),
      wake: () => interception.wake(),
      changed: () => this.#tell(job),
      event: (event) => this.#event(job, event.code, event.severity, event.sentence),
    });
    interception.attach(runner, roots);
    return { runner, interception, roots, why };
  }

  async #halt(job: Job): Promise<void> {
    const timer = this.#again.get(job.stored.id);
    clearTimeout(timer);
    this.#again.delete(job.stored.id);
    const { running } = job;
    if (running === null) return;
    running.interception.detach(running.runner);
    running.runner.close();
    job.running = null;
    job.mountUsers = await this.#surroundings.interceptors.release(running.interception, running.roots);
    this.#tell(job);
  }

  async #tryStart(job: Job): Promise<void> {
    try {
      await this.#start(job);
      this.#event(job, 'job-started', 'information', 'The job goes on after the agent was restarted.');
    } catch (error) {
      if (!(error instanceof ManagementError)) throw error;
      if (job.failure?.sentence !== error.message) this.#event(job, 'job-not-started', 'error', error.message);
      job.failure = { code: 'not-started', sentence: error.message };
      this.#tell(job);
      if (!this.#closed)
        this.#again.set(job.stored.id, setTimeout(() => this.#startAgain(job), START_AGAIN_MS).unref());
    }
  }

  #startAgain(job: Job): void {
    if (this.#closed || job.running !== null || job.busy || !this.#jobs.has(job.stored.definition.name)) return;
    void this.#exclusively(job, () => this.#tryStart(job));
  }

  #statusOf(job: Job): JobStatus {
    const { running, stored } = job;
    if (running === null) return stoppedStatus(this.#names(job, 'none', null), this.#restState(job), job.mountUsers);
    const { driver } = running.interception.interceptor;
    // A look at the ring first: the recovery point is as of now, not as of the last wake-up.
    running.interception.turn();
    const status = runningStatus(this.#names(job, driver, running.why), running.runner);
    return { ...status, epoch: stored.epoch };
  }

  #restState(job: Job): JobState {
    if (!job.stored.started) return { state: 'stopped', reason: null };
    return { state: 'halted', reason: job.failure };
  }

  #names(job: Job, interceptor: StatusNames['interceptor'], interceptorReason: string | null): StatusNames {
    const { id, epoch, definition } = job.stored;
    const source = definition.sourceName ?? this.#surroundings.agentName;
    return { id, epoch, name: definition.name, source, target: definition.target.name, interceptor, interceptorReason };
  }

  #save(job: Job, change: Partial<StoredJob>): void {
    job.stored = { ...job.stored, ...change, revision: job.stored.revision + 1 };
    this.#store.save(job.stored);
  }

  #tellAll(): void {
    for (const job of this.#jobs.values()) if (job.running !== null) this.#tell(job);
  }

  #tell(job: Job): void {
    if (this.#listeners.size === 0 || this.#closed) return;
    const status = this.#statusOf(job);
    for (const listener of this.#listeners) listener(status.name, status);
  }

  #event(job: Job, code: string, severity: 'information' | 'warning' | 'error', sentence: string): void {
    this.#surroundings.event({ code, severity, sentence }, job.stored.definition.name);
  }

  async #exclusively<T>(job: Job, work: () => Promise<T>): Promise<T> {
    if (job.busy)
      throw new ManagementError(
        'busy',
        `${job.stored.definition.name} is being started or stopped; try again in a moment.`,
      );
    job.busy = true;
    try {
      return await work();
    } finally {
      job.busy = false;
      this.#tell(job);
    }
  }

  #find(name: string): Job {
    const job = this.#jobs.get(name);
    if (job !== undefined) return job;
    const known = this.names();
    const hint = known.length === 0 ? 'It has no jobs yet.' : `It has: ${known.slice(0, 20).join(', ')}.`;
    throw new ManagementError('unknown-job', `This server has no job named ${name}. ${hint}`);
  }

  #running(name: string): Job & { running: Running } {
    const job = this.#find(name);
    if (job.running !== null) return job as Job & { running: Running };
    const why = job.failure === null ? 'start it first with `understudy job start`' : job.failure.sentence;
    throw new ManagementError('refused', `The job ${name} is not running: ${why}`);
  }
}

function refusalOf(error: unknown): unknown {
  const refusal = error as Partial<InterceptorRefusal>;
  return refusal.name === 'InterceptorRefusal' ? new ManagementError('refused', refusal.message ?? '') : error;
}

function near(why: string | null): string {
  const reason = why === null ? '' : ` ${why}`;
  return `The watch driver sees changes after the fact: protection is near-continuous, not write-ordered.${reason}`;
}

function stoppedSentence(users: readonly string[]): string {
  if (users.length === 0) return 'The job was stopped; its directories are as they were.';
  return `The job was stopped; the mount stays as a pass-through while it is used by ${users.join(', ')}.`;
}

function refuseUnsupported(definition: JobDefinition): void {
  const unsupported: [boolean, string][] = [
    [definition.mode !== 'async', '--mode sync'],
    [definition.compression !== 'none', `--compression ${definition.compression}`],
    [definition.bandwidth !== null, '--bandwidth'],
  ];
  for (const [given, option] of unsupported)
    if (given)
      throw new ManagementError('unsupported-option', `${option} is not implemented in this version; leave it out.`);
}
