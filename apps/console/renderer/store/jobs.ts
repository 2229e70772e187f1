/**
 * Jobs as a person knows them. In: ends, as agents tell them, and how it stands with the agents. Out: one view a job, its health, what may be
 * done and whom to ask. Promised: a figure of an agent that cannot be asked is never shown as of now, and nothing is called well that is not
 * known to be. Pure.
 */
import { type JobAction, type JobState, type JobStatus, jobActions, type TakeoverStatus } from '@understudy/wire';
import type { JobEnd, LinkView, ServerView } from '../../shared/view.ts';
import { shown } from '../format.ts';

export const healths = ['halted', 'risk', 'busy', 'stopped', 'good'] as const;
/** In the order in which they need somebody. */
export type Health = (typeof healths)[number];

export interface JobView {
  /** Its identity, or `SERVER/NAME` of one that has none. */
  readonly key: string;
  readonly name: string;
  /** Of the end that speaks for it. */
  readonly status: JobStatus;
  readonly server: string;
  readonly ends: readonly JobEnd[];
  /** Since when the one that speaks does not answer, ms; null: it does. */
  readonly staleSinceMs: number | null;
  readonly health: Health;
  /** The end that captures, whose figures are those of the queue and the mirror; null: no server that is known here. */
  readonly captor: JobEnd | null;
  /** Since when that one does not answer, ms; null: it does. */
  readonly captorStaleSinceMs: number | null;
  /** The clock of the server that speaks minus ours, ms. */
  readonly clockOffsetMs: number;
}

const HEALTH: Readonly<Record<JobState, Health>> = {
  stopped: 'stopped',
  calculating: 'busy',
  mirroring: 'busy',
  repairing: 'busy',
  protected: 'good',
  degraded: 'risk',
  paused: 'risk',
  disconnected: 'halted',
  replaying: 'risk',
  'failing-over': 'risk',
  'failed-over': 'risk',
  'failing-back': 'busy',
  halted: 'halted',
};

export const healthOfState = (state: JobState): Health => HEALTH[state];

/** What speaks against a job that calls itself protected. */
export const doubts = ['data', 'unrepairable', 'audit', 'point', 'uncovered'] as const;
export type Doubt = (typeof doubts)[number];

export function doubtsOf(status: JobStatus): readonly Doubt[] {
  const found: Readonly<Record<Doubt, boolean>> = {
    data: status.targetDataState !== 'ok',
    unrepairable: (status.unrepairable ?? 0) > 0,
    audit: (status.audit?.hop ?? null) !== null,
    point: status.recoveryPoint.time === null,
    uncovered: (status.uncovered ?? []).length > 0,
  };
  return doubts.filter((doubt) => found[doubt]);
}

/** `protected` is the job's word; what else its agent says may still be against it. */
export function healthOf(status: JobStatus, isStale: boolean): Health {
  const health = HEALTH[status.state];
  if (isStale && health !== 'halted') return 'risk';
  if (health !== 'good') return health;
  return doubtsOf(status).length > 0 ? 'risk' : 'good';
}

const isLive = (link: LinkView | undefined): boolean => link?.state === 'live';
export const staleSince = (link: LinkView | undefined): number | null =>
  link === undefined || link.state === 'live' ? null : link.sinceMs;

export type ServersByName = Readonly<Record<string, ServerView>>;

/** Both ends of a job are one row. The worst first, then by name. A view that comes to what it was `before` is the one of before. */
export function jobsOf(
  ends: Readonly<Record<string, JobEnd>>,
  servers: ServersByName,
  before: readonly JobView[] = [],
): readonly JobView[] {
  const groups = new Map<string, JobEnd[]>();
  for (const [place, end] of Object.entries(ends)) {
    const key = end.status.id ?? place;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [end]);
    else group.push(end);
  }
  // In the order of before, which mostly is the one of now: there is little left to sort.
  const views: JobView[] = [];
  for (const old of before) {
    const group = groups.get(old.key);
    if (group === undefined) continue;
    groups.delete(old.key);
    const view = viewOf(old.key, group, servers);
    views.push(isSame(view, old) ? old : view);
  }
  for (const [key, group] of groups) views.push(viewOf(key, group, servers));
  return views.sort(byNeed);
}

/** As `jobsOf` has it, where some ends say something else than `before` and all are of the same jobs, and servers, as before. */
export function withChangedEnds(
  before: readonly JobView[],
  changed: ReadonlyMap<JobEnd, JobEnd>,
  servers: ServersByName,
): readonly JobView[] {
  const views = before.map((old) =>
    old.ends.some((end) => changed.has(end))
      ? viewOf(
          old.key,
          old.ends.map((end) => changed.get(end) ?? end),
          servers,
        )
      : old,
  );
  return views.sort(byNeed);
}

/** What an end says and how it stands with its server is all that a view is made of. */
const isSame = (one: JobView, other: JobView): boolean =>
  one.ends.length === other.ends.length &&
  one.ends.every((end, i) => end === other.ends[i]) &&
  one.staleSinceMs === other.staleSinceMs &&
  one.captorStaleSinceMs === other.captorStaleSinceMs &&
  one.clockOffsetMs === other.clockOffsetMs;

const byNeed = (one: JobView, other: JobView): number =>
  healths.indexOf(one.health) - healths.indexOf(other.health) ||
  byText(one.name, other.name) ||
  byText(one.key, other.key);

const byText = (one: string, other: string): number => (one === other ? 0 : one < other ? -1 : 1);

function viewOf(key: string, group: readonly JobEnd[], servers: ServersByName): JobView {
  const ends = [...group].sort((one, other) => bySpeaker(one, other, servers));
  const [speaker] = ends;
  if (speaker === undefined) throw new Error('a job has an end');
  const server = servers[speaker.server];
  const staleSinceMs = staleSince(server?.link);
  const captor = ends.find(({ status }) => status.role !== 'target') ?? null;
  return {
    key,
    name: speaker.status.name,
    status: speaker.status,
    server: speaker.server,
    ends,
    staleSinceMs,
    health: healthOf(speaker.status, staleSinceMs !== null),
    captor,
    captorStaleSinceMs: captor === null ? null : staleSince(servers[captor.server]?.link),
    clockOffsetMs: server?.info?.clockOffsetMs ?? 0,
  };
}

/** Who has the higher epoch writes, whether it answers or not; of two with the same, who answers; of two that do, the source knows more. */
function bySpeaker(one: JobEnd, other: JobEnd, servers: ServersByName): number {
  const epoch = ({ status }: JobEnd) => status.epoch ?? 1;
  const silent = ({ server }: JobEnd) => (isLive(servers[server]?.link) ? 0 : 1);
  const target = ({ status }: JobEnd) => (status.role === 'target' ? 1 : 0);
  return (
    epoch(other) - epoch(one) ||
    silent(one) - silent(other) ||
    target(one) - target(other) ||
    byText(one.server, other.server)
  );
}

/** The end that keeps the replica, or has taken over: it carries out a failover. */
export function targetEnd(job: JobView): JobEnd | null {
  return job.ends.find(({ status }) => status.role === 'target' || status.failover !== undefined) ?? null;
}

/** The target has begun with it and is not through. What has halted stands in the middle, too. */
export const isTakeoverUnderWay = (takeover: TakeoverStatus | null): takeover is TakeoverStatus =>
  takeover !== null && takeover.phase !== 'failed-over' && takeover.phase !== 'taken-back';

/** Who takes over from whom, for people. Once it has, the status says it the other way round: who has taken over is the source then. */
export function takerOf({ status }: JobEnd): { readonly taker: string; readonly giver: string } {
  const isOver = status.state === 'failed-over' || status.state === 'failing-back';
  const [source, target] = [shown(status.source), shown(status.target)];
  return isOver ? { taker: source, giver: target } : { taker: target, giver: source };
}

/** What the target has received and not applied, as either end tells it; undefined: neither does. */
export const targetQueue = (job: JobView): JobStatus['targetQueue'] =>
  [job.status, ...job.ends.map(({ status }) => status)].find((status) => status.targetQueue !== undefined)?.targetQueue;

/** Beside what is queued here: what is known of the target's side, which the source's status may lack. */
export interface Offer {
  readonly action: JobAction;
  /** Whom to ask; null: not possible now. */
  readonly server: string | null;
}

/** Every action there is, with the live end that offers it. */
export function offersOf(job: JobView, servers: ServersByName): readonly Offer[] {
  const live = job.ends.filter(({ server }) => isLive(servers[server]?.link));
  return jobActions.map((action) => {
    const end = askedFor(action, job, live).find(({ status }) => status.actions.includes(action));
    return { action, server: end?.server ?? null };
  });
}

/** Who captures owns the definition; who keeps the replica takes over or gives back; for the rest who speaks for the job. */
function askedFor(action: JobAction, job: JobView, live: readonly JobEnd[]): readonly JobEnd[] {
  if (action === 'edit') return live.filter((end) => end === job.captor);
  if (action === 'failover' || action === 'restore') return live.filter((end) => end === targetEnd(job));
  return live.slice(0, 1);
}

const isCurrent = ({ staleSinceMs, status }: JobView): boolean =>
  staleSinceMs === null && status.state === 'protected' && status.recoveryPoint.latencyMs !== null;

/** Whether what is shown of it changes with the time alone. */
export const growsOld = (job: JobView): boolean => !isCurrent(job);

/** Age of the newest certain image on the target, ms; null: there has never been one. */
export function recoveryAgeMs(job: JobView, nowMs: number): number | null {
  const { time, latencyMs } = job.status.recoveryPoint;
  if (time === null) return null;
  if (isCurrent(job)) return latencyMs;
  return Math.max(0, nowMs + job.clockOffsetMs - Date.parse(time));
}

/** What the target does not have on its disk: it would be lost with the source. */
export interface AtStake {
  /** Null: its source does not know how many they are. */
  readonly files: number | null;
  readonly operations: number;
  readonly bytes: number;
  /** Places that may differ and are still to be sent. */
  readonly dirtyItems: number;
  readonly dirtyBytes: number;
  /** Why, as the agent calls it; what has brought most of them comes first. */
  readonly dirtyReasons: readonly string[];
  readonly oldestMs: number | null;
}

/** What its source last said, whether it answers or not. */
export function atStake(job: JobView, nowMs: number): AtStake {
  const { replication } = (job.captor ?? job).status;
  const { queuedOperations: operations, queuedFiles: files, queuedBytes, dirty } = replication;
  return {
    files: files ?? null,
    operations,
    bytes: queuedBytes,
    dirtyItems: dirty?.items ?? 0,
    dirtyBytes: dirty?.bytes ?? 0,
    dirtyReasons: (dirty?.reasons ?? []).map(({ reason }) => reason),
    oldestMs: recoveryAgeMs(job, nowMs),
  };
}

export interface Totals {
  readonly good: number;
  readonly busy: number;
  readonly risk: number;
  readonly halted: number;
  readonly stopped: number;
  /** Of the jobs that run; null: none has a recovery point. */
  readonly worstAgeMs: number | null;
  /** Whether a job that runs has none. */
  readonly someWithout: boolean;
}

export function totalsOf(jobs: readonly JobView[], nowMs: number): Totals {
  const count = (health: Health): number => jobs.filter((job) => job.health === health).length;
  const running = jobs.filter(({ health }) => health !== 'stopped');
  const ages = running.map((job) => recoveryAgeMs(job, nowMs)).filter((age) => age !== null);
  return {
    good: count('good'),
    busy: count('busy'),
    risk: count('risk'),
    halted: count('halted'),
    stopped: count('stopped'),
    worstAgeMs: ages.length === 0 ? null : Math.max(...ages),
    someWithout: ages.length < running.length,
  };
}
