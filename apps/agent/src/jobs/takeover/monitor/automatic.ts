/**
 * The failover that follows by itself. In: the light of each source at every look of the monitor, what has become of failovers. Out: an
 * order as soon as the time to fail is over; while a source is silent before that, its lease is looked at. Promise: what is refused, or has
 * come to nothing before its epoch began, is tried again for as long as the light is red, and each reason is told once; what is halted
 * behind that, or called off, is a person's.
 */
import { isPastReturn, isUnderWay, type Light } from '@understudy/engine';
import { messageOf } from '../../../home/start-error.ts';
import type { EpochWatch } from '../ports.ts';
import type { ReplicaJob } from '../replica-job.ts';
import type { TakeoverRecord } from '../takeover-store.ts';
import type { TakeoverParts } from '../takeovers.ts';

export interface AutomaticParts {
  readonly record: (jobId: string) => TakeoverRecord | null;
  /** Throws ManagementError with what stands in the way. */
  readonly order: (job: ReplicaJob) => void;
  /** Of a failover that came to nothing. */
  readonly drop: (jobId: string) => void;
  readonly watch: EpochWatch | undefined;
  readonly event: TakeoverParts['event'];
  readonly nowMs?: () => number;
}

interface Tries {
  /** Something was ordered in this silence. */
  ordered: boolean;
  dueMs: number;
  pauseMs: number;
  /** Why it was refused the last time. */
  said: string;
}

/** A refusal costs a look at what is here. */
const REFUSED_MS = 500;
/** What came to nothing had been begun: scripts may have run, and people were told. */
const BEGUN_MS = 1000;
const LONGEST_MS = 60_000;

/** Still the monitor's: under way, or halted with nothing of it begun. */
export function isMonitors(record: TakeoverRecord, job: ReplicaJob): boolean {
  const { takeover, automatic, epoch } = record;
  if (!automatic || isPastReturn(takeover)) return false;
  return isUnderWay(takeover) || (takeover.phase === 'halted' && job.epoch < epoch);
}

export class AutomaticFailovers {
  readonly #parts: AutomaticParts;
  readonly #nowMs: () => number;
  readonly #tries = new Map<string, Tries>();

  constructor(parts: AutomaticParts) {
    this.#parts = parts;
    this.#nowMs = parts.nowMs ?? (() => performance.now());
  }

  looked(job: ReplicaJob, light: Light): void {
    if (!job.failover.automatic) return;
    if (light === 'green') this.#answers(job);
    else if (!this.#isUnderWay(job)) {
      this.#parts.watch?.look(job);
      if (light === 'red') this.#try(job);
    }
  }

  #isUnderWay({ id }: ReplicaJob): boolean {
    const record = this.#parts.record(id);
    return record !== null && isUnderWay(record.takeover);
  }

  #answers(job: ReplicaJob): void {
    if (this.#isUnderWay(job)) return;
    const { watch, record: recordOf, drop, event } = this.#parts;
    watch?.forget(job.id);
    const record = recordOf(job.id);
    if (!this.#tries.delete(job.id) || record === null || !isMonitors(record, job)) return;
    drop(job.id);
    const sentence = `${job.source} answers again: the failover that had not begun is dropped.`;
    event({ code: 'failover-dropped', severity: 'information', sentence }, job.name);
  }

  #try(job: ReplicaJob): void {
    const now = this.#nowMs();
    const tries = this.#tries.get(job.id) ?? { ordered: false, dueMs: now, pauseMs: BEGUN_MS, said: '' };
    this.#tries.set(job.id, tries);
    if (now < tries.dueMs || this.#isCancelled(job, tries)) return;
    try {
      this.#parts.order(job);
      tries.ordered = true;
      tries.dueMs = now + tries.pauseMs;
      tries.pauseMs = Math.min(2 * tries.pauseMs, LONGEST_MS);
    } catch (error) {
      tries.dueMs = now + REFUSED_MS;
      this.#refused(job, messageOf(error), tries);
    }
  }

  /** A person has called it off: until the source has answered again it is not begun by itself. */
  #isCancelled({ id }: ReplicaJob, { ordered }: Tries): boolean {
    return ordered && this.#parts.record(id)?.takeover.phase === 'taken-back';
  }

  #refused(job: ReplicaJob, why: string, tries: Tries): void {
    if (tries.said === why) return;
    tries.said = why;
    const sentence = `The source has failed, and the failover that should follow by itself was refused: ${why}`;
    const advice = `It is tried again while the source stays silent. Look at \`understudy failover ${job.name} --dry-run\`.`;
    this.#parts.event({ code: 'failover-refused', severity: 'error', sentence, advice }, job.name);
  }
}
