/**
 * What the main process knows of all servers. In: what the links hear. Out: everything as it stands, for a window that opens, and what
 * changed: at once where somebody may have to act, else with all that has moved meanwhile. Promised: bounded, however many events come; of
 * a job's statuses the last one wins.
 */
import type { AgentEvent, Heard, JobStatus, StatusChanges } from '@understudy/wire';
import { type Delta, endKey, type JobEnd, type ServerEvent, type ServerView } from '../../shared/view.ts';

/** Of all servers together. */
export const EVENTS_KEPT = 5000;
const NOTICES_KEPT = 50;
/** Of ends that nobody sees, figures of so many are told with each beat: of two thousand jobs each has its turn within ten seconds. */
const OTHERS_AT_ONCE = 200;

/** What does not wait; that, and figures that are seen; that, and of the others as many as is their turn; or all there is. */
export type Which = 'urgent' | 'watched' | 'due' | 'all';

export class Model {
  readonly #servers = new Map<string, ServerView>();
  readonly #ends = new Map<string, Known>();
  #events: ServerEvent[] = [];
  /** What is to be told, in the order in which it came: what does not wait, and ends that have nothing but other figures. */
  readonly #urgent = new Map<string, Waiting>();
  readonly #figures = new Map<string, Waiting>();
  #watched: ReadonlySet<string> = new Set();
  #pendingEvents: ServerEvent[] = [];
  readonly #notices: string[] = [];

  get servers(): readonly ServerView[] {
    return [...this.#servers.values()];
  }

  get ends(): readonly JobEnd[] {
    return [...this.#ends.values()].map(({ server, status }) => ({ server, status }));
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
        this.#drop(`job ${key}`);
      }
    this.#events = this.#events.filter((one) => one.server !== name);
    this.#change(`server ${name}`, { kind: 'server-gone', name });
  }

  putJob(server: string, status: JobStatus): void {
    const key = endKey(server, status.name);
    this.#ends.set(key, { server, status, light: lightOf(status) });
    this.#change(`job ${key}`, { kind: 'job', key });
  }

  /** What an agent tells of one of its jobs. */
  hear(server: string, { name, status, changes }: Heard): void {
    if (status === null) this.removeJob(server, name);
    else if (changes === null) this.putJob(server, status);
    else this.#changeJob(server, status, changes);
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

  /** Of these a person sees the figures. */
  watch(ends: ReadonlySet<string>): void {
    this.#watched = ends;
  }

  /** What changed since the last time, as far as it is wanted. */
  take(which: Which = 'all'): readonly Delta[] {
    const deltas: Delta[] = [];
    for (const one of this.#urgent.values()) deltas.push(this.#deltaOf(one));
    this.#urgent.clear();
    for (const place of this.#placesOf(which)) {
      const one = this.#figures.get(place);
      if (one === undefined) continue;
      this.#figures.delete(place);
      deltas.push(this.#deltaOf(one));
    }
    if (this.#pendingEvents.length > 0) deltas.push({ kind: 'events', events: this.#pendingEvents });
    this.#pendingEvents = [];
    return deltas;
  }

  /** The longest waiting first, so that each has its turn. */
  #placesOf(which: Which): readonly string[] {
    if (which === 'urgent') return [];
    if (which === 'all') return [...this.#figures.keys()];
    const places = [...this.#watched].map((key) => `job ${key}`);
    if (which === 'watched') return places;
    for (const place of this.#figures.keys()) {
      if (places.length >= this.#watched.size + OTHERS_AT_ONCE) break;
      places.push(place);
    }
    return places;
  }

  /** A status that is told as a whole is told as it stands now. */
  #deltaOf(waiting: Waiting): Delta {
    if (waiting.kind !== 'job') return waiting;
    const end = this.#ends.get(waiting.key);
    if (end === undefined) throw new Error(`${waiting.key} is told of and is not there`);
    return { kind: 'job', end: { server: end.server, status: end.status } };
  }

  #changeJob(server: string, status: JobStatus, changes: StatusChanges): void {
    const key = endKey(server, status.name);
    const end = this.#ends.get(key);
    if (end === undefined) return;
    const light = lightOf(status);
    const urgent = isNews(changes, light === end.light);
    end.light = light;
    const place = `job ${key}`;
    const waiting = this.#urgent.get(place) ?? this.#figures.get(place);
    if (waiting?.kind === 'job-changed') addTo(waiting, changes);
    const one = waiting ?? { kind: 'job-changed', server, name: status.name, ...ownCopy(changes) };
    if (waiting === undefined || (urgent && !this.#urgent.has(place))) this.#change(place, one, urgent);
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

/** What is known of an end. The status is the one that its link was told of, in which what changes is changed. */
interface Known {
  readonly server: string;
  readonly status: JobStatus;
  light: string | undefined;
}

/** Changes that wait are added to. */
interface ChangedJob {
  readonly kind: 'job-changed';
  readonly server: string;
  readonly name: string;
  readonly set: Record<string, unknown>;
  readonly gone: string[];
}
type Waiting =
  | ChangedJob
  | { readonly kind: 'job'; readonly key: string }
  | Exclude<Delta, { readonly kind: 'job' | 'job-changed' }>;

const ownCopy = ({ set, gone }: StatusChanges) => ({ set: { ...set }, gone: [...gone] });

/** The later ones count. */
function addTo(waiting: ChangedJob, { set, gone }: StatusChanges): void {
  for (const path of Object.keys(set)) {
    if (!path.includes('.')) dropFields(waiting, path);
    const at = waiting.gone.indexOf(path);
    if (at !== -1) waiting.gone.splice(at, 1);
    waiting.set[path] = set[path];
  }
  for (const path of gone) {
    if (!path.includes('.')) dropFields(waiting, path);
    delete waiting.set[path];
    if (!waiting.gone.includes(path)) waiting.gone.push(path);
  }
}

/** Of a part that is told as a whole again. */
function dropFields({ set, gone }: ChangedJob, part: string): void {
  const isOfPart = (path: string): boolean => path.startsWith(`${part}.`);
  for (const path of Object.keys(set).filter(isOfPart)) delete set[path];
  for (const path of gone.filter(isOfPart)) gone.splice(gone.indexOf(path), 1);
}

/** Parts with nothing but figures of a job that goes on as it did: nobody has to see each of them at once. */
const FIGURES: ReadonlySet<string> = new Set([
  ...['replication', 'recoveryPoint', 'audit', 'targetQueue', 'transmission'],
  ...['mirror', 'verification', 'synchronous'],
]);
/** What of them is more than a figure. */
const WORDS: ReadonlySet<string> = new Set(['mirror', 'mirror.state', 'audit', 'audit.hop']);
/** A monitor counts down between its answers; what it comes to is its light. */
const COUNTS_DOWN = 'failover.monitor';

const lightOf = ({ failover }: JobStatus): string | undefined => failover?.monitor?.light;

function isNews({ set, gone }: StatusChanges, isSameLight: boolean): boolean {
  for (const path in set) if (!isFigure(path, isSameLight)) return true;
  return gone.some((path) => !isFigure(path, isSameLight));
}

function isFigure(path: string, isSameLight: boolean): boolean {
  const dot = path.indexOf('.');
  const part = dot === -1 ? path : path.slice(0, dot);
  return FIGURES.has(part) ? !WORDS.has(path) : path === COUNTS_DOWN && isSameLight;
}
