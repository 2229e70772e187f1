/**
 * What the main process knows of all servers. In: what the links hear. Out: everything as it stands, for a window that opens, and what
 * changed: at once where somebody may have to act, else with all that has moved meanwhile. Promised: bounded, however many events come; of
 * a job's statuses the last one wins.
 */
import {
  type AgentEvent,
  dropFields,
  type Heard,
  isNews,
  type JobStatus,
  monitorLightOf,
  type OwnChanges,
} from '@understudy/wire';
import { type Delta, endKey, type JobEnd, type ServerEvent, type ServerView } from '../../shared/view.ts';

/** Of all servers together. */
export const EVENTS_KEPT = 5000;
const NOTICES_KEPT = 50;

/** What does not wait, or all there is. */
export type Which = 'urgent' | 'all';

export class Model {
  readonly #servers = new Map<string, ServerView>();
  readonly #ends = new Map<string, Known>();
  readonly #byStatus = new Map<JobStatus, Known>();
  #events: ServerEvent[] = [];
  /** What is to be told, in the order in which it came: what does not wait, and ends that have nothing but other figures. */
  readonly #urgent = new Map<string, Waiting>();
  readonly #figures = new Set<Known>();
  #pendingEvents: ServerEvent[] = [];
  readonly #notices: string[] = [];

  get servers(): readonly ServerView[] {
    return [...this.#servers.values()];
  }

  get ends(): readonly JobEnd[] {
    return [...this.#ends.values()].map(({ server, status }) => ({ server, status }));
  }

  get endsKnown(): number {
    return this.#ends.size;
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
        this.#forget(end);
        this.#urgent.delete(`job ${key}`);
      }
    this.#events = this.#events.filter((one) => one.server !== name);
    this.#change(`server ${name}`, { kind: 'server-gone', name });
  }

  putJob(server: string, status: JobStatus): void {
    const key = endKey(server, status.name);
    const before = this.#ends.get(key);
    if (before !== undefined) this.#outdate(before);
    const known: Known = { key, server, status, light: monitorLightOf(status), waiting: null };
    this.#ends.set(key, known);
    this.#byStatus.set(status, known);
    this.#change(`job ${key}`, { kind: 'whole', known });
  }

  /** What an agent tells of one of its jobs. */
  hear(server: string, { name, status, changes }: Heard): void {
    if (status === null) this.removeJob(server, name);
    else if (changes === null) this.putJob(server, status);
    else this.#changeJob(status, changes);
  }

  removeJob(server: string, name: string): void {
    const known = this.#ends.get(endKey(server, name));
    if (known === undefined) return;
    this.#forget(known);
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

  /** What changed since the last time, as far as it is wanted. */
  take(which: Which = 'all'): readonly Delta[] {
    const deltas: Delta[] = [];
    for (const one of this.#urgent.values()) deltas.push(this.#deltaOf(one));
    this.#urgent.clear();
    if (which === 'all') for (const known of this.#figures) deltas.push(this.#changesOf(known));
    if (this.#pendingEvents.length > 0) deltas.push({ kind: 'events', events: this.#pendingEvents });
    this.#pendingEvents = [];
    return deltas;
  }

  /** A status that is told as a whole is told as it stands now. */
  #deltaOf(waiting: Waiting): Delta {
    if (!('known' in waiting)) return waiting;
    if (waiting.kind === 'changed') return this.#changesOf(waiting.known);
    const { server, status } = waiting.known;
    return { kind: 'job', end: { server, status } };
  }

  #changesOf(known: Known): Delta {
    const { server, status, waiting } = known;
    known.waiting = null;
    this.#figures.delete(known);
    return { kind: 'job-changed', server, name: status.name, set: waiting?.set ?? {}, gone: waiting?.gone ?? [] };
  }

  #changeJob(status: JobStatus, changes: OwnChanges): void {
    const known = this.#byStatus.get(status);
    if (known === undefined) return;
    const light = monitorLightOf(status);
    const urgent = isNews(changes, light === known.light);
    known.light = light;
    const place = `job ${known.key}`;
    // It is told as a whole with the next word.
    if (this.#urgent.get(place)?.kind === 'whole') return;
    if (known.waiting === null) known.waiting = changes;
    else addTo(known.waiting, changes);
    if (urgent) this.#change(place, { kind: 'changed', known });
    else if (!this.#urgent.has(place)) this.#figures.add(known);
  }

  #forget(known: Known): void {
    this.#ends.delete(known.key);
    this.#outdate(known);
  }

  #outdate(known: Known): void {
    this.#byStatus.delete(known.status);
    this.#figures.delete(known);
  }

  /** The newest of its kind takes the last place: a job never comes before the server that it is of. */
  #change(key: string, waiting: Waiting): void {
    this.#urgent.delete(key);
    this.#urgent.set(key, waiting);
  }
}

/** What is known of an end. The status is the one that its link was told of, in which what changes is changed. */
interface Known {
  readonly key: string;
  readonly server: string;
  readonly status: JobStatus;
  light: string | undefined;
  /** Changes that the window has not been told of; more are added to them. */
  waiting: OwnChanges | null;
}

type Waiting =
  | { readonly kind: 'whole' | 'changed'; readonly known: Known }
  | Exclude<Delta, { readonly kind: 'job' | 'job-changed' }>;

/** The later ones count. */
function addTo(waiting: OwnChanges, { set, gone }: OwnChanges): void {
  for (const path in set) {
    // Only what is an object has fields.
    if (typeof set[path] === 'object') dropFields(waiting, path);
    if (waiting.gone.length > 0) take(waiting.gone, path);
    waiting.set[path] = set[path];
  }
  for (const path of gone) {
    dropFields(waiting, path);
    delete waiting.set[path];
    take(waiting.gone, path);
    waiting.gone.push(path);
  }
}

function take(paths: string[], path: string): void {
  const at = paths.indexOf(path);
  if (at !== -1) paths.splice(at, 1);
}
