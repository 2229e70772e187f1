/**
 * takeover: failovers of the jobs whose replica this agent keeps (FO1). In: a person's order, or the monitor's; what is kept of replicas.
 * Out: plans, failovers step by step, statuses of the role `target`. Promise: one at a time for a job, and who comes second hears who was
 * first; what is to be done is on disk before it is done; after a crash it goes on by itself; it ends complete, taken back, or halted with
 * advice, and never half done and forgotten.
 */
import {
  type ChosenTakeover,
  isPastReturn,
  isUnderWay,
  moveTakeover,
  newTakeover,
  type Takeover,
  type TakeoverEvent,
} from '@understudy/engine';
import {
  type CallArguments,
  type JobDefinition,
  type JobStatus,
  ManagementError,
  type TakeoverPlan,
} from '@understudy/wire';
import { type StatusListener, StatusListeners } from '../source/status-listeners.ts';
import type { KeptReplica, TargetJobs } from '../target/target-jobs.ts';
import { leave, left, stay } from './leave.ts';
import { AutomaticFailovers, isMonitors } from './monitor/automatic.ts';
import { type Monitoring, Monitors } from './monitor/monitors.ts';
import { failedOverAlready, orderedAlready, underWay } from './order-refusals.ts';
import { type ContextParts, contextFor, performTakeover } from './perform.ts';
import { planOf, refusalOf } from './plan.ts';
import type { Epochs, ReverseRole, Rewinds } from './ports.ts';
import { type ReplicaJob, replicaJob } from './replica-job.ts';
import { replicaStatus, takeoverStatus } from './replica-status.ts';
import type { RunCommand } from './run-command.ts';
import type { LinkPorts } from './steps/addresses.ts';
import { stepCodes } from './steps/index.ts';
import type { StepCodes } from './steps/step.ts';
import { type TakeoverRecord, TakeoverStore } from './takeover-store.ts';
import type { TestFailovers } from './test-failover/test-failover.ts';

export type Severity = 'information' | 'warning' | 'error';

export interface TakeoverParts {
  readonly agentName: string;
  readonly home: string;
  readonly targets: TargetJobs;
  readonly epochs: Epochs;
  readonly rewinds: Rewinds;
  readonly reverse: ReverseRole;
  readonly link: LinkPorts;
  /** Failovers that are tried; one under way gives way to a real one, and so does what else needs a replica that stands still. */
  readonly tests?: Pick<TestFailovers, 'status' | 'stop'>;
  readonly run: RunCommand;
  /** Where the source's agent was reached. */
  readonly addressesOf: (fingerprint: string) => readonly string[];
  readonly event: (event: { code: string; severity: Severity; sentence: string; advice?: string }, job: string) => void;
  readonly fault: (error: unknown, job: string) => void;
}

type Asked = CallArguments<'job.failover'>;
type Choice = Pick<Asked, 'data' | 'point' | 'risks'> & { readonly sourceIsDown: boolean; readonly automatic: boolean };

interface Order {
  readonly choice: Choice;
  readonly by: string;
}

export class Takeovers {
  readonly #parts: TakeoverParts;
  readonly #store: TakeoverStore;
  readonly #steps: StepCodes;
  readonly #monitors: Monitors;
  readonly #listeners = new StatusListeners(() => this.#tellAll());
  readonly #working = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  #closed = false;

  /** Throws StartError for a damaged record. */
  constructor(parts: TakeoverParts) {
    this.#parts = parts;
    this.#store = new TakeoverStore(parts.home);
    this.#steps = stepCodes({ ...parts, obstacles: (jobId) => this.#obstaclesOf(jobId) });
    const automatic = new AutomaticFailovers({
      record: (jobId) => this.#store.get(jobId),
      order: (job) => this.#orderedByMonitor(job),
      drop: (jobId) => this.forget(jobId),
      watch: parts.epochs.watch,
      event: parts.event,
    });
    this.#monitors = new Monitors({
      jobs: () => this.#monitored(),
      run: parts.run,
      outputOf: (jobId) => this.#store.outputOf(`${jobId}.monitor`),
      event: parts.event,
      looked: (job, light) => automatic.looked(job, light),
    });
  }

  /** What was under way when the agent ended goes on. */
  restore(): void {
    for (const record of this.#store.all()) if (isUnderWay(record.takeover)) this.#work(record.jobId);
    this.#monitors.start();
  }

  close(): void {
    this.#closed = true;
    this.#listeners.close();
    this.#monitors.close();
    for (const { stop } of this.#working.values()) stop.abort();
  }

  /** Why that source is sent away; null: it is not. */
  sentAway(jobId: string, epoch: number): string | null {
    const record = this.#store.get(jobId);
    if (record === null || epoch > record.epoch) return null;
    if (!this.#isTaken(record)) return null;
    return `This server has taken over from the source of ${record.jobName} in epoch ${record.epoch}.`;
  }

  /** The failover of that job is over: roles are as they were, or the roles have been swapped for good. */
  forget(jobId: string): void {
    this.#working.get(jobId)?.stop.abort();
    this.#store.forget(jobId);
  }

  /** It has taken over, or is about to. */
  isTaken(jobId: string): boolean {
    const record = this.#store.get(jobId);
    return record !== null && this.#isTaken(record);
  }

  /** The way home, before the roles are switched: this server serves no more. Throws where something keeps it from that. */
  async leave(jobId: string): Promise<void> {
    const context = this.#contextOf(jobId, 'failback');
    if (context !== null) await leave(context);
  }

  /** The roles are not switched: what was stopped for that serves again. Throws where something keeps it from that. */
  async stay(jobId: string): Promise<void> {
    const context = this.#contextOf(jobId, 'failover');
    if (context !== null) await stay(context, this.#steps);
  }

  /** Behind the switch: the failover is over. */
  async left(jobId: string): Promise<void> {
    const context = this.#contextOf(jobId, 'failback');
    if (context === null) return;
    await left(context);
    this.forget(jobId);
  }

  list(): { status: JobStatus; definition: JobDefinition }[] {
    return this.#parts.targets.kept().flatMap((kept) => {
      const job = this.#jobOf(kept);
      return job.definition === null ? [] : [{ status: this.#statusOf(kept, job), definition: job.definition }];
    });
  }

  /** What the target adds to the status of a job whose reverse runs here. */
  failoverOf(jobId: string): JobStatus['failover'] | undefined {
    const record = this.#store.get(jobId);
    return record === null ? undefined : { automatic: false, monitor: null, takeover: takeoverStatus(record) };
  }

  has(name: string): boolean {
    return this.#parts.targets.kept().some(({ stored }) => stored.jobName === name);
  }

  /** Each step, and while somebody looks every second what has moved. */
  onStatus(listener: StatusListener): () => void {
    return this.#listeners.add(listener);
  }

  status(name: string): JobStatus {
    const kept = this.#find(name);
    return this.#statusOf(kept, this.#jobOf(kept));
  }

  plan({ name, ...choice }: CallArguments<'job.failoverPlan'>): TakeoverPlan {
    const kept = this.#find(name);
    const record = this.#store.get(kept.stored.jobId);
    if (record !== null && isUnderWay(record.takeover)) throw underWay(record, name);
    if (record !== null && this.#isTaken(record)) throw orderedAlready(record, name);
    return this.#planFor(kept, { ...choice, sourceIsDown: true, automatic: false });
  }

  failover(asked: Asked, by: string): JobStatus {
    const kept = this.#find(asked.name);
    const record = this.#store.get(kept.stored.jobId);
    if (record !== null) {
      const { takeover } = record;
      if (isUnderWay(takeover)) throw underWay(record, asked.name);
      if (takeover.phase === 'failed-over') throw failedOverAlready(record, asked.name);
      if (isPastReturn(takeover)) return this.#goOn(record, asked.skip ? 'skip' : 'go-on', by);
    }
    if (asked.skip)
      throw new ManagementError('refused', 'No failover of this job stands at a step that could be skipped.');
    this.#begin(kept, { choice: { ...asked, automatic: false }, by });
    return this.status(asked.name);
  }

  cancel(name: string, by: string): JobStatus {
    const kept = this.#find(name);
    const record = this.#store.get(kept.stored.jobId);
    if (record === null) throw new ManagementError('refused', `No failover of ${name} is under way.`);
    this.#move(record, { kind: 'take-back' });
    this.#tell(
      record,
      'failover-cancelled',
      'warning',
      `${by} has cancelled the failover: what was done is taken back.`,
    );
    // What is at work ends, and its end is not noted any more.
    this.#working.get(record.jobId)?.stop.abort();
    this.#work(record.jobId);
    return this.status(name);
  }

  // ------------------------------------------------------------------------------------------------------ within

  #isTaken({ takeover }: TakeoverRecord): boolean {
    return takeover.phase === 'failed-over' || isUnderWay(takeover) || isPastReturn(takeover);
  }

  #begin(kept: KeptReplica, { choice, by }: Order): void {
    const plan = this.#planFor(kept, choice);
    if (plan.obstacles.length > 0) throw refusalOf(plan);
    const job = this.#jobOf(kept);
    const record: TakeoverRecord = {
      jobId: job.id,
      jobName: job.name,
      startedAt: new Date().toISOString(),
      endedAt: null,
      by,
      automatic: choice.automatic,
      data: choice.data,
      point: choice.point,
      risks: choice.risks,
      epoch: this.#nextEpoch(job),
      reaches: plan.reaches,
      takeover: newTakeover(plan.steps),
      advice: '',
    };
    this.#store.save(record);
    this.#tell(
      record,
      'failover-begun',
      'warning',
      `${by} has ordered the failover: ${job.target} takes over from ${job.source}.`,
    );
    this.#work(job.id);
  }

  #goOn(record: TakeoverRecord, kind: 'go-on' | 'skip', by: string): JobStatus {
    this.#move(record, { kind });
    const how = kind === 'skip' ? 'takes the step for done that it stood at' : 'lets it go on';
    this.#tell(record, 'failover-goes-on', 'warning', `${by} ${how}.`);
    this.#work(record.jobId);
    return this.status(record.jobName);
  }

  #move(record: TakeoverRecord, event: TakeoverEvent): void {
    const moved: Takeover | string = moveTakeover(record.takeover, event);
    if (typeof moved === 'string') throw new ManagementError('refused', moved);
    this.#store.save({ ...record, takeover: moved });
  }

  /** Not waited for: the status tells how it goes. What was at work before is over before this begins. */
  #work(jobId: string): void {
    if (this.#closed) return;
    const stop = new AbortController();
    const before = this.#working.get(jobId)?.ended ?? Promise.resolve();
    const ended = before
      .then(() => this.#parts.tests?.stop(jobId))
      .then(() => this.#perform(jobId, stop.signal))
      .catch((error: unknown) => this.#parts.fault(error, jobId));
    this.#working.set(jobId, { stop, ended });
  }

  #perform(jobId: string, signal: AbortSignal): Promise<void> {
    return performTakeover(jobId, {
      ...this.#contextParts(jobId, signal),
      steps: this.#steps,
      fault: this.#parts.fault,
    });
  }

  /** Of one that has ended; null: there is none. `failover` does again what was done then. */
  #contextOf(jobId: string, action: 'failover' | 'failback') {
    const record = this.#store.get(jobId);
    const parts = this.#contextParts(jobId, new AbortController().signal);
    return record === null ? null : contextFor(parts, record, action === 'failover', action);
  }

  #contextParts(jobId: string, signal: AbortSignal): ContextParts {
    return {
      run: this.#parts.run,
      store: this.#store,
      jobOf: () => this.#jobOf(this.#byId(jobId)),
      signal,
      tell: (record, code, severity, sentence) => this.#tell(record, code, severity, sentence),
    };
  }

  #monitored(): Monitoring[] {
    return this.#parts.targets.kept().flatMap((kept) => {
      const job = this.#jobOf(kept);
      const record = this.#store.get(job.id);
      const { monitor } = job.failover;
      const isOver = record === null || record.takeover.phase === 'taken-back' || isMonitors(record, job);
      if (monitor === undefined || kept.stored.rests === true || !isOver) return [];
      const silentMs = () => kept.job?.silentMs ?? null;
      return [{ job, monitor, silentMs, agents: this.#parts.addressesOf(job.sourceFingerprint) }];
    });
  }

  #orderedByMonitor({ id, failover: { data } }: ReplicaJob): void {
    const choice = { data, point: null, risks: [], sourceIsDown: false, automatic: true };
    this.#begin(this.#byId(id), { choice, by: 'monitor' });
  }

  #planFor(kept: KeptReplica, { data, point, risks, sourceIsDown, automatic }: Choice): TakeoverPlan {
    const job = this.#jobOf(kept);
    const witnessed = this.#parts.epochs.whyNotWitnessed(job.failover) === null;
    const chosen: ChosenTakeover = { data, point, risks, sourceIsDown, automatic, witnessed };
    const { rewinds, reverse } = this.#parts;
    const seen = automatic ? (this.#parts.epochs.watch?.whyNot(job) ?? null) : null;
    return planOf({
      job,
      kept,
      facts: this.#opened(kept),
      chosen,
      rewinds,
      reverse,
      epoch: this.#nextEpoch(job),
      seen,
    });
  }

  /** Again before anything is done: it may be otherwise by now. */
  #obstaclesOf(jobId: string): string[] {
    const record = this.#store.get(jobId);
    if (record === null) return ['The failover is not known any more.'];
    const { data, point, risks, automatic } = record;
    const plan = this.#planFor(this.#byId(jobId), { data, point, risks, automatic, sourceIsDown: true });
    return plan.obstacles.map(({ sentence }) => sentence);
  }

  #opened({ stored }: KeptReplica) {
    try {
      return this.#parts.targets.open(stored.jobId)?.hand.facts() ?? null;
    } catch (error) {
      this.#parts.fault(error, stored.jobName);
      return null;
    }
  }

  #nextEpoch(job: ReplicaJob): number {
    return Math.max(job.epoch, this.#store.get(job.id)?.epoch ?? 1) + 1;
  }

  #statusOf(kept: KeptReplica, job: ReplicaJob): JobStatus {
    const facts = kept.job?.hand.facts() ?? null;
    const monitor = this.#monitors.statusOf(job.id);
    const test = this.#parts.tests?.status(job.id);
    return replicaStatus({ job, kept, facts, record: this.#store.get(job.id), monitor, test, wallMs: Date.now() });
  }

  #tell(record: TakeoverRecord, code: string, severity: Severity, sentence: string): void {
    const advice = record.advice;
    this.#parts.event({ code, severity, sentence, ...(advice === '' ? {} : { advice }) }, record.jobName);
    this.#tellAll();
  }

  #tellAll(): void {
    if (this.#listeners.any && !this.#closed) this.#listeners.tellAll(this.list().map(({ status }) => status));
  }

  #jobOf(kept: KeptReplica): ReplicaJob {
    return replicaJob(kept, this.#parts.agentName);
  }

  #byId(jobId: string): KeptReplica {
    const kept = this.#parts.targets.kept().find(({ stored }) => stored.jobId === jobId);
    if (kept === undefined)
      throw new ManagementError('unknown-job', 'The replica of this job is not kept here any more.');
    return kept;
  }

  #find(name: string): KeptReplica {
    const kept = this.#parts.targets.kept().find(({ stored }) => stored.jobName === name);
    if (kept !== undefined) return kept;
    throw new ManagementError('unknown-job', `This server keeps no replica of a job named ${name}.`);
  }
}
