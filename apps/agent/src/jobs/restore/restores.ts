/**
 * restore: what this server keeps of a job is brought back to its source, or to another place, once. In: a person's order. Out: plans,
 * copies on their way, and how the last one of each job ended. Promise: that it is under way is on disk before it begins; the replica
 * stands still as long; nothing that lies at the other place is written over, and nothing there is kept from writers when it is over;
 * an agent that was killed goes on with it.
 */
import { randomUUID } from 'node:crypto';
import type { RawName } from '@understudy/base';
import type { Reason, SourceFiles } from '@understudy/engine';
import {
  type CallArguments,
  ManagementError,
  type Refuse,
  type RestorePlan,
  type RestoreStatus,
} from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import { type JobSurroundings, prepareJob } from '../source/prepare-job.ts';
import { sentenceOf } from '../source/sentence-of.ts';
import type { JobStore, StoredJob } from '../stored-job.ts';
import { type ReplicaJob, replicaJob } from '../takeover/replica-job.ts';
import type { KeptReplica, TargetJobs } from '../target/target-jobs.ts';
import { placesOfRestore, restoreJobOf, serverOf } from './restore-job.ts';
import { restorePlanOf } from './restore-plan.ts';
import { RestoreRun, type RestoreSurroundings } from './restore-run.ts';
import { type RestoreRecord, RestoreStore } from './restore-store.ts';

export interface RestoreParts {
  readonly agentName: string;
  readonly fingerprint: string;
  readonly home: string;
  readonly targets: Pick<TargetJobs, 'kept' | 'open'>;
  readonly isTaken: (jobId: string) => boolean;
  readonly addressOf: (fingerprint: string) => string | null;
  readonly jobs: Pick<JobStore, 'remove'>;
  readonly surroundings: RestoreSurroundings & Pick<JobSurroundings, 'probe' | 'leave'>;
  readonly openFiles: (directory: RawName) => SourceFiles;
}

type Asked = CallArguments<'job.restore'>;

/** The other server is told that it is over, until it has heard it. */
const AGAIN_MS = 5_000;

interface UnderWay {
  readonly run: RestoreRun;
  /** The replica may change again. */
  readonly goOn: () => void;
}

export class Restores {
  readonly #parts: RestoreParts;
  readonly #store: RestoreStore;
  readonly #running = new Map<string, UnderWay>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Being planned and begun: a second order must not pass meanwhile. */
  readonly #busy = new Set<string>();
  readonly #ending = new Set<string>();
  #closed = false;

  /** Throws StartError for a damaged record. */
  constructor(parts: RestoreParts) {
    this.#parts = parts;
    this.#store = new RestoreStore(parts.home);
  }

  /** Of a greeting of that job's source: the replica must not change now; null: it may. */
  refusal(jobId: string): Refuse | null {
    const record = this.#store.get(jobId);
    if (record?.phase !== 'copying') return null;
    const { name } = record.stored.definition.target;
    const sentence = `The replica of ${record.jobName} is being copied to ${name} (${record.places.join(', ')}); the job goes on when that is over.`;
    return { code: 'failed', sentence: sentence.slice(0, 1024) };
  }

  /** What was under way when the agent ended goes on; who was to be told is told. */
  async restore(): Promise<void> {
    for (const { ending, ...record } of this.#store.all()) {
      if (record.phase === 'copying' && ending !== undefined)
        this.#end(record, ending.phase, ending.reason).catch((error: unknown) =>
          this.#parts.surroundings.fault(error, record.jobName),
        );
      else if (record.phase === 'copying')
        await this.#begin(record).catch((error: unknown) => this.#halt(record, error));
      else if (!record.left) this.#leaveLater(record.jobId, 0);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const { run } of this.#running.values()) await run.close();
    this.#running.clear();
  }

  async plan(asked: Asked): Promise<RestorePlan> {
    return (await this.#planned(asked)).plan;
  }

  /** Throws ManagementError `refused` with everything that stands in the way. */
  async order(asked: Asked, by: string): Promise<RestoreStatus> {
    const { jobId } = this.#find(asked.name).stored;
    this.#refuseSecond(jobId);
    this.#busy.add(jobId);
    try {
      const { plan, stored } = await this.#planned(asked);
      if (plan.obstacles.length > 0 || stored === null) throw refusalOf(plan);
      const startedAt = new Date().toISOString();
      const open = { endedAt: null, phase: 'copying' as const, reason: null, left: false };
      const record = { jobId, jobName: plan.name, stored, places: plan.places, by, startedAt, ...open };
      this.#store.save(record);
      await this.#begin(record).catch((error: unknown) => this.#halt(record, error));
      return this.#statusOf(this.#store.get(jobId) ?? record);
    } finally {
      this.#busy.delete(jobId);
    }
  }

  status(name: string): RestoreStatus | null {
    const record = this.#store.get(this.#find(name).stored.jobId);
    return record === null ? null : this.#statusOf(record);
  }

  async cancel(name: string, by: string): Promise<RestoreStatus> {
    const record = this.#store.get(this.#find(name).stored.jobId);
    if (record?.phase !== 'copying')
      throw new ManagementError('refused', `No restore of ${name} is under way on this server.`);
    const sentence = `${by} has broken it off; what was copied stays where it is.`;
    await this.#end(record, 'cancelled', { code: 'cancelled', sentence });
    return this.#statusOf(this.#store.get(record.jobId) ?? record);
  }

  /** For a failover: the replica is needed. */
  async giveWay(jobId: string): Promise<void> {
    const record = this.#store.get(jobId);
    if (record?.phase !== 'copying') return;
    const sentence = 'A failover was ordered, and the replica is about to change; what was copied stays where it is.';
    const reason = { code: 'failed-over', sentence };
    // The other server is told behind its back: nobody waits for that.
    this.#ended(record, { phase: 'cancelled', reason, left: false });
    await this.#stop(jobId);
  }

  // ------------------------------------------------------------------------------------------------------ within

  async #planned(asked: Asked): Promise<{ readonly plan: RestorePlan; readonly stored: StoredJob | null }> {
    const { agentName, fingerprint, isTaken, surroundings } = this.#parts;
    const kept = this.#find(asked.name);
    const job = replicaJob(kept, agentName);
    const facts = this.#factsOf(kept);
    const own = { name: agentName, fingerprint };
    const underWay = this.#isCopying(job.id) ? this.#underWay(job.id) : null;
    const { definition } = job;
    const parts = {
      job,
      kept,
      facts,
      choice: asked,
      own,
      isTaken: isTaken(job.id),
      errors: [],
      refusal: null,
      underWay,
    };
    if (definition === null) {
      const server = asked.to?.server ?? { name: job.source, fingerprint: job.sourceFingerprint };
      return { plan: restorePlanOf({ ...parts, server, places: [] }), stored: null };
    }
    const source = this.#sourceOf(job);
    const stored = restoreJobOf({ ...job, definition, source }, asked, randomUUID());
    const prepared = prepareJob(stored.definition, surroundings);
    const directories = prepared.directories.map(({ path }) => path);
    const places = placesOfRestore(stored, directories);
    const server = stored.definition.target;
    const mayAsk = server.fingerprint !== fingerprint && !parts.isTaken && underWay === null;
    const refusal = mayAsk ? await surroundings.probe(stored, prepared.directories) : null;
    const errors = prepared.errors.map(sentenceOf);
    return { plan: restorePlanOf({ ...parts, server, places, errors, refusal }), stored };
  }

  /** Its journal is looked at, and nothing is done to it. Null: it cannot be opened. */
  #factsOf({ stored }: KeptReplica) {
    try {
      return this.#parts.targets.open(stored.jobId)?.hand.facts() ?? null;
    } catch (error) {
      this.#parts.surroundings.fault(error, stored.jobName);
      return null;
    }
  }

  #sourceOf({ source, sourceFingerprint, definition }: ReplicaJob) {
    const address = this.#parts.addressOf(sourceFingerprint) ?? 'unknown:7320';
    return serverOf(definition?.sourceName ?? source, address, sourceFingerprint);
  }

  async #begin(record: RestoreRecord): Promise<void> {
    const { targets, surroundings, openFiles } = this.#parts;
    const { jobId, jobName, stored } = record;
    // One that is not linked applies nothing, and no source is listened to meanwhile.
    const job = targets.open(jobId);
    const goOn = job?.linked === true ? job.hand.hold() : () => {};
    try {
      const run = await RestoreRun.begin({
        stored,
        surroundings,
        openFiles,
        jobName,
        ended: (why) => {
          const done = why === null ? this.#end(record, 'done', null) : this.#end(record, 'halted', why);
          done.catch((error: unknown) => surroundings.fault(error, jobName));
        },
      });
      this.#running.set(jobId, { run, goOn });
    } catch (error) {
      goOn();
      throw error;
    }
    const sentence = `What is kept of ${jobName} is copied to ${stored.definition.target.name} (${record.places.join(', ')}).`;
    surroundings.event({ code: 'restore-begun', severity: 'information', sentence }, jobName);
  }

  /** Whoever hears that it has ended may write there at once, so that the other server is told first. */
  async #end(record: RestoreRecord, phase: 'done' | 'halted' | 'cancelled', reason: Reason | null): Promise<void> {
    const { jobId } = record;
    if (this.#closed || this.#ending.has(jobId) || !this.#isCopying(jobId)) return;
    this.#ending.add(jobId);
    try {
      await this.#stop(jobId);
      const ending = { phase, reason: reasonOf(reason) };
      this.#store.save({ ...record, ending });
      const left = await this.#leave(record);
      if (this.#closed || !this.#isCopying(jobId)) return;
      this.#ended(record, { ...ending, left });
    } finally {
      this.#ending.delete(jobId);
    }
  }

  #ended(record: RestoreRecord, how: Pick<RestoreRecord, 'phase' | 'reason' | 'left'>): void {
    const { jobId, jobName, stored, places } = record;
    const { phase, reason } = how;
    this.#store.save({ ...record, ...how, endedAt: new Date().toISOString() });
    const where = `${stored.definition.target.name} (${places.join(', ')})`;
    const sentence =
      reason === null
        ? `What is kept of ${jobName} lies on ${where}.`
        : `The restore to ${where} ended: ${reason.sentence}`;
    const severity = phase === 'halted' ? 'error' : 'information';
    this.#parts.surroundings.event({ code: `restore-${phase}`, severity, sentence }, jobName);
    if (!how.left) this.#leaveLater(jobId, AGAIN_MS);
  }

  async #stop(jobId: string): Promise<void> {
    const underWay = this.#running.get(jobId);
    this.#running.delete(jobId);
    await underWay?.run.close();
    underWay?.goOn();
  }

  async #halt(record: RestoreRecord, error: unknown): Promise<void> {
    await this.#end(record, 'halted', { code: 'failed', sentence: sentenceOf(messageOf(error)) });
  }

  /** True: the folder there is nobody's any more, and nothing is kept here for it. */
  async #leave({ stored }: RestoreRecord): Promise<boolean> {
    const { surroundings, jobs } = this.#parts;
    if ((await surroundings.leave(stored)) !== null) return false;
    jobs.remove(stored.id);
    surroundings.forgetQueue(stored.id);
    return true;
  }

  /** Told again until it was heard, over restarts. */
  #leaveLater(jobId: string, ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timers.get(jobId));
    const again = async () => {
      const record = this.#store.get(jobId);
      if (record === null || record.left || record.phase === 'copying') return;
      const left = await this.#leave(record);
      if (this.#closed || this.#store.get(jobId) !== record) return;
      if (left) this.#store.save({ ...record, left });
      else this.#leaveLater(jobId, AGAIN_MS);
    };
    const fault = (error: unknown) => this.#parts.surroundings.fault(error, null);
    this.#timers.set(jobId, setTimeout(() => again().catch(fault), ms).unref());
  }

  #isCopying(jobId: string): boolean {
    return this.#store.get(jobId)?.phase === 'copying';
  }

  #statusOf(record: RestoreRecord): RestoreStatus {
    const { jobName, places, by, startedAt, endedAt, phase, reason, stored } = record;
    const progress = this.#running.get(record.jobId)?.run.progress ?? null;
    const waits = progress === null ? null : reasonOf(progress.reason);
    const server = stored.definition.target.name;
    const ended = { phase, mirror: progress?.mirror ?? null, reason: reason ?? waits };
    return { name: jobName, server, places: [...places], by, startedAt, endedAt, ...ended };
  }

  #refuseSecond(jobId: string): void {
    if (this.#isCopying(jobId) || this.#busy.has(jobId)) throw new ManagementError('busy', this.#underWay(jobId));
  }

  #underWay(jobId: string): string {
    const record = this.#isCopying(jobId) ? this.#store.get(jobId) : null;
    const whose = record === null ? '' : `, ordered by ${record.by} at ${record.startedAt}`;
    return `A restore of this job is under way${whose}: wait for it, or end it with --cancel.`;
  }

  #find(name: string): KeptReplica {
    const kept = this.#parts.targets.kept().find(({ stored }) => stored.jobName === name);
    if (kept !== undefined) return kept;
    throw new ManagementError('unknown-job', `This server keeps no replica of a job named ${name}.`);
  }
}

const reasonOf = (reason: Reason | null) => (reason === null ? null : { code: reason.code, sentence: reason.sentence });

function refusalOf({ name, obstacles }: RestorePlan): ManagementError {
  const said = obstacles.map(({ sentence, risk }) =>
    risk === null ? sentence : `${sentence} (Named as a risk with --risk ${risk}, it is no obstacle.)`,
  );
  return new ManagementError('refused', said.length === 0 ? `Too little is known of ${name}.` : said.join(' '));
}
