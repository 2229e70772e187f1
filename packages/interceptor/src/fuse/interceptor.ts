/**
 * The fuse driver. In: directories to protect. Out: records from the ring, events, and the engine's Interceptor contract.
 * Promised: what the port says, with holder and fsid living on when this process ends; a directory is mounted over only where
 * nothing could write past the mount, with what is mounted beneath it in its place, and is afterwards as it was.
 */
import type { RawName } from '@understudy/base';
import type {
  Barrier,
  CookieOutcome,
  Exposures,
  Interceptor,
  InterceptorEvent,
  PowerCut,
  ProtectedRoot,
  SourceFiles,
} from '@understudy/engine';
import type { NodeIndex } from '@understudy/filesystem';
import { Tripwire } from '../tripwire/index.ts';
import { CookieWriter } from './audit.ts';
import { FuseCallHold } from './call-hold.ts';
import { event, logBroken, serverEvent } from './events.ts';
import type { Greeting, HolderClient } from './holder-client.ts';
import type { LostRing } from './lost-ring.ts';
import { MountWatch, strangersBeneath, uncoveredSentence, type Wanted } from './nested.ts';
import type { NodeIndexReader } from './node-index.ts';
import type { ParkedNames } from './parked-names.ts';
import { Protection } from './protection.ts';
import { Reader } from './reader.ts';
import { Release, type Surroundings } from './release.ts';
import type { RingReader } from './ring-reader.ts';
import { Roots } from './roots.ts';
import type { RootsFile } from './roots-file.ts';
import { FuseWriteGate } from './write-gate.ts';

/** `index`: numbers that the server gave to handles which are longer than a number. */
export type FilesOf = (rootFd: number, path: RawName, index: NodeIndex) => SourceFiles;

export interface FuseParts {
  readonly binary: string;
  readonly directory: string;
  readonly homes: readonly RawName[];
  readonly client: HolderClient;
  readonly greeting: Greeting;
  readonly ring: RingReader;
  readonly index: NodeIndexReader;
  readonly rootsFile: RootsFile;
  readonly filesOf: FilesOf;
  readonly lostRing: LostRing;
  readonly parkedNames: ParkedNames;
}

const MOUNTS_EVERY_MS = 1000;

export class FuseInterceptor implements Interceptor {
  readonly driver = 'fuse';
  readonly promises = { order: true, everyCall: true, mappedWrites: true, hold: true, survivesCrash: true };
  readonly hold: FuseCallHold;
  readonly gate: FuseWriteGate;
  readonly #parts: FuseParts;
  readonly #roots: Roots;
  readonly #release: Release;
  readonly #protection: Protection;
  readonly #mountWatch: MountWatch;
  /** Mounts of others beneath ours that were told of. */
  readonly #strangers = new Set<number>();
  readonly #reader: Reader;
  readonly #eventListeners: ((event: InterceptorEvent) => void)[] = [];
  /** What happened before anybody listened. */
  #early: InterceptorEvent[] = [];
  readonly #tripwire: Tripwire;
  readonly #cookies: CookieWriter;
  #ownPids: readonly number[];
  /** One protect or release at a time: each looks at the mounts and then changes them. */
  #turn: Promise<unknown> = Promise.resolve();
  #logIsBroken = false;
  #closed = false;

  constructor(parts: FuseParts, early: readonly InterceptorEvent[]) {
    this.#parts = parts;
    this.#early = [...early];
    this.hold = new FuseCallHold(parts.greeting, (id) => {
      const root = this.#roots.get(id);
      if (root !== undefined) parts.parkedNames.mayLeave(root.path);
    });
    this.gate = new FuseWriteGate(parts.greeting);
    this.#ownPids = [parts.greeting.holderPid, parts.greeting.serverPid];
    this.#tripwire = new Tripwire({
      ask: (command) => parts.client.ask(command),
      root: (id) => this.#roots.get(id) ?? null,
      tell: (one) => this.#tell(one),
    });
    this.#cookies = new CookieWriter(parts);
    this.#roots = new Roots(parts, {
      adopted: (root) => (root.released ? undefined : this.#tripwire.watch(root)),
      removed: (id) => {
        this.#tripwire.forget(id);
        this.#cookies.forget(id);
      },
    });
    const around: Surroundings = {
      parts,
      roots: this.#roots,
      ownPids: () => [...this.#ownPids, this.#cookies.pid ?? 0],
      cookies: this.#cookies,
      tell: (one) => this.#tell(one),
      inTurn: (work) => this.#inTurn(work),
    };
    this.#release = new Release(around);
    this.#protection = new Protection(around, this.#release);
    for (const held of parts.greeting.roots) this.#roots.adopt(held, parts.greeting.holderPid, !held.recording);
    this.#reader = new Reader(parts.ring, (event) => this.#tell(event));
    parts.client.listen({
      said: (line) => this.#said(line),
      replaced: (greeting) => this.#replaced(greeting),
      lost: () =>
        this.#tell(event('failed', 'error', null, 'the interceptor’s processes are gone; start the agent again')),
    });
    for (const root of this.#roots.all()) if (root.released) this.#release.retry(root);
    this.#mountWatch = new MountWatch(() => this.#mountsChanged(), MOUNTS_EVERY_MS);
  }

  protect(directory: RawName, wanted: Wanted = () => true, forCover = false): Promise<ProtectedRoot> {
    return this.#inTurn(async () => {
      const root = await this.#protection.protect(directory, wanted, forCover);
      // What was written before goes to the disk: from then on the activity log speaks for it.
      for (const { id } of [root, ...(root.nested ?? [])]) this.settle(id, 0);
      this.#askForLog();
      return root;
    });
  }

  release(id: number): Promise<{ unmounted: boolean; users: readonly string[] }> {
    return this.#inTurn(() => this.#release.release(id));
  }

  usersOf(id: number): readonly string[] {
    return this.#release.usersOf(id);
  }

  exposures(id: number): Exposures {
    return this.#tripwire.exposures(id);
  }

  roots(): readonly ProtectedRoot[] {
    return this.#roots.active();
  }

  leaving(): readonly ProtectedRoot[] {
    return this.#roots.leaving();
  }

  drain(take: (records: Uint8Array) => void): number {
    return this.#reader.drain(take);
  }

  keepDrained(): void {
    this.#reader.keepDrained();
  }

  free(through: number): void {
    this.#reader.free(through);
  }

  get identity(): string {
    return this.#reader.identity;
  }

  onReadable(listener: () => void): void {
    this.#reader.listen(listener);
  }

  barrier(): Barrier {
    return this.#parts.ring.barrier();
  }

  passed(barrier: Barrier): boolean {
    return this.#parts.ring.passed(barrier);
  }

  async cookie(id: number, number: number): Promise<CookieOutcome> {
    const root = this.#roots.get(id);
    if (root === undefined || root.released)
      return { written: false, errno: 'ENOENT', what: 'it is not protected any more' };
    return this.#cookies.write(id, root.path, number);
  }

  get powerCut(): PowerCut | null {
    return this.#parts.lostRing.powerCut;
  }

  settle(id: number, through: number, now = false): void {
    if (this.#closed) return;
    // Said again with the next; a server that is about to be started anew knows nothing yet that could be cleared.
    void this.#parts.client.ask(`settle ${id} ${through}${now ? ' now' : ''}`).catch(() => '');
  }

  /** Regions that are active, and what was marked and cleared since the ring began. */
  async activity(): Promise<{ broken: number; used: number; marked: number; cleared: number; writes: number }> {
    const numbers = (await this.#parts.client.ask('activity')).split(' ').slice(1).map(Number);
    const [broken = 0, used = 0, marked = 0, cleared = 0, writes = 0] = numbers;
    return { broken, used, marked, cleared, writes };
  }

  onEvent(listener: (event: InterceptorEvent) => void): void {
    this.#eventListeners.push(listener);
    for (const each of this.#early.splice(0)) listener(each);
  }

  status(): {
    ringBytes: number;
    ringUsed: number;
    restarts: number;
    dirtyNotes: number;
    indexedNodes: number;
    tripwireOff: string | null;
  } {
    const { used, restarts, dirtyTotal } = this.#parts.ring.status();
    const indexedNodes = this.#parts.index.size();
    const tripwireOff = this.#tripwire.off();
    const ringBytes = this.#parts.ring.size;
    return { ringBytes, ringUsed: used, restarts, dirtyNotes: dirtyTotal, indexedNodes, tripwireOff };
  }

  /** The processes that serve the mounts at this moment; they outlive this one. */
  async servers(): Promise<{ readonly holder: number; readonly server: number }> {
    const { holderPid, serverPid } = await this.#parts.client.greeting();
    return { holder: holderPid, server: serverPid };
  }

  async close(keep: boolean): Promise<void> {
    if (this.#closed) return;
    if (!keep) for (const { id } of this.#roots.all().reverse()) await this.release(id);
    this.#closed = true;
    await this.#turn;
    this.#release.close();
    this.#cookies.close();
    this.#mountWatch.close();
    // What is still in use stays as pass-through, and with it the processes that serve it.
    if (!keep && this.#roots.size === 0) await this.#parts.client.ask('end').catch(() => '');
    this.#reader.close();
    this.hold.close();
    this.gate.close();
    this.#parts.client.close();
    this.#tripwire.close();
    this.#roots.forgetAll();
    this.#parts.ring.close();
    this.#parts.index.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the interceptor is closed'));
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #said(line: string): void {
    const [word, id, recording] = line.split(' ');
    if (this.#tripwire.said(line)) return;
    if (word === 'bell') this.#reader.wake();
    else if (word === 'gone') this.#release.wentAway(Number(id), recording === '1');
    else if (word === 'activity') this.#logBroken(Number(recording));
    else if (word === 'crashed' || word === 'suspended' || word === 'resumed') this.#tell(serverEvent(word));
  }

  /** A server says that its log is broken when it starts, and this process may have come to listen later. */
  #askForLog(): void {
    this.activity().then(
      ({ broken }) => {
        if (broken !== 0) this.#logBroken(broken);
      },
      () => {},
    );
  }

  /** Each server that is started says it again. */
  #logBroken(errno: number): void {
    if (!this.#logIsBroken) this.#tell(logBroken(errno));
    this.#logIsBroken = true;
  }

  #replaced(greeting: Greeting): void {
    this.#ownPids = [greeting.holderPid, greeting.serverPid];
    const held = new Set(greeting.roots.map((root) => root.id));
    for (const { id } of this.#roots.all()) if (!held.has(id)) this.#release.wentAway(id, true);
    this.#tell(
      event('taken-over', 'warning', null, 'the holder died and fsid started another; no application saw an error'),
    );
    this.#reader.wake();
  }

  /** Somebody mounts something beneath a protected directory: nothing that happens there is seen. */
  #mountsChanged(): void {
    this.#roots.mountsChanged();
    for (const root of this.#roots.active())
      for (const { mount, twin } of strangersBeneath(root.path)) {
        if (twin !== null || this.#strangers.has(mount.id)) continue;
        this.#strangers.add(mount.id);
        const then = 'until the job is stopped and started again';
        this.#tell(event('exposed', 'warning', root.id, `${uncoveredSentence(mount)}, ${then}`));
      }
  }

  #tell(one: InterceptorEvent): void {
    if (this.#eventListeners.length === 0) this.#early.push(one);
    for (const listener of this.#eventListeners) listener(one);
  }
}
