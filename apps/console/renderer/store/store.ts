/**
 * store: what the window knows. In: a snapshot, then deltas; what a person chose. Out: state. Promised: no input or output in here, one
 * change of state for each batch of deltas, and what did not change keeps its identity.
 */
import { withChanges } from '@understudy/wire';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { DEFAULT_PREFERENCES, type Place, type Preferences } from '../../shared/preferences.ts';
import { type Delta, endKey, type JobEnd, type ServerEvent, type Snapshot, type World } from '../../shared/view.ts';
import { type JobView, jobsOf, type ServersByName, withChangedEnds } from './jobs.ts';

/** Of all servers together; the older ones are at their agents. */
export const EVENTS_SHOWN = 5000;

export type Sheet =
  | { readonly kind: 'pair' }
  | { readonly kind: 'protect'; readonly source: string | null }
  | { readonly kind: 'failover'; readonly job: string }
  | { readonly kind: 'edit' | 'restore'; readonly job: string }
  | { readonly kind: 'palette' };

export interface ConsoleState {
  /** False until the snapshot has come. */
  readonly ready: boolean;
  readonly version: string;
  readonly profile: string;
  readonly memory: string;
  readonly systemLanguage: string;
  readonly servers: ServersByName;
  readonly ends: Readonly<Record<string, JobEnd>>;
  readonly jobs: readonly JobView[];
  /** The oldest first. */
  readonly events: readonly ServerEvent[];
  readonly notices: readonly string[];
  readonly preferences: Preferences;
  readonly place: Place;
  readonly sheet: Sheet | null;
}

export const EMPTY: ConsoleState = {
  ready: false,
  version: '',
  profile: '',
  memory: '',
  systemLanguage: 'en',
  servers: {},
  ends: {},
  jobs: [],
  events: [],
  notices: [],
  preferences: DEFAULT_PREFERENCES,
  place: DEFAULT_PREFERENCES.place,
  sheet: null,
};

export type ConsoleStore = StoreApi<ConsoleState>;
export const makeStore = (): ConsoleStore => createStore<ConsoleState>(() => EMPTY);

export function opened(state: ConsoleState, snapshot: Snapshot, world: World): ConsoleState {
  const { version, profile, memory, systemLanguage, preferences } = snapshot;
  const { notices } = world;
  const servers = Object.fromEntries(world.servers.map((server) => [server.name, server]));
  const ends = Object.fromEntries(world.ends.map((end) => [endKey(end.server, end.status.name), end]));
  return {
    ...state,
    ...{ version, profile, memory, systemLanguage, notices, preferences, servers, ends },
    ready: true,
    jobs: jobsOf(ends, servers),
    events: byTime(world.events).slice(-EVENTS_SHOWN),
    place: preferences.place,
  };
}

export function applied(state: ConsoleState, deltas: readonly Delta[]): ConsoleState {
  const draft = new Draft(state);
  for (const delta of deltas) draft.apply(delta);
  return draft.done();
}

/** After these jobs are others than before, or stand otherwise with their servers. */
const REGROUPS: ReadonlySet<Delta['kind']> = new Set(['job', 'job-gone', 'server', 'server-gone']);

/** Copies a part at its first change, and only then. */
class Draft {
  readonly #state: ConsoleState;
  #servers: ServersByName;
  #ends: Readonly<Record<string, JobEnd>>;
  #events: readonly ServerEvent[];
  #notices: readonly string[];
  /** Keys of ends of which nothing but the status is another now. */
  readonly #changed = new Set<string>();
  /** Jobs or servers have come or gone, or are others than they were. */
  #isRegrouped = false;

  constructor(state: ConsoleState) {
    this.#state = state;
    this.#servers = state.servers;
    this.#ends = state.ends;
    this.#events = state.events;
    this.#notices = state.notices;
  }

  apply(delta: Delta): void {
    if (REGROUPS.has(delta.kind)) this.#isRegrouped = true;
    if (delta.kind === 'server') this.#ownServers()[delta.server.name] = delta.server;
    else if (delta.kind === 'job') this.#ownEnds()[endKey(delta.end.server, delta.end.status.name)] = delta.end;
    else if (delta.kind === 'job-changed') this.#changeJob(delta);
    else if (delta.kind === 'job-gone') delete this.#ownEnds()[endKey(delta.server, delta.name)];
    else if (delta.kind === 'server-gone') this.#forget(delta.name);
    else if (delta.kind === 'notice') this.#notices = [...this.#notices, delta.sentence];
    else this.#events = byTime([...this.#events, ...delta.events]).slice(-EVENTS_SHOWN);
  }

  done(): ConsoleState {
    const [servers, ends, events, notices] = [this.#servers, this.#ends, this.#events, this.#notices];
    return { ...this.#state, servers, ends, events, notices, jobs: this.#jobs() };
  }

  /** Most batches bring figures of a few jobs, and there may be thousands. */
  #jobs(): readonly JobView[] {
    const { jobs, ends } = this.#state;
    if (this.#isRegrouped) return jobsOf(this.#ends, this.#servers, jobs);
    if (this.#changed.size === 0) return jobs;
    const changed = new Map<JobEnd, JobEnd>();
    for (const key of this.#changed) {
      const [before, now] = [ends[key], this.#ends[key]];
      if (before !== undefined && now !== undefined) changed.set(before, now);
    }
    return withChangedEnds(jobs, changed, this.#servers);
  }

  #changeJob({ server, name, ...changes }: Extract<Delta, { kind: 'job-changed' }>): void {
    const key = endKey(server, name);
    const end = this.#ends[key];
    if (end === undefined) return;
    // The identity says which ends are of one job.
    if ('id' in changes.set || changes.gone.includes('id')) this.#isRegrouped = true;
    this.#changed.add(key);
    this.#ownEnds()[key] = { server, status: withChanges(end.status, changes) };
  }

  #forget(name: string): void {
    delete this.#ownServers()[name];
    const ends = this.#ownEnds();
    for (const [place, end] of Object.entries(ends)) if (end.server === name) delete ends[place];
    this.#events = this.#events.filter((one) => one.server !== name);
  }

  #ownServers(): Record<string, ServersByName[string]> {
    if (this.#servers === this.#state.servers) this.#servers = { ...this.#servers };
    return this.#servers as Record<string, ServersByName[string]>;
  }

  #ownEnds(): Record<string, JobEnd> {
    if (this.#ends === this.#state.ends) this.#ends = { ...this.#ends };
    return this.#ends as Record<string, JobEnd>;
  }
}

/** In the order in which things happened, as far as the servers' clocks agree. */
function byTime(events: readonly ServerEvent[]): readonly ServerEvent[] {
  return [...events].sort(({ event: one }, { event: other }) => {
    if (one.time !== other.time) return one.time < other.time ? -1 : 1;
    return one.id - other.id;
  });
}

export const jobByKey = (state: ConsoleState, key: string): JobView | null =>
  state.jobs.find((job) => job.key === key) ?? null;
