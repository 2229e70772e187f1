/**
 * What the main process knows of all servers. In: what the links hear. Out: everything as it stands, for a window that opens, and what
 * changed, joined together for a tenth of a second. Promised: bounded, however many events come; of a job's statuses the last one wins.
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
    for (const end of this.#ends.values()) if (end.server === name) this.#ends.delete(endKey(name, end.status.name));
    this.#events = this.#events.filter((one) => one.server !== name);
    this.#change(`server ${name}`, { kind: 'server-gone', name });
  }

  putJob(server: string, status: JobStatus): void {
    const end = { server, status, heardMs: this.#now() };
    this.#ends.set(endKey(server, status.name), end);
    this.#change(`job ${endKey(server, status.name)}`, { kind: 'job', end });
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

  /** What changed since the last time. */
  take(): readonly Delta[] {
    const deltas = [...this.#pending.values()];
    if (this.#pendingEvents.length > 0) deltas.push({ kind: 'events', events: this.#pendingEvents });
    this.#pending = new Map();
    this.#pendingEvents = [];
    return deltas;
  }

  /** The newest of its kind takes the last place: a job never comes before the server that it is of. */
  #change(key: string, delta: Delta): void {
    this.#pending.delete(key);
    this.#pending.set(key, delta);
  }
}
