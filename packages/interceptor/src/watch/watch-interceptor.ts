/**
 * The `watch` driver, for where fuse cannot run: near-continuous, not write-ordered.
 * In: directories on any local file system that gives file handles. Out: records of what scans found.
 * Promised: what stands still for one scan arrives; every period (60 s) and after every lost notice everything is looked at. Not
 * promised: order, states in between, stores through mappings at once, anything while the agent is down.
 */
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { brand, printable, type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import {
  type Barrier,
  type Interceptor,
  type InterceptorEvent,
  InterceptorRefusal,
  type ProtectedRoot,
  type SourceFiles,
} from '@understudy/engine';
import { type NodeId, type OperationRecord, recordLength } from '@understudy/wire';
import { RecordRing } from '../memory/record-ring.ts';
import { ContentDiffer } from './content-differ.ts';
import { type Notices, openNotices } from './notices.ts';
import { TreeScanner } from './tree-scanner.ts';
import { RootGone, WatchedRoot } from './watched-root.ts';

export interface WatchOptions {
  readonly openFiles: (directory: RawName) => SourceFiles;
  /** A full look this often; default 60 s. */
  readonly periodMs?: number;
  /** Notices are gathered for so long; default 200 ms. */
  readonly gatherMs?: number;
  /** Bytes; default 16 MiB. Scans wait while it is full. */
  readonly ringBytes?: number;
  /** Default 20,000. */
  readonly maxDirectories?: number;
}

const RETRY_MS = 5000;

/** What the job's status says of it. */
export const WATCH_SENTENCE =
  'changes are found by notices and scans: the replica follows near-continuously, not in the order of the writes';

interface Held {
  readonly watched: WatchedRoot;
  readonly scanner: TreeScanner;
  readonly notices: Notices;
  readonly timer: NodeJS.Timeout;
}

export class WatchInterceptor implements Interceptor {
  readonly driver = 'watch';
  readonly promises = { order: false, everyCall: false, mappedWrites: false, hold: false, survivesCrash: false };
  readonly identity = `watch/${randomUUID()}`;
  readonly #options: WatchOptions;
  readonly #ring: RecordRing;
  readonly #held = new Map<number, Held>();
  readonly #readable: (() => void)[] = [];
  readonly #events: ((event: InterceptorEvent) => void)[] = [];
  #room: (() => void)[] = [];
  #woken = false;
  #nextId = 1;
  #gather: NodeJS.Timeout | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#ring = new RecordRing(options.ringBytes ?? 16 << 20);
  }

  async protect(directory: RawName): Promise<ProtectedRoot> {
    const path = realDirectory(directory);
    for (const { watched } of this.#held.values()) {
      const other = watched.root.path;
      if (other === path) return watched.root;
      if (`${path}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${path}/`))
        throw new InterceptorRefusal(
          'overlaps',
          `${printable(path)} overlaps ${printable(other)}, which is protected already; release that one first`,
        );
    }
    const root: ProtectedRoot = { id: this.#nextId++, path, files: this.#open(path) };
    const scanner = this.#scannerOf(root);
    for (const _ of scanner.baseline()) await breathe();
    this.#hold(root, scanner);
    return root;
  }

  async release(id: number): Promise<{ readonly unmounted: boolean; readonly users: readonly string[] }> {
    const held = this.#held.get(id);
    if (held !== undefined) {
      this.#held.delete(id);
      clearInterval(held.timer);
      const released = held.watched.release();
      this.#makeRoom();
      await Promise.all([released, held.notices.close()]);
      this.#ring.forget(id);
      held.watched.root.files.close();
    }
    return { unmounted: true, users: [] };
  }

  roots(): readonly ProtectedRoot[] {
    return [...this.#held.values()].map(({ watched }) => watched.root);
  }

  drain(take: (records: Uint8Array) => void): number {
    const count = this.#ring.drain(Date.now(), take);
    this.#makeRoom();
    return count;
  }

  onReadable(listener: () => void): void {
    this.#readable.push(listener);
    if (!this.#ring.empty) this.#wake();
  }

  /** What it has found ends with the process. */
  keepDrained(): void {}

  free(): void {}

  /** Asks every protected directory for a full scan that begins now; `passed` once each is complete. */
  barrier(): Barrier {
    const demands = [...this.#held].map(([id, { watched }]) => `${id}:${watched.demand()}`);
    return brand<Barrier>(demands.join(' '));
  }

  passed(barrier: Barrier): boolean {
    return barrier.split(' ').every((demand) => {
      const [id, number] = demand.split(':').map(Number);
      const held = id === undefined ? undefined : this.#held.get(id);
      return held === undefined || held.watched.completed >= (number ?? 0);
    });
  }

  onEvent(listener: (event: InterceptorEvent) => void): void {
    this.#events.push(listener);
  }

  status() {
    const { limit, used, dirtyNotes } = this.#ring;
    return { ringBytes: limit, ringUsed: used, restarts: 0, dirtyNotes };
  }

  async close(_keep: boolean): Promise<void> {
    for (const id of [...this.#held.keys()]) await this.release(id);
    if (this.#gather !== null) clearTimeout(this.#gather);
  }

  #open(path: RawName): SourceFiles {
    try {
      return this.#options.openFiles(path);
    } catch (error) {
      throw new InterceptorRefusal(
        'unsupported-file-system',
        `${printable(path)} cannot be read by file handle (${String(error)}); it must lie on a local file system that has them`,
      );
    }
  }

  #scannerOf({ files, path }: ProtectedRoot): TreeScanner {
    const differ = new ContentDiffer({ digest: (bytes) => createHash('sha256').update(bytes).digest() });
    const changeTimes = (directory: NodeId) => {
      const at = directory === files.rootNode ? path : files.pathOf(directory);
      return (name: RawName) => (at === null ? 0n : changeTime(`${at}/${name}` as RawName));
    };
    return new TreeScanner({ files, changeTimes, wallMs: Date.now, differ });
  }

  #hold(root: ProtectedRoot, scanner: TreeScanner): void {
    const periodMs = this.#options.periodMs ?? 60_000;
    const identity = identityOf(root.path);
    const watched: WatchedRoot = new WatchedRoot(root, {
      scanner,
      put: (entry) => this.#put(entry),
      wallMs: Date.now,
      breathe,
      stillThere: () => identityOf(root.path) === identity,
      onFailure: (error) => {
        this.#scanFailed(watched, error);
        setTimeout(() => void watched.demand(), Math.min(RETRY_MS, periodMs)).unref();
      },
      onComplete: () => {
        watched.failing = false;
        this.#wake();
      },
    });
    const notices = openNotices({
      directory: Buffer.from(rawToBytes(root.path)).toString(),
      maxDirectories: this.#options.maxDirectories ?? 20_000,
      onNotice: (path) => this.#noticed(watched, scanner, path),
      onExhausted: (reason) =>
        this.#tell({
          kind: 'overflow',
          severity: 'warning',
          root: root.id,
          sentence: `${printable(root.path)} is looked at periodically only: ${reason}`,
        }),
    });
    const timer = setInterval(() => void watched.demand(), periodMs);
    timer.unref();
    this.#held.set(root.id, { watched, scanner, notices, timer });
  }

  #noticed(watched: WatchedRoot, scanner: TreeScanner, path: string | null): void {
    const root = Buffer.from(rawToBytes(watched.root.path)).toString();
    const below = path?.startsWith(root) ? rawFromBytes(Buffer.from(path.slice(root.length))) : null;
    const names = below?.split('/').filter((name) => name !== '') as RawName[] | undefined;
    watched.hint(names === undefined ? null : scanner.nearest(names));
    const pause = (this.#options.gatherMs ?? 200) + watched.lastScanMs;
    this.#gather ??= setTimeout(() => {
      this.#gather = null;
      for (const held of this.#held.values()) held.watched.look();
    }, pause);
  }

  /** Nothing is certain about this directory any more: said as a gap, and everything is looked at again in a while. */
  #scanFailed(watched: WatchedRoot, error: unknown): void {
    const { root } = watched;
    const gone = error instanceof RootGone;
    const shown = printable(root.path);
    this.#ring.gap(root.id);
    this.#wake();
    if (watched.failing) return;
    watched.failing = true;
    this.#tell({
      kind: gone ? 'unmounted' : 'failed',
      severity: 'error',
      root: root.id,
      sentence: gone
        ? `${shown} is no longer the directory that was protected; nothing is deleted on the replica; bring it back or stop the job`
        : `a scan of ${shown} failed (${String(error)}); it is repeated, and all of it will be compared`,
    });
  }

  async #put(entry: OperationRecord): Promise<void> {
    while (!this.#ring.fits(entry) && this.#held.has(entry.root) && recordLength(entry) <= this.#ring.limit)
      await new Promise<void>((resolve) => this.#room.push(resolve));
    if (!this.#held.has(entry.root)) return;
    this.#ring.push(entry);
    this.#wake();
  }

  #makeRoom(): void {
    for (const waiting of this.#room.splice(0)) waiting();
  }

  #tell(event: InterceptorEvent): void {
    for (const listener of this.#events) listener(event);
  }

  #wake(): void {
    if (this.#woken || this.#readable.length === 0) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      if (this.#ring.empty) return;
      for (const listener of this.#readable) listener();
    });
  }
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Device and inode of a directory; the empty text where there is none. */
function identityOf(path: RawName): string {
  try {
    const found = fs.lstatSync(Buffer.from(rawToBytes(path)), { bigint: true });
    return `${found.dev}:${found.ino}`;
  } catch {
    return '';
  }
}

/** Beneath paths longer than the system takes, size and modification time must do. */
function changeTime(path: RawName): bigint {
  try {
    return fs.lstatSync(Buffer.from(rawToBytes(path)), { bigint: true }).ctimeNs;
  } catch {
    return 0n;
  }
}

function realDirectory(directory: RawName): RawName {
  const shown = printable(directory);
  try {
    const real = fs.realpathSync.native(Buffer.from(rawToBytes(directory)), { encoding: 'buffer' });
    if (fs.statSync(real).isDirectory()) return rawFromBytes(real);
  } catch {
    throw new InterceptorRefusal('missing', `${shown} does not exist; create the directory first`);
  }
  throw new InterceptorRefusal('not-a-directory', `${shown} is not a directory; protect the directory that holds it`);
}
