/**
 * The fuse driver. In: directories to protect. Out: records from the ring, events, and the engine's Interceptor contract.
 * Promised: what the port says, with holder and fsid living on when this process ends; a directory is mounted over only where
 * nothing could write past the mount, and is afterwards as it was.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { printable, type RawName } from '@understudy/base';
import {
  type Barrier,
  type Interceptor,
  type InterceptorEvent,
  InterceptorRefusal,
  type ProtectedRoot,
  type SourceFiles,
} from '@understudy/engine';
import { event, refusalOf, serverEvent } from './events.ts';
import type { Greeting, HeldRoot, HolderClient } from './holder-client.ts';
import { FUSE_TYPE, mountHolding, mountsOf } from './mounts.ts';
import { hexOf, runNative } from './native.ts';
import { Reader } from './reader.ts';
import type { RingReader } from './ring-reader.ts';
import type { RootsFile } from './roots-file.ts';
import { describeUser, usersOf } from './users.ts';
import {
  demandDirectory,
  demandNoOtherWay,
  demandNoOverlap,
  demandNoUsers,
  demandOneMount,
  demandPrivilege,
  type Place,
} from './validate.ts';

export type FilesOf = (rootFd: number, path: RawName) => SourceFiles;

export interface FuseParts {
  readonly binary: string;
  readonly directory: string;
  readonly homes: readonly RawName[];
  readonly client: HolderClient;
  readonly greeting: Greeting;
  readonly ring: RingReader;
  readonly rootsFile: RootsFile;
  readonly filesOf: FilesOf;
}

interface Root extends ProtectedRoot {
  readonly rootFd: number;
  /** Silenced, and waiting for its users to go. */
  released: boolean;
}

const BUSY = 16;
const RETRY_UNMOUNT_MS = 1000;

export class FuseInterceptor implements Interceptor {
  readonly driver = 'fuse';
  /** `hold` comes with the synchronous mode. */
  readonly promises = { order: true, everyCall: true, mappedWrites: true, hold: false, survivesCrash: true };
  readonly #parts: FuseParts;
  readonly #roots = new Map<number, Root>();
  readonly #reader: Reader;
  readonly #eventListeners: ((event: InterceptorEvent) => void)[] = [];
  /** What happened before anybody listened. */
  #early: InterceptorEvent[] = [];
  readonly #gone = new Map<number, () => void>();
  readonly #retries = new Map<number, NodeJS.Timeout>();
  #ownPids: readonly number[];
  /** One protect or release at a time: each looks at the mounts and then changes them. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: FuseParts, early: readonly InterceptorEvent[]) {
    this.#parts = parts;
    this.#early = [...early];
    this.#ownPids = [parts.greeting.holderPid, parts.greeting.serverPid];
    for (const held of parts.greeting.roots) this.#adopt(held, parts.greeting.holderPid, !held.recording);
    this.#reader = new Reader(parts.ring, (event) => this.#tell(event));
    parts.client.listen({
      said: (line) => this.#said(line),
      replaced: (greeting) => this.#replaced(greeting),
      lost: () =>
        this.#tell(event('failed', 'error', null, 'the interceptor’s processes are gone; start the agent again')),
    });
    for (const root of this.#roots.values()) if (root.released) this.#retryUnmount(root);
  }

  protect(directory: RawName): Promise<ProtectedRoot> {
    return this.#inTurn(() => this.#protect(directory));
  }

  release(id: number): Promise<{ unmounted: boolean; users: readonly string[] }> {
    return this.#inTurn(() => this.#release(id));
  }

  roots(): readonly ProtectedRoot[] {
    return [...this.#roots.values()].filter((root) => !root.released);
  }

  drain(take: (records: Uint8Array) => void): number {
    return this.#reader.drain(take);
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

  onEvent(listener: (event: InterceptorEvent) => void): void {
    this.#eventListeners.push(listener);
    for (const each of this.#early.splice(0)) listener(each);
  }

  status(): { ringBytes: number; ringUsed: number; restarts: number; dirtyNotes: number } {
    const { used, restarts, dirtyTotal } = this.#parts.ring.status();
    return { ringBytes: this.#parts.ring.size, ringUsed: used, restarts, dirtyNotes: dirtyTotal };
  }

  /** The processes that serve the mounts at this moment; they outlive this one. */
  async servers(): Promise<{ readonly holder: number; readonly server: number }> {
    const { holderPid, serverPid } = await this.#parts.client.greeting();
    return { holder: holderPid, server: serverPid };
  }

  async close(keep: boolean): Promise<void> {
    if (this.#closed) return;
    if (!keep) for (const root of this.#roots.values()) await this.#inTurn(() => this.#release(root.id));
    this.#closed = true;
    await this.#turn;
    for (const timer of this.#retries.values()) clearTimeout(timer);
    // What is still in use stays as pass-through, and with it the processes that serve it.
    if (!keep && this.#roots.size === 0) await this.#parts.client.ask('end').catch(() => '');
    this.#reader.close();
    this.#parts.client.close();
    for (const root of this.#roots.values()) this.#forget(root);
    this.#parts.ring.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the interceptor is closed'));
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #protect(directory: RawName): Promise<ProtectedRoot> {
    demandPrivilege();
    const path = demandDirectory(directory, this.#parts.homes);
    const same = [...this.#roots.values()].find((root) => root.path === path);
    if (same !== undefined && !same.released) return same;
    if (same !== undefined) return this.#resume(same);
    demandNoOverlap(
      path,
      [...this.#roots.values()].map((root) => root.path),
    );
    const place = demandOneMount(path);
    demandNoUsers(place, this.#ownPids);
    const id = this.#parts.rootsFile.nextId(this.#roots.keys());
    this.#parts.rootsFile.add(id, path);
    const root = await this.#mount(id, place);
    try {
      demandNoOtherWay(place);
      demandNoUsers(place, this.#ownPids);
    } catch (error) {
      // Someone slipped in between the first look and the mount.
      await this.#release(id);
      throw error;
    }
    return root;
  }

  /** Released, but its users never went: it is mounted still, so records may simply begin again. */
  async #resume(root: Root): Promise<ProtectedRoot> {
    const answer = await this.#parts.client.ask(`record ${root.id}`);
    if (answer !== 'ok') throw new InterceptorRefusal('failed', `${printable(root.path)}: ${answer}`);
    clearTimeout(this.#retries.get(root.id));
    this.#retries.delete(root.id);
    root.released = false;
    return root;
  }

  async #mount(id: number, place: Place): Promise<Root> {
    const { binary, directory, rootsFile } = this.#parts;
    const ran = await runNative(binary, ['mount', directory, String(id), hexOf(place.path)]);
    if (ran.code !== 0 || !ran.output.startsWith('ok ')) {
      rootsFile.remove(id);
      throw refusalOf(ran.output, place.path);
    }
    const greeting = await this.#parts.client.greeting();
    const held = greeting.roots.find((each) => each.id === id);
    if (held === undefined)
      throw new InterceptorRefusal(
        'failed',
        `${printable(place.path)} was unmounted while it was being protected; try again`,
      );
    return this.#adopt(held, greeting.holderPid, false);
  }

  /** The files beneath our mount, through the holder's private view: the public path would lead through ourselves. */
  #adopt(held: HeldRoot, holderPid: number, released: boolean): Root {
    const view = `/proc/${holderPid}/fd/${held.treeFd}/.`;
    const rootFd = openSync(view, constants.O_RDONLY | constants.O_DIRECTORY);
    const files = this.#parts.filesOf(rootFd, held.path);
    const root: Root = { id: held.id, path: held.path, files, rootFd, released };
    this.#roots.set(root.id, root);
    return root;
  }

  async #release(id: number): Promise<{ unmounted: boolean; users: readonly string[] }> {
    const root = this.#roots.get(id);
    if (root === undefined) return { unmounted: true, users: [] };
    if (!root.released) await this.#parts.client.ask(`silence ${id}`);
    root.released = true;
    if (await this.#unmount(root)) return { unmounted: true, users: [] };
    this.#retryUnmount(root);
    return { unmounted: false, users: this.#usersOf(root) };
  }

  /** True where it is off and the holder has let go of it. */
  async #unmount(root: Root): Promise<boolean> {
    const gone = new Promise<void>((resolve) => this.#gone.set(root.id, resolve));
    const ran = await runNative(this.#parts.binary, ['unmount', hexOf(root.path)]);
    if (ran.code === BUSY) return false;
    // Anything else than done: it is not mounted any more, and the kernel tells the server so as well.
    const late = new Promise<void>((resolve) => setTimeout(resolve, 2000).unref());
    await Promise.race([gone, late]);
    await this.#parts.client.ask(`drop ${root.id}`);
    this.#remove(root);
    return true;
  }

  #retryUnmount(root: Root): void {
    const timer = setTimeout(() => {
      this.#inTurn(async () => {
        if (!root.released || !this.#roots.has(root.id)) return;
        if (!(await this.#unmount(root))) return this.#retryUnmount(root);
        this.#tell(
          event('unmounted', 'information', root.id, `${printable(root.path)} is unmounted: its last user has gone`),
        );
      }).catch(() => {});
    }, RETRY_UNMOUNT_MS);
    timer.unref();
    this.#retries.set(root.id, timer);
  }

  #usersOf(root: Root): string[] {
    const mount = mountHolding(mountsOf('self'), root.path);
    if (mount === null || mount.type !== FUSE_TYPE) return [];
    const users = usersOf({ device: mount.device, inner: '/', readers: true, except: this.#ownPids });
    return [...new Set(users.map(describeUser))];
  }

  #remove(root: Root): void {
    if (!this.#roots.delete(root.id)) return;
    this.#retries.delete(root.id);
    this.#parts.rootsFile.remove(root.id);
    this.#forget(root);
  }

  #forget(root: Root): void {
    root.files.close();
    closeSync(root.rootFd);
  }

  #said(line: string): void {
    const [word, id, recording] = line.split(' ');
    if (word === 'bell') this.#reader.wake();
    else if (word === 'gone') this.#wentAway(Number(id), recording === '1');
    else if (word === 'crashed' || word === 'suspended' || word === 'resumed') this.#tell(serverEvent(word));
  }

  #wentAway(id: number, recording: boolean): void {
    this.#gone.get(id)?.();
    this.#gone.delete(id);
    const root = this.#roots.get(id);
    if (root === undefined || !recording || root.released) return;
    this.#tell(
      event(
        'unmounted',
        'error',
        id,
        `${printable(root.path)} was unmounted by someone else and is not protected any more`,
      ),
    );
    this.#remove(root);
  }

  #replaced(greeting: Greeting): void {
    this.#ownPids = [greeting.holderPid, greeting.serverPid];
    const held = new Set(greeting.roots.map((root) => root.id));
    for (const id of this.#roots.keys()) if (!held.has(id)) this.#wentAway(id, true);
    this.#tell(
      event('taken-over', 'warning', null, 'the holder died and fsid started another; no application saw an error'),
    );
    this.#reader.wake();
  }

  #tell(one: InterceptorEvent): void {
    if (this.#eventListeners.length === 0) this.#early.push(one);
    for (const listener of this.#eventListeners) listener(one);
  }
}
