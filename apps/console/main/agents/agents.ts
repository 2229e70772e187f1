/**
 * agents: the console's connections. In: the profile that it shares with the command line, and what the window asks. Out: a model that is
 * kept up to date, and answers. Promised: nothing is sent to a certificate that is not the pinned one, a connection that is lost is made
 * again, and a server that the command line adds or forgets appears or goes without a restart.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type ClientIdentity, type Connection, connect, type KnownServer, Profile, pair } from '@understudy/sdk';
import type { FiguresAsked } from '@understudy/wire';
import type { ChannelArguments, ChannelResult } from '../../shared/ipc-channels.ts';
import { Model } from './model.ts';
import { checkJob, createJob, makeKnown, type Pair } from './plan-job.ts';
import { type LinkSink, ServerLink } from './server-link.ts';
import { Turnstile } from './turnstile.ts';

/** Calls that wait for something have as long as the command line gives them. */
const LONG_CALLS: Readonly<Record<string, number>> = {
  'job.start': 120_000,
  'job.stop': 120_000,
  'job.delete': 120_000,
  'job.flush': 70_000,
  'job.failover': 120_000,
  'job.failback': 120_000,
  'job.reverse': 120_000,
  'job.undoFailover': 120_000,
  'job.restorePlan': 120_000,
  'job.restore': 120_000,
  'job.restoreCancel': 120_000,
  'job.testFailover': 3_600_000,
  'job.verify': 86_400_000,
  'presets.needs': 60_000,
};

/** The profile is written by rename: a single change comes as several notices. */
const SETTLE_MS = 100;

/** Of more jobs than a screen or two shows not all figures are asked for every second; of those that are not seen each comes that often. */
const MANY_ENDS = 200;
const UNSEEN_EVERY_MS = 10_000;

export class Agents {
  readonly model = new Model();
  readonly #profile: Profile;
  readonly #links = new Map<string, ServerLink>();
  /** Hundreds of handshakes at once would keep this process from everything else, and none may keep the window from its first page. */
  readonly #handshakes = new Turnstile({ places: 4, everyMs: 25 });
  #identity: Promise<ClientIdentity> | null = null;
  /** Names of jobs of which figures are on the screen, by server. */
  #seen: ReadonlyMap<string, readonly string[]> = new Map();
  #areMany = false;
  #watcher: fs.FSWatcher | null = null;
  #settling: NodeJS.Timeout | undefined;

  constructor(folder: string) {
    this.#profile = new Profile(folder, { onNotice: (sentence) => this.model.notice(sentence) });
  }

  async start(): Promise<void> {
    await this.#refresh();
    fs.mkdirSync(this.#profile.folder, { recursive: true, mode: 0o700 });
    const file = path.basename(this.#profile.serversFile);
    this.#watcher = fs.watch(this.#profile.folder, (_event, name) => {
      if (name !== null && name !== file) return;
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => void this.#refresh(), SETTLE_MS);
    });
    this.#watcher.on('error', () => this.#watcher?.close());
  }

  /** Nobody is called before: what is known of the servers is in the model from the start. */
  beginConnecting(): void {
    this.#handshakes.open();
  }

  stop(): void {
    this.#watcher?.close();
    clearTimeout(this.#settling);
    for (const link of this.#links.values()) link.stop();
    this.#links.clear();
  }

  async pair({ address, code, name }: ChannelArguments<'pair'>): Promise<ChannelResult<'pair'>> {
    const server = await pair(this.#profile, { address, code, ...(name === null ? {} : { name }) });
    await this.#refresh();
    return { name: server.name, fingerprint: server.fingerprint };
  }

  async forget(name: string): Promise<void> {
    await this.#profile.removeServer(name);
    await this.#refresh();
  }

  async reconnect(name: string): Promise<void> {
    (await this.#linkOf(name)).retry();
  }

  /** Figures of these are on the screen. `onTold`: an agent has told what it had held back of them. */
  watch(ends: readonly string[], onTold: () => void): void {
    const seen = new Map<string, string[]>();
    for (const key of [...ends].sort()) {
      const end = this.model.end(key);
      if (end === undefined) continue;
      const names = seen.get(end.server) ?? [];
      seen.set(end.server, [...names, end.status.name]);
    }
    this.#seen = seen;
    this.#retune(onTold);
  }

  #figuresOf(server: string): FiguresAsked | null {
    return this.#areMany ? { of: [...(this.#seen.get(server) ?? [])], othersEveryMs: UNSEEN_EVERY_MS } : null;
  }

  #retune(onTold: () => void): void {
    for (const link of this.#links.values()) void link.retune().then((isTold) => isTold && onTold());
  }

  #countJobs(): void {
    const areMany = this.model.endsKnown > MANY_ENDS;
    if (areMany === this.#areMany) return;
    this.#areMany = areMany;
    this.#retune(() => {});
  }

  async ask({ server, call, params }: ChannelArguments<'ask'>): Promise<unknown> {
    const connection = (await this.#linkOf(server)).connection();
    const timeoutMs = LONG_CALLS[call];
    return await connection.call(call, params as never, timeoutMs === undefined ? {} : { timeoutMs });
  }

  async introduce(names: ChannelArguments<'introduce'>): Promise<true> {
    const pair = await this.#pairOf(names);
    return await makeKnown(pair.connect(pair.source.name), pair.connect(pair.target.name), pair);
  }

  async checkJob(planned: ChannelArguments<'checkJob'>): Promise<ChannelResult<'checkJob'>> {
    return await checkJob(planned, await this.#pairOf(planned));
  }

  async createJob(wanted: ChannelArguments<'createJob'>): Promise<ChannelResult<'createJob'>> {
    return await createJob(wanted, await this.#pairOf(wanted));
  }

  async #pairOf(names: { readonly source: string; readonly target: string }): Promise<Pair> {
    const [source, target] = [await this.#linkOf(names.source), await this.#linkOf(names.target)];
    const connectTo = (name: string): Connection => (name === source.server.name ? source : target).connection();
    return { source: source.server, target: target.server, connect: connectTo };
  }

  async #linkOf(name: string): Promise<ServerLink> {
    const { name: exact } = await this.#profile.server(name);
    const link = this.#links.get(exact);
    if (link !== undefined) return link;
    await this.#refresh();
    return this.#links.get(exact) ?? this.#open(await this.#profile.server(exact));
  }

  /** The links become what the profile says. A profile that cannot be read is told of, and changes nothing. */
  async #refresh(): Promise<void> {
    let servers: readonly KnownServer[];
    try {
      servers = await this.#profile.servers();
    } catch (error) {
      this.model.notice(error instanceof Error ? error.message : String(error));
      return;
    }
    for (const [name, link] of this.#links) {
      const now = servers.find((server) => server.name === name);
      if (now !== undefined && isSame(now, link.server)) continue;
      link.stop();
      this.#links.delete(name);
      if (now === undefined) this.model.removeServer(name);
    }
    for (const server of servers) if (!this.#links.has(server.name)) this.#open(server);
    this.#countJobs();
  }

  #open(server: KnownServer): ServerLink {
    const link = new ServerLink(server, {
      open: async (known) => {
        await this.#handshakes.pass();
        return await connect(known, await this.#myself());
      },
      sink: this.#sinkOf(server),
      figures: () => this.#figuresOf(server.name),
      now: Date.now,
      random: Math.random,
    });
    this.#links.set(server.name, link);
    link.run().catch((error: unknown) => this.model.notice(`${server.name}: ${String(error)}`));
    return link;
  }

  /** What a link that was replaced still says is not heard. */
  #sinkOf(server: KnownServer): LinkSink {
    const heard = (): boolean => {
      const link = this.#links.get(server.name);
      return link === undefined || link.server === server;
    };
    return {
      onServer: (view) => void (heard() && this.model.putServer(view)),
      onJobs: (name, statuses) => {
        if (!heard()) return;
        this.model.putJobs(name, statuses);
        this.#countJobs();
      },
      onJob: (name, told) => {
        if (!heard()) return;
        this.model.hear(name, told);
        if (told.changes === null) this.#countJobs();
      },
      onEvents: (name, events) => void (heard() && this.model.addEvents(name, events)),
    };
  }

  /** Asked for again where it could not be had. */
  async #myself(): Promise<ClientIdentity> {
    this.#identity ??= this.#profile.identity();
    try {
      return await this.#identity;
    } catch (error) {
      this.#identity = null;
      throw error;
    }
  }
}

const isSame = (one: KnownServer, other: KnownServer): boolean =>
  one.address === other.address && one.fingerprint === other.fingerprint && one.role === other.role;
