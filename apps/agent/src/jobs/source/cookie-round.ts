/**
 * The self-audit's clock: sends cookies round through what an interceptor protects, and hands what comes of it to the jobs. In: who
 * listens to which root, cookies out of the ring, time. Out: calls on each job's audit. Promise: nothing here can hold the agent up, and a
 * driver without a path for cookies has its jobs' marks begin in their queues instead.
 */
import { printable } from '@understudy/base';
import { CookieWatch, type Interceptor, type Missing } from '@understudy/engine';
import { decodeRecord } from '@understudy/wire';

export interface AuditSettings {
  readonly intervalMs: number;
  readonly limitMs: number;
}

/** What a job makes of cookies; `root` is the job's own number. */
export interface AuditedJob {
  cookie(root: number, timeMs: number): void;
  doubt(root: number, missing: Missing): void;
  certain(root: number): void;
  lost(root: number): void;
}

export interface RoundListener {
  readonly audit: AuditedJob;
  readonly index: number;
}

export interface RoundParts {
  readonly interceptor: Interceptor;
  readonly settings: AuditSettings;
  /** Everybody, or those that listen to one root. */
  listeners(root?: number): Iterable<RoundListener>;
  /** False: what the ring holds is for jobs that are still to come. */
  mayRead(): boolean;
  wake(): void;
}

/** Numbers in microseconds: no later process begins with one that this one has come to. */
const firstNumber = (): number => Math.floor(Date.now()) * 1000;

export class CookieRound {
  readonly #parts: RoundParts;
  /** Null: the driver has no path for them. */
  readonly #watch: CookieWatch | null;
  readonly #timer: NodeJS.Timeout;

  constructor(parts: RoundParts) {
    this.#parts = parts;
    this.#watch = parts.interceptor.cookie === undefined ? null : this.#makeWatch(parts.interceptor);
    this.#timer = setInterval(() => this.#tick(), parts.settings.intervalMs).unref();
  }

  /** A job listens to the root from now on. */
  begin(root: number, listener: RoundListener): void {
    if (this.#watch === null) {
      listener.audit.cookie(listener.index, Date.now());
      return;
    }
    this.#watch.begin(root);
    const doubt = this.#watch.doubtOf(root);
    if (doubt !== null) listener.audit.doubt(listener.index, doubt);
  }

  /** Nobody listens to it any more. */
  end(root: number): void {
    this.#watch?.end(root);
  }

  /** A cookie out of the ring, at its place in the order. */
  came(records: Uint8Array, at: number): void {
    const { root, extent, timeMs } = decodeRecord(records, at);
    if (this.#watch?.came(root, extent) !== true) return;
    for (const { audit, index } of this.#parts.listeners(root)) audit.cookie(index, timeMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (!this.#parts.mayRead()) return;
    if (this.#watch === null) for (const { audit, index } of this.#parts.listeners()) audit.cookie(index, Date.now());
    this.#watch?.tick(performance.now());
    // Marks go out with a turn, and ages grow by them.
    this.#parts.wake();
  }

  #makeWatch(interceptor: Interceptor): CookieWatch {
    const { settings, listeners } = this.#parts;
    const pathOf = (root: number) => interceptor.roots().find(({ id }) => id === root)?.path;
    return new CookieWatch({
      ...settings,
      first: firstNumber(),
      path: (root) => {
        const path = pathOf(root);
        return path === undefined ? 'a protected directory' : printable(path);
      },
      write: async (root, number) =>
        (await interceptor.cookie?.(root, number)) ?? {
          written: false,
          errno: 'ENOSYS',
          what: 'there is no path for it',
        },
      held: (root) => (interceptor.hold?.calls(root).waiting ?? 0) > 0,
      notes: () => interceptor.status().dirtyNotes,
      doubted: (root, missing) => {
        for (const { audit, index } of listeners(root)) audit.doubt(index, missing);
      },
      certain: (root) => {
        for (const { audit, index } of listeners(root)) audit.certain(index);
      },
      gap: (root) => {
        for (const { audit, index } of listeners(root)) audit.lost(index);
      },
    });
  }
}
