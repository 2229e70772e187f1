/**
 * A job on the source as the agent runs it: what of it is over restarts, its positions, its turns.
 * In: the process that it lives in, turns. Out: packets. Checked here: a position never stands for two different records; queue and window
 * stay within their limits.
 */
import { createHash } from 'node:crypto';
import { must, type RawName, rawFromText } from '@understudy/base';
import {
  type CookieWatch,
  DEFAULT_MIRROR_OPTIONS,
  filesBeneath,
  type LoggedPacket,
  type OrphanChoice,
  type PowerCutOfJob,
  type ProtectedRoot,
  QueueStoreError,
  type Scope,
  type SourceFiles,
  SourceJob,
  stateOf,
} from '@understudy/engine';
import { MemoryQueueStore } from '@understudy/engine/testing';
import type { MemoryFileSystem, MemoryInterceptor } from '@understudy/interceptor/memory';
import { decodeRecord, type Hello, position, recordVerb, Verb } from '@understudy/wire';
import { AUDIT, watchCookies } from './cookies.ts';
import { Digests } from './digests.ts';
import { KeptState } from './kept-state.ts';
import { randomUUIDOf, type SeededRandom } from './random.ts';
import type { RingJob, SourceHost } from './source-host.ts';

/** Of what is sent and not received. */
const WINDOW = { bytes: 64 * 1024, packets: 16 };

export interface SourceRoot {
  readonly path: string;
  /** The interceptor's root: the same, or a wider one. */
  readonly served: string;
}

export interface SourceAgentOptions {
  readonly host: SourceHost;
  readonly random: SeededRandom;
  readonly fs: MemoryFileSystem;
  readonly tick: () => number;
  readonly nowMs: () => number;
  readonly memoryBytes: number;
  /** Of the queue's store. */
  readonly storeBytes?: number;
  readonly roots: readonly SourceRoot[];
  /** As they are written down now; another version with every edit. */
  readonly rules: { version(): number; scopeOf(index: number): Scope };
  /** What becomes of names that the source does not have, where no mirror says otherwise. */
  readonly orphans: OrphanChoice;
  /** Cookies go round. */
  readonly audit?: boolean;
  /** Limits for the target's brake. */
  readonly brake?: Hello['brake'];
  readonly digests?: Digests | undefined;
  /** A mutation for the checkers: what the job reads of the source is not what is there. */
  readonly wrapFiles?: (files: SourceFiles) => SourceFiles;
}

export class SourceAgent implements RingJob {
  readonly events: string[] = [];
  readonly failures: string[] = [];
  /** A person has started the job, having seen what lies on the target. */
  commanded = false;
  /** Grows at every takeover. */
  epoch = 1;
  readonly #options: SourceAgentOptions;
  readonly #sent = new Map<number, string>();
  #roots: readonly ProtectedRoot[] = [];
  #job: SourceJob | null = null;
  #streamId = '';
  #cookies: CookieWatch | null = null;
  #tickedAtMs = 0;
  /** The queue's folder, beside the store. */
  readonly #kept: KeptState;
  #powerCut: PowerCutOfJob | null = null;
  readonly #store: MemoryQueueStore;
  readonly #digests: Digests;
  #next = position(1);

  constructor(options: SourceAgentOptions) {
    this.#options = options;
    const { host } = options;
    this.#digests = options.digests ?? new Digests();
    this.#store = new MemoryQueueStore(options.storeBytes ?? 1 << 26);
    this.#store.beforeWrite = () => host.effect();
    this.#kept = new KeptState(options.random, () => host.effect());
    host.attach(this);
  }

  get host(): SourceHost {
    return this.#options.host;
  }

  get interceptor(): MemoryInterceptor {
    return this.host.interceptor;
  }

  get activity() {
    return this.host.activity;
  }

  get job(): SourceJob {
    if (this.#job === null) throw new Error('the source is down');
    return this.#job;
  }

  get roots(): readonly ProtectedRoot[] {
    return this.#roots;
  }

  state(): string {
    const outside = { started: true, halt: null, linkReason: null, ordered: true, orderedWhy: '' };
    return stateOf(this.job.facts(outside)).state;
  }

  async start(): Promise<void> {
    const { random, tick, memoryBytes, roots, rules } = this.#options;
    this.#roots = await Promise.all(roots.map((root) => this.#protect(root)));
    if (!this.#kept.beginsWith(rules.version())) this.#store.clear();
    if (this.#kept.left === null) {
      this.#streamId = randomUUIDOf(random);
      this.#kept.forget();
    }
    const wrap = this.#options.wrapFiles ?? ((files: SourceFiles) => files);
    this.#cookies = this.#options.audit === true ? watchCookies(this) : null;
    this.#job = this.#make(
      () =>
        new SourceJob({
          world: {
            digest: this.#digests,
            wallMs: tick,
            barrier: () => this.interceptor.barrier(),
            passed: (barrier) => this.interceptor.passed(barrier),
            event: (event) => this.events.push(`${event.code}: ${event.sentence}`),
            lettingGo: () => this.#kept.lettingGo(this.job),
          },
          next: this.#next,
          limits: { memoryBytes },
          window: WINDOW,
          roots: this.#roots.map((root, index) => ({
            path: root.path,
            files: wrap(root.files),
            scope: this.#options.rules.scopeOf(index),
          })),
          store: this.#store,
          ...(this.#cookies === null ? {} : { audit: AUDIT }),
          mirrorMemory: this.#kept.mirror,
          mirror: { ...DEFAULT_MIRROR_OPTIONS, orphans: this.#options.orphans },
          ...this.#goesOn(),
        }),
    );
    this.#powerCut = null;
    this.#kept.begin(this.job);
    for (const { id } of this.#roots) this.#cookies?.begin(id);
  }

  #goesOn(): Pick<ConstructorParameters<typeof SourceJob>[0], 'goesOn'> {
    const { left, notes } = this.#kept;
    if (left === null) return {};
    return { goesOn: { ...left, notes, ...(this.#powerCut === null ? {} : { powerCut: this.#powerCut }) } };
  }

  /** It is not certain that the interceptor sees everything, and the job knows. */
  get inDoubt(): boolean {
    return this.#job?.audit?.inDoubt === true;
  }

  #cookie(records: Uint8Array, at: number, index: number): void {
    const { root, extent, timeMs } = decodeRecord(records, at);
    if (this.#cookies?.came(root, extent) === true) this.job.audit?.cookie(index, timeMs);
  }

  /** As the agent does it: a store that cannot be read is emptied, and everything is compared. */
  #make(make: () => SourceJob): SourceJob {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof QueueStoreError) || this.#kept.left === null) throw error;
      this.#store.clear();
      this.#kept.doubt();
      return make();
    }
  }

  get store(): MemoryQueueStore {
    return this.#store;
  }

  async #protect({ path, served }: SourceRoot): Promise<ProtectedRoot> {
    const root = await this.interceptor.protect(rawFromText(served));
    if (path === served) return root;
    const node = must(this.#options.fs.resolve(rawFromText(path)), `${path} is there`);
    return { id: root.id, path: rawFromText(path), files: filesBeneath(root.files, node) };
  }

  /** What was intercepted before belongs to the old ones. */
  changeRules(): void {
    const { rules } = this.#options;
    this.drain();
    this.job.changeRules(this.#roots.map((_, index) => rules.scopeOf(index)));
    this.#kept.belongsTo(rules.version());
  }

  /** What was queued in memory is gone, until `start`; the interceptor goes on recording. `folder`: what was kept stays. */
  end(folder = true): void {
    // As the agent does it: numbering goes on behind the reserved block, unless the target says what it has.
    this.#next = position(Math.max(this.#next, this.job.path.next) + 1000);
    this.#job = null;
    this.host.live();
    if (!folder) {
      this.#kept.forget();
      this.#store.clear();
    }
    this.#forgetSent();
  }

  #forgetSent(): void {
    const received = this.#kept.left?.received ?? 0;
    for (const from of this.#sent.keys()) if (from > received) this.#sent.delete(from);
  }

  /** What may be compared no longer: all of it is received, and known to be; the file system is synced by the caller. */
  settle(): number | null {
    return this.#kept.settledThrough(this.job, this.activity.newest);
  }

  /** The machine loses power: of what the agent kept only what was written durably is left. */
  async losePower(): Promise<void> {
    this.#next = position(Math.max(this.#next, this.job.path.next) + 1000);
    this.#job = null;
    this.#store.clear();
    for (const { id } of this.#roots) await this.interceptor.release(id);
    // Nothing has been written since the boot: only what the log says is looked at.
    const bootedAtMs = this.#options.nowMs() + 1e6;
    this.#powerCut = { regions: this.#roots.map(({ id }) => this.activity.regionsOf(id)), bootedAtMs };
    this.#kept.losePower();
    this.#forgetSent();
  }

  take(records: Uint8Array, at: number, length: number, id: number): void {
    const index = this.#roots.findIndex((root) => root.id === id);
    if (index < 0) return;
    if (recordVerb(records, at) === Verb.cookie) this.#cookie(records, at, index);
    else this.job.intercepted(records, at, length, index);
  }

  drain(): void {
    this.host.drain();
  }

  /** A turn of the pump: drains, steps, hands out what may leave. */
  turn(send: (packet: LoggedPacket) => void): void {
    const drainedAt = this.#options.nowMs();
    this.drain();
    const { job } = this;
    if (drainedAt - this.#tickedAtMs >= AUDIT.intervalMs) {
      this.#tickedAtMs = drainedAt;
      this.#cookies?.tick(drainedAt);
    }
    job.passed(drainedAt);
    job.pump();
    for (let packet = job.nextPacket(); packet !== undefined; packet = job.nextPacket()) {
      this.host.effect();
      this.#watchPositions(packet);
      send({ ...packet, bytes: packet.bytes.slice() });
    }
    job.observeTime(drainedAt);
    this.#letGo();
    this.#watchMemory();
  }

  /** What the ring holds is let go of as the agent does it: not before the folder has what the next process must know. */
  #letGo(): void {
    const { job, host } = this;
    this.#kept.keep(job);
    if (this.#kept.isKept(job) && host.needsRoom) {
      job.path.keepAll();
      this.#kept.keep(job);
    }
    if (this.#kept.isKept(job)) host.letGo(this, this.#kept.mayLetGo(job));
  }

  makeRoom(): number | null {
    const { job } = this;
    job.path.keepAll();
    this.#kept.keep(job);
    return this.#kept.isKept(job) ? this.#kept.mayLetGo(job) : null;
  }

  hello(): Hello {
    const { path } = this.job;
    return {
      version: 'simulated',
      jobId: '00000000-0000-4000-8000-000000000001',
      jobName: 'simulated',
      streamId: this.#streamId,
      epoch: this.epoch,
      oldest: path.oldest,
      next: path.next,
      applied: this.#kept.isKept(this.job) ? path.heard : position(0),
      fresh: path.awaiting,
      intent: 'replicate',
      machine: 'simulated',
      digests: this.#digests.names,
      ...(this.#options.brake === undefined ? {} : { brake: this.#options.brake }),
      ...(this.commanded ? { commanded: true } : {}),
      replicaBase: null,
      roots: this.#roots.map((root) => ({ path: base64(root.path), node: root.files.rootNode })),
    };
  }

  /** Positions are never reused: what a position was said to be once, it is for ever. */
  #watchPositions(packet: LoggedPacket): void {
    const what = `${packet.to} ${createHash('sha1').update(packet.bytes).digest('base64')}`;
    const before = this.#sent.get(packet.from);
    if (before !== undefined && before !== what) this.failures.push(`position ${packet.from} was used twice`);
    this.#sent.set(packet.from, what);
  }

  #watchMemory(): void {
    const { memoryBytes } = this.#options;
    const { memoryBytes: bytes } = this.job.path.srm.queue;
    if (bytes > memoryBytes + (1 << 19)) this.failures.push(`the queue holds ${bytes} bytes of ${memoryBytes}`);
    this.#watchWindow();
  }

  /** The newest packet may reach beyond the bytes, and went before they were full. */
  #watchWindow(): void {
    const flight = [...this.job.path.scm.inFlight()];
    const before = flight.slice(0, -1).reduce((sum, packet) => sum + packet.bytes.length, 0);
    if (flight.length > WINDOW.packets || before >= WINDOW.bytes)
      this.failures.push(`the window holds ${flight.length} packets, and ${before} bytes before the newest`);
  }
}

const base64 = (path: RawName): string => Buffer.from(path, 'latin1').toString('base64');
