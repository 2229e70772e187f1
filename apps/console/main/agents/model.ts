/**
 * What the main process knows of all servers. In: what the links hear. Out: everything as it stands, for a window that opens, and what
 * changed: at once where somebody may have to act, else with all that has moved meanwhile. Promised: bounded, however many events come; of
 * a job's statuses the last one wins.
 */
import { type AgentEvent, dropFields, type Heard, type JobStatus, type OwnChanges } from '@understudy/wire';
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
  readonly #byStatus = new Map<JobStatus, Known>();
  #events: ServerEvent[] = [];
  /** What is to be told, in the order in which it came: what does not wait, and ends that have nothing but other figures. */
  readonly #urgent = new Map<string, Waiting>();
  readonly #figures = new Set<Known>();
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
    const known: Known = { key, server, status, light: lightOf(status), waiting: null };
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

  /** Of these a person sees the figures. */
  watch(ends: ReadonlySet<string>): void {
    this.#watched = ends;
  }

  /** What changed since the last time, as far as it is wanted. */
  take(which: Which = 'all'): readonly Delta[] {
    const deltas: Delta[] = [];
    for (const one of this.#urgent.values()) deltas.push(this.#deltaOf(one));
    this.#urgent.clear();
    for (const known of this.#turnOf(which)) deltas.push(this.#changesOf(known));
    if (this.#pendingEvents.length > 0) deltas.push({ kind: 'events', events: this.#pendingEvents });
    this.#pendingEvents = [];
    return deltas;
  }

  /** The longest waiting first, so that each has its turn. */
  #turnOf(which: Which): readonly Known[] {
    if (which === 'urgent') return [];
    if (which === 'all') return [...this.#figures];
    const turn: Known[] = [];
    for (const key of this.#watched) {
      const known = this.#ends.get(key);
      if (known !== undefined && this.#figures.has(known)) turn.push(known);
    }
    if (which === 'watched') return turn;
    const seen = new Set(turn);
    for (const known of this.#figures) {
      if (turn.length >= seen.size + OTHERS_AT_ONCE) break;
      if (!seen.has(known)) turn.push(known);
    }
    return turn;
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
    const light = lightOf(status);
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

function isNews({ set, gone }: OwnChanges, isSameLight: boolean): boolean {
  for (const path in set) if (!isFigure(path, isSameLight)) return true;
  return gone.some((path) => !isFigure(path, isSameLight));
}

/** As it was found before: there are not many paths, and each is asked for some thousand times a second. */
const figures = new Map<string, boolean>([[COUNTS_DOWN, true]]);

function isFigure(path: string, isSameLight: boolean): boolean {
  const known = figures.get(path);
  if (known !== undefined) return known && (path !== COUNTS_DOWN || isSameLight);
  const [part = ''] = path.split('.', 1);
  const found = FIGURES.has(part) && !WORDS.has(path);
  figures.set(path, found);
  return found;
}
