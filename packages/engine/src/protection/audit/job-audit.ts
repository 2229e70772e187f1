/**
 * The second half of the self-audit, one for each job: what came out of the ring has to come out at the target. In: cookies of the job's
 * roots, the time, whether it may send. Out: a mark in the stream, at most one at a time, and what is missing at which hop.
 * Promise: it sends nothing that a pause, a window or a lost link holds back, and a mark that is held back by them is not late.
 */
import { encodeRecord, type Position, record, Verb } from '@understudy/wire';
import type { MarkOutcome, MarkPlace, SourcePath } from '../../data-path/source-path.ts';
import type { Barrier } from '../../ports.ts';
import type { JobEvent, SourceJobWorld } from '../source-job-options.ts';
import { type Hop, type Missing, noneCame, notApplied, notReceived, notSent } from './hops.ts';

export interface AuditOptions {
  readonly intervalMs: number;
  /** A cookie that takes longer is missing. */
  readonly limitMs: number;
  /** False: the driver has no path that a cookie could take, it begins in the queue. */
  readonly throughKernel: boolean;
}

export interface AuditPath {
  mark(timeMs: number, settle: (outcome: MarkOutcome) => void): MarkPlace | null;
  marks(): { readonly received: Position; readonly applied: Position };
  backlog(): { readonly operations: number; readonly bytes: number };
  /** FSI6: up to here it was not certain that every call on that root was recorded. Written down when it returns. */
  gap(root: number): void;
  event(event: JobEvent): void;
  /** Calls that are being executed now, and whether all of those are recorded. */
  barrier(): Barrier;
  passed(barrier: Barrier): boolean;
}

/** What the job's state makes of it; null: a cookie has come through, and not long ago. */
export type AuditFact =
  | ({ readonly kind: 'doubt' | 'late' } & Missing)
  /** Nothing is missing: the first since the job began, or the link came up, is still under way. */
  | { readonly kind: 'awaited' };

const CERTAIN: JobEvent = {
  code: 'audit-certain',
  severity: 'information',
  sentence:
    'Cookies come out of the interceptor again: the directory is compared with the replica, and what differs is sent.',
};
const LOST: JobEvent = {
  code: 'audit-cookie-lost',
  severity: 'error',
  sentence:
    'A cookie was lost between a protected directory and the interceptor’s ring, and with it perhaps changes: the directory is compared with the replica, and what differs is sent.',
};
const THROUGH: JobEvent = {
  code: 'audit-through',
  severity: 'information',
  sentence: 'A cookie has come through the whole path again.',
};

interface Mark {
  readonly place: MarkPlace;
  /** Source time of the oldest of the roots' newest cookies. */
  readonly timeMs: number;
  /** How long it has been under way, as far as it could be. */
  ageMs: number;
}

export class JobAudit {
  readonly options: AuditOptions;
  readonly #path: AuditPath;
  /** Source time of the newest cookie of each root. */
  readonly #cookies = new Map<number, number | null>();
  readonly #doubts = new Map<number, Missing>();
  #mark: Mark | null = null;
  /** Of marks that the target has not received, as far as it has said: it may have applied one before it says so. */
  #places: MarkPlace[] = [];
  #due = false;
  /** One has come through since the link came up. */
  #seen = false;
  /** Since one came through, as far as it could. */
  #sinceMs = 0;
  #observedAtMs: number | null = null;
  /** The hop that events last named. */
  #told: Hop | null = null;
  #appliedTimeMs: number | null = null;
  /** Of the newest gap; `seen`: it was found to have passed, and the ring is to be drained once more. */
  #gap: { readonly barrier: Barrier; seen: boolean } | null;

  constructor(options: AuditOptions, roots: Iterable<number>, path: AuditPath) {
    this.options = options;
    this.#path = path;
    for (const root of roots) this.#cookies.set(root, null);
    // What an earlier process had doubted may have ended between the two.
    this.#gap = { barrier: path.barrier(), seen: false };
  }

  /** Source time of the newest cookie that is applied on the target, ms; null: none yet. */
  get appliedTimeMs(): number | null {
    return this.#appliedTimeMs;
  }

  /** It is not certain that every call is seen: what is compared now would have to be compared again. */
  get inDoubt(): boolean {
    return this.#doubts.size > 0;
  }

  /**
   * What is compared now stays compared. Behind a gap a call may still be waiting to be recorded that those undid of which there is no
   * record: it would come into the stream behind what is read now, and nothing behind it.
   */
  get mayCompare(): boolean {
    return !this.inDoubt && this.#gap === null;
  }

  get awaitsBarrier(): boolean {
    return !this.inDoubt && this.#gap !== null;
  }

  /** Marks of its own that are queued, or sent and not received: no operations of the job. */
  get underWay(): { readonly queued: number; readonly inFlight: number } {
    this.#forgetReceived();
    const inFlight = this.#places.filter(({ at }) => at !== null).length;
    return { queued: this.#places.length - inFlight, inFlight };
  }

  /** A cookie of the root came out of the ring, or would have, where the driver has none. */
  cookie(root: number, timeMs: number): void {
    this.#cookies.set(root, timeMs);
    this.#due = true;
  }

  /** It is a gap from now on, and kept as one before anybody hears of it: no later process may have forgotten. */
  doubt(root: number, missing: Missing): void {
    this.#doubts.set(root, missing);
    this.#path.gap(root);
    this.#path.event({ ...missing.reason, severity: 'error' });
  }

  /** Whatever was compared meanwhile counts for nothing. */
  certain(root: number): void {
    if (!this.#doubts.delete(root)) return;
    this.#gapEnds(root);
    this.#path.event(CERTAIN);
  }

  /** A cookie was lost on its way to the ring, and a later one was not. */
  lost(root: number): void {
    this.#gapEnds(root);
    this.#path.event(LOST);
  }

  #gapEnds(root: number): void {
    this.#path.gap(root);
    this.#gap = { barrier: this.#path.barrier(), seen: false };
  }

  linkUp(): void {
    this.#seen = false;
    this.#due = true;
    this.#sinceMs = 0;
    if (this.#mark !== null) this.#mark.ageMs = 0;
  }

  /** At every turn, behind the drain: ages grow, and a mark goes into the stream where one is due and may. */
  observe(nowMs: number, maySend: boolean): void {
    const passed = this.#observedAtMs === null ? 0 : Math.max(0, nowMs - this.#observedAtMs);
    this.#observedAtMs = nowMs;
    if (this.#gap?.seen === true) this.#gap = null;
    else if (this.#gap !== null) this.#gap.seen = this.#path.passed(this.#gap.barrier);
    if (!maySend) return;
    // What passed while this process did not run, or nobody looked, is nobody's delay.
    const counted = Math.min(passed, 2 * this.options.intervalMs);
    this.#sinceMs += counted;
    if (this.#mark !== null) this.#mark.ageMs += counted;
    else if (this.#due) this.#place();
    this.#tell();
  }

  fact(): AuditFact | null {
    const [doubt] = this.#doubts.values();
    if (doubt !== undefined) return { kind: 'doubt', ...doubt };
    const { limitMs } = this.options;
    if (this.#mark !== null && this.#mark.ageMs > limitMs) return { kind: 'late', ...this.#late(this.#mark) };
    // Cookies of all roots are looked after elsewhere; that nobody does so any more must not look like peace.
    if (this.#mark === null && this.#sinceMs > limitMs + this.options.intervalMs)
      return { kind: 'late', ...noneCame(this.#sinceMs) };
    return this.#seen ? null : { kind: 'awaited' };
  }

  /** The hop at which a cookie is missing; null: none is. */
  get missingAt(): Hop | null {
    const fact = this.fact();
    return fact === null || fact.kind === 'awaited' ? null : fact.hop;
  }

  /** Once for each hop that is reached, and once when a cookie has come through again. */
  #tell(): void {
    const fact = this.fact();
    const now = fact?.kind === 'late' ? fact.hop : null;
    if (now === this.#told || fact?.kind === 'doubt') return;
    this.#told = now;
    if (fact?.kind === 'late') this.#path.event({ ...fact.reason, severity: 'warning' });
    else this.#path.event(THROUGH);
  }

  #place(): void {
    let timeMs = Number.POSITIVE_INFINITY;
    for (const cookie of this.#cookies.values()) {
      if (cookie === null) return;
      timeMs = Math.min(timeMs, cookie);
    }
    if (timeMs === Number.POSITIVE_INFINITY) return;
    this.#due = false;
    const place = this.#path.mark(timeMs, (outcome) => this.#settled(outcome, timeMs));
    this.#mark = place === null ? null : { place, timeMs, ageMs: 0 };
    this.#forgetReceived();
    if (place !== null) this.#places.push(place);
  }

  #forgetReceived(): void {
    const { received } = this.#path.marks();
    this.#places = this.#places.filter(({ at }) => at === null || at > received);
  }

  /** A mark that is lost with the queue is placed again. */
  #settled(outcome: MarkOutcome, timeMs: number): void {
    this.#mark = null;
    if (outcome.kind === 'lost') {
      this.#places = [];
      this.#due = true;
      return;
    }
    this.#seen = true;
    this.#sinceMs = 0;
    this.#appliedTimeMs = Math.max(this.#appliedTimeMs ?? 0, timeMs);
  }

  #late({ place, ageMs }: Mark): Missing {
    if (place.at === null) return notSent(ageMs, this.#path.backlog());
    return place.at > this.#path.marks().received ? notReceived(ageMs) : notApplied(ageMs);
  }
}

export function auditOf(
  options: AuditOptions,
  roots: Iterable<number>,
  job: { readonly path: SourcePath; readonly world: SourceJobWorld } & Pick<AuditPath, 'gap'>,
): JobAudit {
  const { path, gap, world } = job;
  const { srm, scm } = path;
  return new JobAudit(options, roots, {
    gap,
    event: (event) => world.event(event),
    barrier: () => world.barrier(),
    passed: (barrier) => world.passed(barrier),
    mark: (timeMs, settle) => path.mark(timeMs, settle),
    marks: () => scm,
    backlog: () => srm.queue,
  });
}

/** As the ring would say it. */
export const gapRecord = (root: number, timeMs: number): Uint8Array =>
  encodeRecord(record({ verb: Verb.gap, root, timeMs }));
