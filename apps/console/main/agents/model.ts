/**
 * What the main process knows of all servers. In: what the links hear. Out: everything as it stands, for a window that opens, and what
 * changed: at once where somebody may have to act, else with all that has moved meanwhile. Promised: bounded, however many events come; of
 * a job's statuses the last one wins.
 */
import { type AgentEvent, changesOf, type JobStatus } from '@understudy/wire';
import { type Delta, endKey, type JobEnd, type ServerEvent, type ServerView } from '../../shared/view.ts';

/** Of all servers together. */
export const EVENTS_KEPT = 5000;
const NOTICES_KEPT = 50;

export class Model {
  readonly #servers = new Map<string, ServerView>();
  readonly #ends = new Map<string, JobEnd>();
  /** Of each end what was told of it last: a change is a change of that. */
  readonly #told = new Map<string, JobStatus>();
  #events: ServerEvent[] = [];
  /** What is to be told, in the order in which it came: what does not wait, and ends that have nothing but other figures. */
  readonly #urgent = new Map<string, Waiting>();
  readonly #figures = new Map<string, Waiting>();
  #pendingEvents: ServerEvent[] = [];
  readonly #notices: string[] = [];

  get servers(): readonly ServerView[] {
    return [...this.#servers.values()];
  }

  get ends(): readonly JobEnd[] {
    return [...this.#ends.values()];
  }

  end(key: string): JobEnd | undefined {
    return this.#ends.get(key);
  }

  get events(): readonly ServerEvent[] {
    return this.#events;
  }

  get notices(): readonly string[] {
    return this.#notices;
  }

  putServer(server: ServerView): void {
    this.#servers.set(server.name, server);
    this.#change(`server ${server.name}`, { kind: 'server', server });
  }

  removeServer(name: string): void {
    this.#servers.delete(name);
    for (const [key, end] of this.#ends)
      if (end.server === name) {
        this.#ends.delete(key);
        this.#told.delete(key);
        this.#drop(`job ${key}`);
      }
    this.#events = this.#events.filter((one) => one.server !== name);
    this.#change(`server ${name}`, { kind: 'server-gone', name });
  }

  putJob(server: string, status: JobStatus): void {
    const key = endKey(server, status.name);
    const before = this.#ends.get(key)?.status;
    this.#ends.set(key, { server, status });
    this.#change(`job ${key}`, { kind: 'end', key }, before === undefined || !isOnlyFigures(before, status));
  }

  removeJob(server: string, name: string): void {
    if (!this.#ends.delete(endKey(server, name))) return;
    this.#told.delete(endKey(server, name));
    this.#change(`job ${endKey(server, name)}`, { kind: 'job-gone', server, name });
  }

  putJobs(server: string, statuses: readonly JobStatus[]): void {
    const names = new Set(statuses.map(({ name }) => name));
    for (const end of [...this.#ends.values()])
      if (end.server === server && !names.has(end.status.name)) this.removeJob(server, end.status.name);
    for (const status of statuses) this.putJob(server, status);
  }

  addEvents(server: string, events: readonly AgentEvent[]): void {
    const told = events.map((event) => ({ server, event }));
    this.#events = [...this.#events, ...told].slice(-EVENTS_KEPT);
    this.#pendingEvents = [...this.#pendingEvents, ...told].slice(-EVENTS_KEPT);
  }

  notice(sentence: string): void {
    // Told once: what is wrong with the profile is found again with each look at it.
    if (this.#notices.includes(sentence) || this.#notices.length >= NOTICES_KEPT) return;
    this.#notices.push(sentence);
    this.#change(`notice ${this.#notices.length}`, { kind: 'notice', sentence });
  }

  /** What changed since the last time: all of it, or what does not wait. */
  take(which: 'all' | 'urgent' = 'all'): readonly Delta[] {
    const deltas: Delta[] = [];
    for (const waiting of which === 'all' ? [this.#urgent, this.#figures] : [this.#urgent]) {
      for (const one of waiting.values()) {
        const delta = one.kind === 'end' ? this.#deltaOf(one.key) : one;
        if (delta !== null) deltas.push(delta);
      }
      waiting.clear();
    }
    if (this.#pendingEvents.length > 0) deltas.push({ kind: 'events', events: this.#pendingEvents });
    this.#pendingEvents = [];
    return deltas;
  }

  /** Null: it is as it was told. */
  #deltaOf(key: string): Delta | null {
    const end = this.#ends.get(key);
    if (end === undefined) throw new Error(`${key} is told of and is not there`);
    const told = this.#told.get(key);
    this.#told.set(key, end.status);
    if (told === undefined) return { kind: 'job', end };
    const changes = changesOf(told, end.status);
    return changes === null ? null : { kind: 'job-changed', server: end.server, name: end.status.name, ...changes };
  }

  /** The newest of its kind takes the last place: a job never comes before the server that it is of. */
  #change(key: string, waiting: Waiting, urgent = true): void {
    const isUrgent = urgent || this.#urgent.has(key);
    this.#drop(key);
    (isUrgent ? this.#urgent : this.#figures).set(key, waiting);
  }

  #drop(key: string): void {
    this.#urgent.delete(key);
    this.#figures.delete(key);
  }
}

/** An end is told of as it stands when it is told. */
type Waiting =
  | { readonly kind: 'end'; readonly key: string }
  | Exclude<Delta, { readonly kind: 'job' | 'job-changed' }>;

/** What is as it was mostly is the very same: statuses come as changes of the one before. */
const isEqual = (one: unknown, other: unknown): boolean =>
  one === other || (typeof one === 'object' && JSON.stringify(one) === JSON.stringify(other));

/** Figures of a job that goes on as it did: nobody has to see each of them at once. */
const FIGURES: ReadonlySet<keyof JobStatus> = new Set([
  ...(['replication', 'recoveryPoint', 'audit', 'targetQueue', 'transmission'] as const),
  ...(['mirror', 'verification', 'synchronous'] as const),
]);

function isOnlyFigures(before: JobStatus, after: JobStatus): boolean {
  if (before.state !== after.state || before.mirror.state !== after.mirror.state) return false;
  if ((before.audit?.hop ?? null) !== (after.audit?.hop ?? null)) return false;
  for (const key of Object.keys(after) as (keyof JobStatus)[])
    if (before[key] !== after[key] && !FIGURES.has(key) && !isSameNews(key, before, after)) return false;
  for (const key of Object.keys(before) as (keyof JobStatus)[])
    if (before[key] !== undefined && after[key] === undefined && !FIGURES.has(key)) return false;
  return true;
}

/** A monitor counts down between its answers; what it comes to is its light. */
function isSameNews(key: keyof JobStatus, before: JobStatus, after: JobStatus): boolean {
  if (key !== 'failover') return isEqual(before[key], after[key]);
  const news = ({ failover }: JobStatus) => failover && { ...failover, monitor: failover.monitor?.light };
  return before.failover === after.failover || isEqual(news(before), news(after));
}
