/**
 * The jobs whose source this agent is. In: management's calls, the agent's start and stop. Out: running jobs, statuses, events.
 * Promises: what was started comes back by itself; one call at a time works on a job; a job that cannot run says why in its status.
 */
import { randomUUID } from 'node:crypto';
import { stateOf } from '@understudy/engine';
import {
  type CallArguments,
  type CallResult,
  type JobDefinition,
  type JobStatus,
  ManagementError,
  type Problem,
} from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import type { JobStore, StoredJob } from '../stored-job.ts';
import type { RoleDoor } from '../takeover/reverse/door.ts';
import { makeDoor } from '../takeover/reverse/make-door.ts';
import { decideBrake, haltedAt, isBraked } from './brake-calls.ts';
import { edit } from './editing.ts';
import { Farewells } from './farewells.ts';
import { promotedOf, type StartOptions } from './gate/promote.ts';
import { JobKeeper } from './job-keeper.ts';
import { gaveWayReason, type Job, newJob, type Running, type Severity } from './known-job.ts';
import { changed, changeMirror, startMirror } from './mirror-calls.ts';
import { type JobSurroundings, prepareJob } from './prepare-job.ts';
import { refuseUnsupported } from './refuse-unsupported.ts';
import { Rests } from './rests.ts';
import { sentenceOf } from './sentence-of.ts';
import { type StatusListener, StatusListeners } from './status-listeners.ts';
import { setPaused } from './synchronous/make-synchronous.ts';
import type { VerificationReports } from './verification-reports.ts';

export class SourceJobs {
  readonly #store: JobStore;
  readonly #surroundings: JobSurroundings;
  readonly #keeper: JobKeeper;
  readonly #farewells: Farewells;
  readonly #rests: Rests;
  readonly #jobs = new Map<string, Job>();
  /** Names that are being created: two calls at once must not both find the name free. */
  readonly #creating = new Set<string>();
  readonly #listeners = new StatusListeners(() => this.#tellAll());
  #closed = false;

  /** Throws StartError for a damaged definition. */
  constructor(store: JobStore, surroundings: JobSurroundings) {
    this.#store = store;
    this.#surroundings = surroundings;
    for (const stored of store.all()) this.#jobs.set(stored.definition.name, newJob(stored));
    this.#farewells = this.#makeFarewells();
    this.#rests = this.#makeRests();
    this.#keeper = new JobKeeper({
      surroundings,
      save: (job, change) => this.#save(job, change),
      jobs: () => this.#jobs.values(),
      changed: (job) => {
        // What lies in the replica's folder is the job's own from now on.
        if (job.stored.adopt === true && job.running?.runner.targetWrites !== undefined)
          this.#save(job, { adopt: undefined });
        this.#tell(job);
      },
      event: (job, code, severity, sentence) => this.#event(job, code, severity, sentence),
    });
  }

  #makeFarewells(): Farewells {
    const sentence = 'The target has been told that the job was deleted: its replica path is free.';
    const { leave, fault, event } = this.#surroundings;
    return new Farewells({
      store: this.#store,
      leave,
      told: ({ definition }) => event({ code: 'target-told', severity: 'information', sentence }, definition.name),
      fault: (error) => fault(error, null),
    });
  }

  #makeRests(): Rests {
    const { rest, fault, event } = this.#surroundings;
    return new Rests({
      rest,
      untold: ({ definition }, why) => {
        const sentence = `The target could not be told that the job was stopped (${why}): it keeps the replica read-only for others until it is; that is tried again every minute.`;
        event({ code: 'target-not-told', severity: 'warning', sentence }, definition.name);
      },
      fault: (error) => fault(error, null),
    });
  }

  /** Starts what was running when the agent ended, and lets go of what no job wants any more. Never throws. */
  async restore(): Promise<void> {
    await this.#keeper.restore();
    // Not waited for: a target that cannot be reached keeps nobody from starting.
    this.#farewells.again().catch((error) => this.#surroundings.fault(error, null));
    for (const { stored } of this.#jobs.values())
      if (!stored.started && stored.gaveWay === undefined) this.#rests.again(stored);
  }

  names(): string[] {
    return [...this.#jobs.keys()];
  }

  /** Each change, and while somebody looks every second what has moved. */
  onStatus(listener: StatusListener): () => void {
    return this.#listeners.add(listener);
  }

  status(name: string): JobStatus {
    return this.#keeper.statusOf(this.#find(name));
  }

  list(): { status: JobStatus; definition: JobDefinition }[] {
    return [...this.#jobs.values()].map((job) => ({
      status: this.#keeper.statusOf(job),
      definition: job.stored.definition,
    }));
  }

  async validate(definition: JobDefinition): Promise<Problem[]> {
    const prepared = prepareJob(definition, this.#surroundings);
    const problems: Problem[] = prepared.errors.map((sentence) => ({ severity: 'error', code: 'invalid', sentence }));
    for (const sentence of prepared.notes) problems.push({ severity: 'warning', code: 'note', sentence });
    return problems;
  }

  async create(input: CallArguments<'job.create'>): Promise<{ status: JobStatus; notes: string[] }> {
    const { start, adopt, ...definition } = input;
    const { name } = definition;
    refuseUnsupported(definition);
    this.#refuseTaken(name);
    this.#creating.add(name);
    try {
      const { job, notes } = await this.#define(definition, adopt === true);
      if (start) await this.#startNew(job);
      this.#tell(job);
      return { status: this.#keeper.statusOf(job), notes };
    } finally {
      this.#creating.delete(name);
    }
  }

  kept(name: string): { revision: number; definition: JobDefinition } {
    const { revision, definition } = this.#find(name).stored;
    return { revision, definition };
  }

  async edit(asked: CallArguments<'job.edit'>): Promise<CallResult<'job.edit'>> {
    const job = this.#find(asked.name);
    return this.#exclusively(job, async () => {
      const notes = await edit(job, asked, {
        surroundings: this.#surroundings,
        keeper: this.#keeper,
        save: (change) => this.#save(job, change),
        event: (code, severity, sentence) => this.#event(job, code, severity, sentence),
      });
      return { status: this.#keeper.statusOf(job), revision: job.stored.revision, notes: [...notes] };
    });
  }

  async start(name: string, { adopt = false, asPrimary = false }: StartOptions = {}): Promise<JobStatus> {
    const job = this.#find(name);
    return this.#exclusively(job, async () => {
      const promoted = promotedOf(job, asPrimary);
      const before = job.running === null ? null : stateOf(job.running.runner.facts());
      if (job.running !== null && isBraked(job.running))
        throw new ManagementError('refused', before?.reason?.sentence ?? 'The brake holds.');
      if (before !== null && before.state !== 'halted') return this.#keeper.statusOf(job);
      job.emptyIsMeant = before?.reason?.code === 'root-emptied';
      if (job.stored.gaveWay !== undefined)
        throw new ManagementError('refused', gaveWayReason(job.stored.gaveWay.server).sentence);
      if (adopt) this.#save(job, { adopt });
      if (promoted !== null) this.#save(job, promoted);
      await this.#rests.over(job.stored.id);
      await this.#keeper.start(job);
      this.#save(job, { started: true, paused: false });
      if (job.running !== null) this.#event(job, 'job-started', 'information', 'The job was started.');
      return this.#keeper.statusOf(job);
    });
  }

  async stop(name: string): Promise<JobStatus> {
    const job = this.#find(name);
    return this.#exclusively(job, async () => {
      promotedOf(job, false);
      this.#save(job, { started: false, paused: false });
      await this.#keeper.stop(job);
      await this.#rests.say(job.stored);
      this.#event(job, 'job-stopped', 'information', stoppedSentence(job.mountUsers));
      return this.#keeper.statusOf(job);
    });
  }

  pause(name: string, paused: boolean): JobStatus {
    const job = this.#running(name);
    this.#save(job, { paused });
    setPaused(job.running.runner, paused);
    const word = paused ? 'paused' : 'resumed';
    this.#event(job, `job-${word}`, 'information', `Transmission was ${word}.`);
    job.running.interception.wake();
    this.#tell(job);
    return this.#keeper.statusOf(job);
  }

  async delete(name: string): Promise<void> {
    const job = this.#find(name);
    await this.#exclusively(job, async () => {
      job.stored = { ...job.stored, started: false };
      await this.#keeper.stop(job);
      await this.#rests.over(job.stored.id);
      const telling = this.#farewells.say(job.stored);
      this.#store.remove(job.stored.id);
      this.#jobs.delete(name);
      this.#listeners.tell(name, null);
      const untold = await telling;
      const told =
        untold === null
          ? ''
          : ` The target could not be told (${untold}): it holds the replica path for this job until it is; that is tried again every minute.`;
      this.#event(job, 'job-deleted', 'information', `The job was deleted; the replica stays as it is.${told}`);
    });
  }

  /** SAFE4: what becomes of what the brake holds. */
  async brake({ name, decision }: CallArguments<'job.brake'>): Promise<JobStatus> {
    const job = this.#find(name);
    return this.#exclusively(job, async () => {
      const { applied, why } = await decideBrake(job, decision, this.#surroundings);
      this.#event(job, 'brake-decided', 'warning', DECIDED[decision]);
      const { running } = job;
      if (decision === 'halt-here') haltedAt(running, applied, why);
      // It was sent away while the brake held: now it may come.
      else if (running?.runner.isHalted === true) await this.#keeper.start(job);
      return this.#keeper.statusOf(job);
    });
  }

  mirror(asked: CallArguments<'job.mirror'>): JobStatus {
    const job = this.#running(asked.name);
    this.#refuseHalted(job);
    startMirror(job.running, asked);
    return this.#keeper.statusOf(job);
  }

  /** Of the mirror under way. */
  mirrorChange(name: string, change: 'pause' | 'resume' | 'stop'): JobStatus {
    const job = this.#running(name);
    this.#refuseHalted(job);
    const sentence = changeMirror(job.running, name, change);
    this.#event(job, `mirror-${changed[change]}`, 'information', sentence);
    job.running.interception.wake();
    this.#tell(job);
    return this.#keeper.statusOf(job);
  }

  /** What verifications of that job have found. */
  reports(name: string): VerificationReports {
    return this.#surroundings.reports(this.#find(name).stored.id);
  }

  /** The running job, drained: what was intercepted before the call is in its stream. */
  drained(name: string): Running {
    const job = this.#running(name);
    job.running.interception.turn();
    this.#refuseHalted(job);
    return job.running;
  }

  /** For the rooms that swap a job's roles. */
  get door(): RoleDoor {
    return makeDoor({
      store: this.#store,
      surroundings: this.#surroundings,
      keeper: this.#keeper,
      jobs: this.#jobs,
      save: (job, change) => this.#save(job, change),
      removed: (name) => this.#listeners.tell(name, null),
      exclusively: (job, work) => this.#exclusively(job, work),
    });
  }

  /** The agent ends. With `keep` what is protected stays mounted, and its applications notice nothing. */
  async close(keep: boolean): Promise<void> {
    this.#closed = true;
    this.#listeners.close();
    this.#farewells.close();
    this.#rests.close();
    this.#keeper.close();
    await this.#surroundings.interceptors.close(keep);
  }

  // ------------------------------------------------------------------------------------------------------ within

  async #define(definition: JobDefinition, adopt: boolean): Promise<{ job: Job; notes: string[] }> {
    const prepared = prepareJob(definition, this.#surroundings);
    if (prepared.errors.length > 0) throw new ManagementError('refused', prepared.errors.map(sentenceOf).join(' '));
    const stored: StoredJob = { id: randomUUID(), revision: 1, epoch: 1, started: false, paused: false, definition };
    if (adopt) stored.adopt = true;
    const refusal = await this.#surroundings.probe(stored, prepared.directories);
    if (refusal !== null) throw new ManagementError('refused', refusal);
    this.#store.save(stored);
    const job = newJob(stored);
    this.#jobs.set(definition.name, job);
    this.#event(job, 'job-created', 'information', `The job was created; its target is ${definition.target.name}.`);
    return { job, notes: [...prepared.notes] };
  }

  async #startNew(job: Job): Promise<void> {
    const { name } = job.stored.definition;
    try {
      await this.start(name);
    } catch (error) {
      const { code } = error instanceof ManagementError ? error : { code: 'failed' as const };
      throw new ManagementError(
        code,
        `The job ${name} was created, but it was not started: ${messageOf(error)} ` +
          `When that is mended, start it with \`understudy job start ${name}\`.`,
      );
    }
  }

  #save(job: Job, change: Partial<StoredJob>): void {
    const stored = { ...job.stored, ...change, revision: job.stored.revision + 1 };
    this.#store.save(stored);
    job.stored = stored;
  }

  #tellAll(): void {
    for (const job of this.#jobs.values()) if (job.running !== null) this.#tell(job);
  }

  #tell(job: Job): void {
    if (!this.#listeners.any || this.#closed || this.#jobs.get(job.stored.definition.name) !== job) return;
    const status = this.#keeper.statusOf(job);
    this.#listeners.tell(status.name, status);
  }

  #event(job: Job, code: string, severity: Severity, sentence: string): void {
    this.#surroundings.event({ code, severity, sentence }, job.stored.definition.name);
  }

  async #exclusively<T>(job: Job, work: () => Promise<T>): Promise<T> {
    const { name } = job.stored.definition;
    if (this.#closed) throw new ManagementError('busy', 'The agent is stopping; try again when it runs.');
    if (job.busy) throw new ManagementError('busy', `${name} is being started or stopped; try again in a moment.`);
    job.busy = true;
    try {
      return await work();
    } finally {
      job.busy = false;
      this.#tell(job);
    }
  }

  #refuseTaken(name: string): void {
    if (!this.#jobs.has(name) && !this.#creating.has(name)) return;
    throw new ManagementError(
      'name-taken',
      `A job named ${name} exists on this server already; choose another name or delete that one.`,
    );
  }

  #refuseHalted(job: Job & { running: Running }): void {
    const { state, reason } = job.running.runner.state();
    if (state !== 'halted') return;
    throw new ManagementError('refused', `The job ${job.stored.definition.name} is halted: ${reason?.sentence ?? ''}`);
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
    const why = job.failure === null ? 'start it first with `understudy job start`.' : job.failure.sentence;
    throw new ManagementError('refused', `The job ${name} is not running: ${why}`);
  }
}

const DECIDED = {
  'go-on': 'A person has decided that the brake lets go: all that was held is applied.',
  'halt-here':
    'A person has decided that the job halts here: the replica is taken back to where the burst began, and stays there.',
} as const;

function stoppedSentence(users: readonly string[]): string {
  if (users.length === 0) return 'The job was stopped; its directories are as they were.';
  return `The job was stopped; the mount stays as a pass-through while it is used by ${users.join(', ')}.`;
}
