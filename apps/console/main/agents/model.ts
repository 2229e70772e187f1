/**
 * What the main process knows of all servers. In: what the links hear. Out: everything as it stands, for a window that opens, and what
 * changed: at once where somebody may have to act, else with all that has moved meanwhile. Promised: bounded, however many events come; of
 * a job's statuses the last one wins.
 */
import type { AgentEvent, JobStatus } from '@understudy/wire';
import { type Delta, endKey, type JobEnd, type ServerEvent, type ServerView } from '../../shared/view.ts';

/** Of all servers together. */
export const EVENTS_KEPT = 5000;
const NOTICES_KEPT = 50;

export class Model {
  readonly #now: () => number;
  readonly #servers = new Map<string, ServerView>();
  readonly #ends = new Map<string, JobEnd>();
  #events: ServerEvent[] = [];
  #pending = new Map<string, Delta>();
  /** Of these the keys that do not wait. */
  readonly #urgent = new Set<string>();
  #pendingEvents: ServerEvent[] = [];
  readonly #notices: string[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  get servers(): readonly ServerView[] {
    return [...this.#servers.values()];
  }

  get ends(): readonly JobEnd[] {
    return [...this.#ends.values()];
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
        this.#drop(`job ${key}`);
      }
    this.#events = this.#events.filter((one) => one.server !== name);
    this.#change(`server ${name}`, { kind: 'server-gone', name });
  }

  putJob(server: string, status: JobStatus): void {
    const key = endKey(server, status.name);
    const end = { server, status, heardMs: this.#now() };
    const before = this.#ends.get(key)?.status;
    this.#ends.set(key, end);
    this.#change(`job ${key}`, { kind: 'job', end }, before === undefined || !isOnlyFigures(before, status));
  }

  removeJob(server: string, name: string): void {
    if (!this.#ends.delete(endKey(server, name))) return;
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
    const isTaken = (key: string): boolean => which === 'all' || this.#urgent.has(key);
    const taken = [...this.#pending].filter(([key]) => isTaken(key));
    for (const [key] of taken) this.#drop(key);
    const deltas = taken.map(([, delta]) => delta);
    if (this.#pendingEvents.length > 0) deltas.push({ kind: 'events', events: this.#pendingEvents });
    this.#pendingEvents = [];
    return deltas;
  }

  /** The newest of its kind takes the last place: a job never comes before the server that it is of. */
  #change(key: string, delta: Delta, urgent = true): void {
    this.#pending.delete(key);
    this.#pending.set(key, delta);
    if (urgent) this.#urgent.add(key);
  }

  #drop(key: string): void {
    this.#pending.delete(key);
    this.#urgent.delete(key);
  }
}

/** Figures of a job that goes on as it did: nobody has to see each of them at once. */
const FIGURES: ReadonlySet<keyof JobStatus> = new Set([
  ...(['replication', 'recoveryPoint', 'audit', 'targetQueue', 'transmission'] as const),
  ...(['mirror', 'verification', 'synchronous'] as const),
]);

function isOnlyFigures(before: JobStatus, after: JobStatus): boolean {
  if (before.state !== after.state || before.mirror.state !== after.mirror.state) return false;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof JobStatus>;
  for (const key of keys) if (!FIGURES.has(key) && wordsOf(before, key) !== wordsOf(after, key)) return false;
  return (before.audit?.hop ?? null) === (after.audit?.hop ?? null);
}

/** A monitor counts down between its answers; what it comes to is its light. */
function wordsOf(status: JobStatus, key: keyof JobStatus): string | undefined {
  const { failover } = status;
  if (key !== 'failover' || failover === undefined) return JSON.stringify(status[key]);
  return JSON.stringify({ ...failover, monitor: failover.monitor?.light });
}
