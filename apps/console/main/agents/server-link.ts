import { type Connection, type FollowedJobs, followJobs, type KnownServer, SdkError } from '@understudy/sdk';
import type { AgentEvent, AgentInfo, FiguresAsked, Heard, JobStatus } from '@understudy/wire';
import { type LinkView, OTHER_VERSION, type ServerInfo, type ServerView } from '../../shared/view.ts';
import { pauseBefore } from './back-off.ts';

/** Where a link tells what it hears. */
export interface LinkSink {
  readonly onServer: (server: ServerView) => void;
  /** The jobs that there are; those that are not named are gone. */
  readonly onJobs: (server: string, statuses: readonly JobStatus[]) => void;
  readonly onJob: (server: string, heard: Heard) => void;
  readonly onEvents: (server: string, events: readonly AgentEvent[]) => void;
}

export interface LinkParts {
  readonly open: (server: KnownServer) => Promise<Connection>;
  readonly sink: LinkSink;
  /** Of which of its jobs figures are wanted as they come; asked with each connection, and with each `retune`. */
  readonly figures: () => FiguresAsked | null;
  readonly now: () => number;
  readonly random: () => number;
}

/** What no further try would mend: a person has to pair anew, or to ask for another try. */
const REFUSALS = new Set(['fingerprint-changed', 'not-trusted', 'bad-argument']);
/** Of the time before the console looked. */
const FIRST_EVENTS = 200;

/** One server's connection over its whole life: opened, lost, opened again with growing pauses, until it is stopped. */
export class ServerLink {
  readonly server: KnownServer;
  readonly #parts: LinkParts;
  readonly #stopped = new AbortController();
  #view: ServerView;
  #connection: Connection | null = null;
  #jobs: FollowedJobs | null = null;
  /** What its agent was asked for, as JSON. */
  #asked = '';
  #lastEvent: number | null = null;
  #failures = 0;
  #wake: () => void = () => {};

  constructor(server: KnownServer, parts: LinkParts) {
    this.server = server;
    this.#parts = parts;
    this.#view = { ...server, link: { state: 'connecting', sinceMs: parts.now() }, info: null };
  }

  get view(): ServerView {
    return this.#view;
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    this.#parts.sink.onServer(this.#view);
    while (!this.#stopped.signal.aborted) {
      const end = await this.#live();
      if (this.#stopped.signal.aborted) return;
      await this.#rest(end);
    }
  }

  stop(): void {
    this.#stopped.abort();
    this.#connection?.close();
    this.#wake();
  }

  /** Tried again at once; where it is live, nothing happens. */
  retry(): void {
    this.#failures = 0;
    this.#wake();
  }

  /** Tells its agent whose figures are wanted now, where that is another word than the last; true: it has told what it had held back of them. */
  async retune(): Promise<boolean> {
    const figures = this.#parts.figures();
    const asked = JSON.stringify(figures);
    if (this.#jobs === null || asked === this.#asked) return false;
    this.#asked = asked;
    try {
      await this.#jobs.retune(figures);
      return true;
    } catch (error) {
      // Its figures come as they did; a connection that was lost asks anew.
      if (error instanceof SdkError) return false;
      throw error;
    }
  }

  /** Of a server that is not reached now, with the sentence that says why. */
  connection(): Connection {
    if (this.#connection?.isOpen === true) return this.#connection;
    const { link, name } = this.#view;
    const why = link.state === 'lost' || link.state === 'refused' ? `: ${link.sentence}` : '';
    throw new SdkError('unreachable', `${name} is not connected now${why}`);
  }

  /** One connection from its opening to its end; answers why it ended. */
  async #live(): Promise<SdkError> {
    try {
      const connection = await this.#parts.open(this.server);
      this.#connection = connection;
      if (this.#stopped.signal.aborted) connection.close();
      await this.#listen(connection);
      this.#failures = 0;
      this.#tell({ state: 'live', sinceMs: this.#parts.now() });
      return await connection.closed;
    } catch (error) {
      if (error instanceof SdkError) return error;
      throw error;
    } finally {
      this.#connection?.close();
      this.#connection = null;
      this.#jobs = null;
    }
  }

  async #listen(connection: Connection): Promise<void> {
    const { sink, now } = this.#parts;
    const { name } = this.server;
    const info = await connection.call('agent.info', {});
    this.#view = { ...this.#view, role: info.role ?? this.#view.role, info: infoOf(info, now()) };
    const { jobs } = await connection.call('job.list', {});
    sink.onJobs(
      name,
      jobs.map(({ status }) => status),
    );
    const figures = this.#parts.figures();
    this.#asked = JSON.stringify(figures);
    this.#jobs = await followJobs(connection, (heard) => sink.onJob(name, heard), figures);
    // What was asked for in the meantime.
    await this.retune();
    if (this.#lastEvent === null) {
      const { events, last } = await connection.call('events.list', { limit: FIRST_EVENTS });
      this.#lastEvent = last;
      if (events.length > 0) sink.onEvents(name, events);
    }
    await connection.subscribe('events', { after: this.#lastEvent }, (event) => {
      this.#lastEvent = Math.max(this.#lastEvent ?? 0, event.id);
      sink.onEvents(name, [event]);
    });
  }

  async #rest(error: SdkError): Promise<void> {
    const { message } = error;
    const code = linkCodeOf(error);
    const sinceMs = this.#since();
    this.#failures += 1;
    if (REFUSALS.has(code)) {
      this.#tell({ state: 'refused', sinceMs, code, sentence: message });
      await this.#sleep(null);
    } else {
      const pause = pauseBefore(this.#failures, this.#parts.random());
      this.#tell({ state: 'lost', sinceMs, code, sentence: message, nextTryMs: this.#parts.now() + pause });
      await this.#sleep(pause);
    }
  }

  /** The figures are of the moment at which it was lost, not of the last try. */
  #since(): number {
    const { link } = this.#view;
    return link.state === 'lost' || link.state === 'refused' ? link.sinceMs : this.#parts.now();
  }

  #tell(link: LinkView): void {
    this.#view = { ...this.#view, link };
    this.#parts.sink.onServer(this.#view);
  }

  /** Null: until a person asks for it. */
  #sleep(ms: number | null): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Beside the sdk's own: that the agent is one, and too old or too new for this console. An update mends that, so it is tried again. */
const linkCodeOf = ({ code, agentCode }: SdkError): string => (agentCode === 'version' ? OTHER_VERSION : code);

function infoOf({ version, role, details }: AgentInfo, nowMs: number): ServerInfo {
  return {
    version,
    role,
    home: details?.home ?? null,
    listen: details?.listen ?? null,
    startedAt: details?.startedAt ?? null,
    residentBytes: details?.residentBytes ?? null,
    clockOffsetMs: details === null ? null : Math.round(Date.parse(details.startedAt) + details.uptimeMs - nowMs),
  };
}
