/**
 * What the gates are to hold for each job. In: a refusal because of a higher epoch, a link that came up, starts and stops. Out: terms for
 * write-gates.ts, the superseded job as it is stored, events. Promise: a superseded source writes nothing, over restarts and reboots,
 * until a person or a failback says that it may; what was mounted by itself after a boot waits until the target was heard, for a moment.
 */
import { printable, type RawName } from '@understudy/base';
import type { JobEvent, Reason } from '@understudy/engine';
import type { SourceLease } from '../../../witness/index.ts';
import type { StoredJob } from '../../stored-job.ts';
import type { Interception } from '../interception.ts';
import type { Served } from '../interceptors.ts';
import type { JobRunner } from '../job-runner.ts';
import type { Job, Severity } from '../known-job.ts';
import type { JobSurroundings } from '../prepare-job.ts';
import { serveRequestOf } from '../serve-request.ts';
import { StartRefusal } from '../start-refusal.ts';
import { startLease } from './job-lease.ts';
import { witnessOf } from './lease-of.ts';

export interface JobGateParts {
  readonly surroundings: JobSurroundings;
  readonly save: (job: Job, change: Partial<StoredJob>) => void;
  readonly changed: (job: Job) => void;
  readonly event: (job: Job, code: string, severity: Severity, sentence: string) => void;
  readonly directoriesOf: (job: Job) => readonly RawName[];
}

const SUPERSEDED = 'superseded';

export class JobGates {
  readonly #parts: JobGateParts;
  readonly #leases = new Map<Job, SourceLease>();
  /** Jobs that wait for the first word of their target. */
  readonly #holding = new Map<Job, NodeJS.Timeout>();

  constructor(parts: JobGateParts) {
    this.#parts = parts;
  }

  /** Before anything is opened or mounted after the agent's start. */
  restore(started: readonly Job[]): void {
    for (const job of started) {
      const { superseded, reverse } = job.stored;
      if (superseded !== undefined || reverse?.handing !== undefined) this.#set(job, 'read-only');
      else if (hasWitness(job)) this.#set(job, 'held');
      // A server that has taken over waits for nobody: its epoch is the highest.
      else if (reverse === undefined) this.#hold(job);
    }
  }

  /** Before its directories are mounted. */
  begin(job: Job): void {
    if (hasWitness(job)) this.#set(job, 'held');
  }

  /** It is served, and about to run. Throws StartRefusal where its driver cannot keep to a lease. */
  attached(job: Job, runner: Pick<JobRunner, 'halt' | 'ends'>, { interceptor }: Interception): void {
    runner.ends.add((reason) => this.#ended(job, reason));
    const { surroundings, save, event } = this.#parts;
    if (!hasWitness(job)) return;
    if (interceptor.gate === undefined) throw needsFuse();
    const opened = surroundings.leaseOf(job.stored);
    if (opened === null) return;
    const lease = startLease({
      stored: job.stored,
      opened,
      set: (terms) => surroundings.interceptors.gates.set(job.stored.id, this.#parts.directoriesOf(job), terms),
      save: (change) => save(job, change),
      halt: (reason) => runner.halt(reason),
      event: (code, severity, sentence) => event(job, code, severity, sentence),
      fault: (error) => surroundings.fault(error, job.stored.definition.name),
    });
    this.#leases.set(job, lease);
  }

  /** A person has decided, or the job ends: this job keeps nobody from writing. */
  clear(job: Job): void {
    this.#goOn(job);
    this.#gates.set(job.stored.id, [], null);
  }

  /** Of an agent that ends: what is said in the gates stands. */
  close(): void {
    for (const timer of this.#holding.values()) clearTimeout(timer);
    this.#holding.clear();
  }

  /** What a running job tells. A target that welcomes it knows of no higher epoch. */
  heard(job: Job, { code }: JobEvent): void {
    if (code === 'link-up') this.#goOn(job);
  }

  /** It runs no more: nothing is renewed. */
  #ended(job: Job, reason: Reason): void {
    void this.#leases.get(job)?.end(false);
    this.#leases.delete(job);
    if (reason.code === SUPERSEDED) this.#superseded(job, reason);
  }

  /**
   * A superseded job is not replicated: its directories are mounted, so that nobody writes there. False: it is none. Throws what keeps
   * them from being mounted.
   */
  async stand(job: Job): Promise<boolean> {
    const { superseded } = job.stored;
    if (superseded === undefined) return false;
    const { surroundings, changed } = this.#parts;
    this.#set(job, 'read-only');
    const { request } = serveRequestOf(job.stored, surroundings, false);
    const served = await surroundings.interceptors.serve(request, (one) => one);
    job.failure = { code: SUPERSEDED, sentence: this.#sentence(job, superseded.sentence, served) };
    changed(job);
    return true;
  }

  #superseded(job: Job, { sentence, epoch }: Reason): void {
    const { save, event } = this.#parts;
    this.#goOn(job);
    save(job, { superseded: { epoch: epoch ?? null, sentence, at: new Date().toISOString() } });
    this.#set(job, 'read-only');
    const served = job.running;
    event(job, 'read-only', 'error', this.#sentence(job, sentence, served));
  }

  #sentence(job: Job, why: string, served: Pick<Served, 'interception'> | null): string {
    const shown = this.#parts.directoriesOf(job).map((path) => printable(path));
    const places = shown.length > 3 ? `${shown.slice(0, 3).join(', ')} and ${shown.length - 3} more` : shown.join(', ');
    const { name } = job.stored.definition;
    const able = served === null || served.interception.interceptor.gate !== undefined;
    const then = able
      ? `${places} can be read here and not changed`
      : `the watch driver cannot keep anybody from changing ${places}: end the applications here`;
    return (
      `${why}; ${then}. Bring the job home with a failback, or say that this server is the one that writes with ` +
      `\`understudy job start ${name} --as-primary\`.`
    );
  }

  #hold(job: Job): void {
    const ms = this.#parts.surroundings.holdAtStartMs;
    if (ms === 0) return;
    this.#set(job, 'held');
    const late = () => {
      this.#goOn(job);
      const { target, name } = job.stored.definition;
      const sentence = `${target.name} was not heard within ${ms / 1000} s after the start of ${name}: whether another server has taken over is not known, and applications write on.`;
      this.#parts.event(job, 'epoch-unconfirmed', 'warning', sentence);
    };
    this.#holding.set(job, setTimeout(late, ms).unref());
  }

  #goOn(job: Job): void {
    const timer = this.#holding.get(job);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#holding.delete(job);
    this.#gates.set(job.stored.id, [], null);
  }

  #set(job: Job, terms: 'read-only' | 'held'): void {
    this.#gates.set(job.stored.id, this.#parts.directoriesOf(job), terms);
  }

  get #gates() {
    return this.#parts.surroundings.interceptors.gates;
  }
}

const hasWitness = ({ stored }: Job): boolean => witnessOf(stored.definition) !== null;

function needsFuse(): StartRefusal {
  return new StartRefusal(
    'lease-needs-fuse',
    'A job with a witness needs the fuse driver, which cannot serve this job here: nobody else could keep applications from writing when the lease is over. ' +
      'Mend that, or take the witness out of the job’s failover section.',
  );
}
