/**
 * The `memory` driver: interception of a MemoryFileSystem, for the simulation.
 * In: the file system's changes. Out: wire records in order of execution. Promised: order, every call,
 * mapped writes; it has no process that could die and parks no call.
 */
import { brand, type Clock, printable, type RawName } from '@understudy/base';
import {
  type Barrier,
  type CookieOutcome,
  type Interceptor,
  type InterceptorEvent,
  InterceptorRefusal,
  type ProtectedRoot,
} from '@understudy/engine';
import { type NodeId, type OperationRecord, record, Verb } from '@understudy/wire';
import type { MemoryFileSystem } from './memory-file-system.ts';
import type { MemoryChange } from './memory-nodes.ts';
import { MemorySourceFiles } from './memory-source-files.ts';
import { FileType } from './node.ts';
import { RecordRing } from './record-ring.ts';

export interface MemoryInterceptorOptions {
  readonly fs: MemoryFileSystem;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Runs `task` later, never within the call: the simulation cranks it. */
  readonly defer: (task: () => void) => void;
  /** Bytes; default 4 MiB. */
  readonly ringBytes?: number;
  /** How often a ring was lost before this one: its operations are numbered behind theirs. */
  readonly generation?: number;
}

export class MemoryInterceptor implements Interceptor {
  readonly driver = 'memory';
  readonly promises = { order: true, everyCall: true, mappedWrites: true, hold: false, survivesCrash: false };
  readonly #options: MemoryInterceptorOptions;
  readonly #ring: RecordRing;
  readonly #roots = new Map<NodeId, ProtectedRoot>();
  readonly #readable: (() => void)[] = [];
  readonly #events: ((event: InterceptorEvent) => void)[] = [];
  /** Executed, but not yet in the ring. */
  #executing: OperationRecord[] = [];
  #executed = 0;
  #recording = true;
  #woken = false;
  #deaf = false;
  #overflowTold = false;
  #nextId = 1;

  constructor(options: MemoryInterceptorOptions) {
    this.#options = options;
    this.#ring = new RecordRing(options.ringBytes ?? 4 << 20, (options.generation ?? 0) * 2 ** 36);
    options.fs.intercept((change) => this.#changed(change));
  }

  protect(directory: RawName): Promise<ProtectedRoot> {
    try {
      return Promise.resolve(this.#protect(directory));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  release(id: number): Promise<{ readonly unmounted: boolean; readonly users: readonly string[] }> {
    for (const [node, root] of this.#roots) {
      if (root.id !== id) continue;
      this.#options.fs.setBoundary(node, false);
      this.#roots.delete(node);
      this.#ring.forget(id);
    }
    return Promise.resolve({ unmounted: true, users: [] });
  }

  roots(): readonly ProtectedRoot[] {
    return [...this.#roots.values()];
  }

  drain(take: (records: Uint8Array) => void): number {
    this.#overflowTold = false;
    return this.#ring.drain(this.#options.clock.wallMs(), take);
  }

  get identity(): string {
    return 'memory';
  }

  keepDrained(): void {
    this.#ring.keepDrained();
  }

  free(through: number): void {
    this.#ring.free(through);
  }

  /** For the simulation: whoever drained has died, and somebody else drains from here on. */
  drainAgain(): void {
    this.#ring.again();
  }

  onReadable(listener: () => void): void {
    this.#readable.push(listener);
    if (!this.#ring.empty) this.#wake();
  }

  barrier(): Barrier {
    return brand<Barrier>(String(this.#executed));
  }

  passed(barrier: Barrier): boolean {
    return this.#executed - this.#executing.length >= Number(barrier);
  }

  cookie(id: number, number: number): Promise<CookieOutcome> {
    if (!this.roots().some((root) => root.id === id))
      return Promise.resolve({ written: false, errno: 'ENOENT', what: 'it is not protected any more' });
    this.#execute(record({ verb: Verb.cookie, root: id, extent: number, timeMs: this.#options.clock.wallMs() }));
    return Promise.resolve({ written: true });
  }

  onEvent(listener: (event: InterceptorEvent) => void): void {
    this.#events.push(listener);
  }

  status() {
    return {
      ringBytes: this.#ring.limit,
      ringUsed: this.#ring.used,
      restarts: 0,
      dirtyNotes: this.#ring.dirtyNotes,
    };
  }

  async close(keep: boolean): Promise<void> {
    if (keep) return;
    for (const root of this.roots()) await this.release(root.id);
    this.#options.fs.intercept(null);
  }

  /**
   * For the simulation: from here on calls are executed and visible, but their records reach the ring only when the returned
   * function is called. It widens the instant in which fsid has written and not yet recorded, which barriers exist for.
   */
  pauseRecording(): () => void {
    this.#recording = false;
    return () => {
      this.#recording = true;
      const waiting = this.#executing;
      this.#executing = [];
      for (const entry of waiting) this.#push(entry);
    };
  }

  /** For the simulation: from here on calls are executed and nothing is recorded of them, cookies included, as behind a mount that leads elsewhere. */
  setDeaf(deaf: boolean): void {
    this.#deaf = deaf;
  }

  get deaf(): boolean {
    return this.#deaf;
  }

  /** For the simulation: what is done within is recorded all the same. */
  hearing<T>(work: () => T): T {
    const deaf = this.#deaf;
    this.#deaf = false;
    try {
      return work();
    } finally {
      this.#deaf = deaf;
    }
  }

  /** For the simulation: interception of a root was uncertain, as after a mount taken away. */
  loseCertainty(id: number): void {
    this.#ring.gap(id);
    this.#wake();
  }

  #protect(directory: RawName): ProtectedRoot {
    const { fs } = this.#options;
    const node = fs.resolve(directory);
    const attributes = node === null ? null : fs.attributes(node);
    const shown = printable(directory);
    if (node === null || attributes === null)
      throw new InterceptorRefusal('missing', `${shown} does not exist; create the directory first`);
    if ((attributes.mode & FileType.mask) !== FileType.directory)
      throw new InterceptorRefusal(
        'not-a-directory',
        `${shown} is not a directory; protect the directory that holds it`,
      );
    const known = this.#roots.get(node);
    if (known !== undefined) return known;
    this.#mustNotOverlap(node, shown);
    const root: ProtectedRoot = {
      id: this.#nextId++,
      path: fs.pathOf(node) ?? directory,
      files: new MemorySourceFiles(fs, node),
    };
    this.#roots.set(node, root);
    fs.setBoundary(node, true);
    return root;
  }

  #mustNotOverlap(node: NodeId, shown: string): void {
    const { fs } = this.#options;
    const outer = fs.boundaryOf(node);
    const inner = [...this.#roots.keys()].find((at) => isBeneath(fs, at, node));
    const other = outer === null ? inner : outer;
    if (other === undefined) return;
    const path = this.#roots.get(other)?.path;
    throw new InterceptorRefusal(
      'overlaps',
      `${shown} overlaps ${path === undefined ? 'a directory' : printable(path)} that is protected already; release that one first or protect it alone`,
    );
  }

  #changed(change: MemoryChange): void {
    const root = this.#roots.get(change.boundary);
    if (root === undefined) return;
    const timeMs = this.#options.clock.wallMs();
    // The caller owns the bytes it wrote from and may reuse them at once.
    const data = change.record.data?.slice();
    this.#execute(record({ ...change.record, ...(data === undefined ? {} : { data }), root: root.id, timeMs }));
  }

  #execute(entry: OperationRecord): void {
    if (this.#deaf) return;
    this.#executed += 1;
    if (this.#recording) this.#push(entry);
    else this.#executing.push(entry);
  }

  #push(entry: OperationRecord): void {
    if (!this.#ring.push(entry) && !this.#overflowTold) {
      this.#overflowTold = true;
      this.#tell({
        kind: 'overflow',
        severity: 'warning',
        root: entry.root,
        sentence: 'the ring was full; the files that changed meanwhile are noted and will be repaired',
      });
    }
    this.#wake();
  }

  #tell(event: InterceptorEvent): void {
    for (const listener of this.#events) listener(event);
  }

  #wake(): void {
    if (this.#woken || this.#readable.length === 0) return;
    this.#woken = true;
    this.#options.defer(() => {
      this.#woken = false;
      if (this.#ring.empty) return;
      for (const listener of this.#readable) listener();
    });
  }
}

/** `inner` lies beneath `outer`. */
function isBeneath(fs: MemoryFileSystem, inner: NodeId, outer: NodeId): boolean {
  const path = fs.pathOf(outer);
  return path !== null && (fs.pathOf(inner) ?? '').startsWith(path === '/' ? '/' : `${path}/`);
}
