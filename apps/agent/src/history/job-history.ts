/**
 * The history of the jobs that an agent knows. In: their statuses, every ten seconds, and what management asks. Out: figures over time.
 * Promised: a time in which nothing was measured is a gap; what cannot be kept is said once and disturbs nothing; the history of a job goes
 * with the job.
 */
import { type CallArguments, type CallResult, historySpans, type JobStatus, ManagementError } from '@understudy/wire';
import type { EventInput } from '../events/event-log.ts';
import { messageOf } from '../home/start-error.ts';
import { historyOf } from './history-answer.ts';
import { HistoryStore } from './history-store.ts';
import type { Figures } from './ring-format.ts';

export interface JobHistoryParts {
  readonly home: string;
  /** Every job that is known here, either end of it. */
  readonly statuses: () => readonly JobStatus[];
  readonly event: (event: EventInput) => void;
  readonly fault: (error: unknown) => void;
  readonly wallMs?: () => number;
  /** Of a clock that nobody sets. */
  readonly steadyMs?: () => number;
}

interface Counter {
  readonly atMs: number;
  readonly bytes: number;
}

const [{ stepMs: STEP_MS }] = historySpans;
/** Looks without the job before its history goes: it may be changing its roles. */
const MISSED = 6;

export class JobHistory {
  readonly #parts: JobHistoryParts;
  readonly #store: HistoryStore;
  readonly #wallMs: () => number;
  readonly #steadyMs: () => number;
  readonly #counters = new Map<string, Counter>();
  readonly #names = new Map<string, string>();
  readonly #missed = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  #isFailing = false;

  constructor(parts: JobHistoryParts) {
    this.#parts = parts;
    this.#wallMs = parts.wallMs ?? Date.now;
    this.#steadyMs = parts.steadyMs ?? (() => performance.now());
    this.#store = new HistoryStore(parts.home, (id, sentence) =>
      parts.event({ severity: 'warning', code: 'history-damaged', sentence, job: this.#names.get(id) ?? null }),
    );
  }

  /** From now on it measures by itself. */
  start(): void {
    this.#missed.clear();
    for (const id of this.#store.ids()) this.#missed.set(id, 0);
    this.#next();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** One look at every job. Never throws. */
  measure(): void {
    try {
      const statuses = this.#parts.statuses();
      this.#forgetOthers(new Set(statuses.map(({ id }) => id)));
      for (const status of statuses) this.#measureJob(status);
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The job is gone. Never throws. */
  remove(id: string): void {
    this.#counters.delete(id);
    this.#missed.delete(id);
    this.#names.delete(id);
    try {
      this.#store.remove(id);
    } catch (error) {
      this.#parts.fault(error);
    }
  }

  answer(asked: CallArguments<'job.history'>, status: JobStatus): CallResult<'job.history'> {
    if (status.id === undefined) throw new ManagementError('refused', `${asked.name} has no history here.`);
    const { id, role = 'source' } = status;
    this.#names.set(id, status.name);
    try {
      return { role, ...historyOf(asked, this.#wallMs(), (ring) => this.#store.read(id, ring)) };
    } catch (error) {
      if (error instanceof ManagementError) throw error;
      this.#parts.fault(error);
      throw new ManagementError('failed', `The history of ${asked.name} cannot be read: ${messageOf(error)}.`);
    }
  }

  // ------------------------------------------------------------------------------------------------------ within

  /** In the middle of each stretch: a look that comes a little late still falls into its own. */
  #next(): void {
    if (this.#closed) return;
    const past = (this.#wallMs() + STEP_MS / 2) % STEP_MS;
    this.#timer = setTimeout(() => {
      this.measure();
      this.#next();
    }, STEP_MS - past);
    this.#timer.unref();
  }

  #measureJob(status: JobStatus): void {
    const { id } = status;
    if (id === undefined) return;
    this.#names.set(id, status.name);
    this.#missed.set(id, 0);
    this.#store.add(id, this.#wallMs(), this.#figuresOf(id, status));
  }

  #figuresOf(id: string, { role, replication, mirror, targetQueue, recoveryPoint }: JobStatus): Figures {
    const waiting = targetQueue?.bytes ?? Number.NaN;
    const age = recoveryPoint.latencyMs ?? Number.NaN;
    // What a target has been sent its source counts.
    if (role === 'target' || replication.state === 'stopped') {
      this.#counters.delete(id);
      return { wire: Number.NaN, queue: Number.NaN, disk: Number.NaN, waiting, age };
    }
    const now = { atMs: this.#steadyMs(), bytes: replication.sentBytes + mirror.bytesSent };
    const wire = rateOf(this.#counters.get(id), now);
    this.#counters.set(id, now);
    return { wire, queue: replication.queuedBytes, disk: replication.diskQueueBytes, waiting, age };
  }

  #forgetOthers(known: ReadonlySet<string | undefined>): void {
    for (const [id, missed] of this.#missed) {
      if (known.has(id)) continue;
      if (missed + 1 >= MISSED) this.remove(id);
      else this.#missed.set(id, missed + 1);
    }
  }

  #failed(error: unknown): void {
    this.#parts.fault(error);
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#parts.event({
      severity: 'warning',
      code: 'history-not-kept',
      sentence: `The history of the jobs cannot be kept: ${messageOf(error)}. Nothing else is touched by that; it is tried again every ten seconds.`,
    });
  }
}

/** A counter that falls began anew, and of a stretch that was slept through nothing is known. */
function rateOf(before: Counter | undefined, now: Counter): number {
  if (before === undefined || now.bytes < before.bytes) return Number.NaN;
  const elapsed = now.atMs - before.atMs;
  return elapsed <= 0 || elapsed > 3 * STEP_MS ? Number.NaN : ((now.bytes - before.bytes) * 1000) / elapsed;
}
