/**
 * Which driver serves a job, and which root serves a directory. In: what a job wants to protect. Out: an Interception and its roots.
 * Promises: one Interception a driver and agent; a directory beneath one already protected is served by that root, not mounted twice;
 * one call at a time, so that no root is let go of while another job is being given it.
 */
import { printable, type RawName } from '@understudy/base';
import { type Interceptor, type InterceptorDriver, InterceptorRefusal, type ProtectedRoot } from '@understudy/engine';
import type { InterceptChoice } from '@understudy/wire';
import type { AuditSettings } from './cookie-round.ts';
import { WriteGates } from './gate/write-gates.ts';
import { Interception } from './interception.ts';
import { type JobRoot, jobRootOf } from './job-roots.ts';
import { WaitingForMount } from './start-refusal.ts';
import { isWithin } from './within.ts';

export { isWithin } from './within.ts';

export interface InterceptorFactory {
  /** Whether the driver can run here at all; a sentence says why not. */
  readonly available: () => Promise<{ readonly can: boolean; readonly why: string }>;
  readonly open: () => Promise<Interceptor>;
  /** Whether an earlier run of this agent has left something protected. */
  readonly leftOver?: () => boolean;
}

export interface ServeRequest {
  readonly choice: InterceptChoice;
  readonly directories: readonly RawName[];
  /** Of file systems mounted beneath them: which are the job's. */
  readonly wanted: (mountPoint: RawName) => boolean;
  /** A read-only cover that this agent has laid over one of them gives way. */
  readonly forCover?: boolean;
}

export interface Served {
  readonly interception: Interception;
  /** The job's own, outermost first. */
  readonly roots: readonly JobRoot[];
  /** Why this driver, for the status; null: the best, nothing to say. */
  readonly why: string | null;
}

/** Refusals of fuse that mean "not here", so that `auto` may take the next best; the others a person has to mend. */
const NOT_HERE = new Set<InterceptorRefusal['code']>([
  'no-privilege',
  'no-device',
  'forbidden-place',
  'unsupported-file-system',
]);

type Driver = 'fuse' | 'watch';

interface Protected extends Served {
  /** What was not protected before. */
  readonly fresh: readonly ProtectedRoot[];
}

export class Interceptors {
  /** Who may change what is protected. */
  readonly gates = new WriteGates();
  readonly #factories: Readonly<Record<Driver, InterceptorFactory>>;
  readonly #open = new Map<InterceptorDriver, Interception>();
  readonly #onOpen: (interceptor: Interceptor) => void;
  readonly #onUnmounted: ((root: number) => void)[] = [];
  #onFirstRead: () => void = () => {};
  #turn: Promise<unknown> = Promise.resolve();
  #held = false;
  #ended = false;

  readonly #audit: AuditSettings | null;

  constructor(
    factories: Readonly<Record<Driver, InterceptorFactory>>,
    onOpen: (interceptor: Interceptor) => void,
    audit: AuditSettings | null = null,
  ) {
    this.#factories = factories;
    this.#onOpen = onOpen;
    this.#audit = audit;
  }

  /** Until `goOn` no ring is read: whoever is attached later would miss what is read now. */
  hold(): void {
    this.#held = true;
  }

  goOn(): void {
    this.#held = false;
    for (const interception of this.#open.values()) interception.wake();
  }

  /** What a ring has kept since an earlier run of the agent is about to be read: who does not listen yet never gets it. */
  onFirstRead(listener: () => void): void {
    this.#onFirstRead = listener;
  }

  /** A mount that had stayed behind as pass-through is gone at last. */
  onUnmounted(listener: (root: number) => void): void {
    this.#onUnmounted.push(listener);
  }

  /**
   * Protects the directories and hands them to `use`, which attaches its job before it returns. Throws InterceptorRefusal (WaitingForMount
   * where a mount beneath is in the way), StartRefusal, or what `use` throws; `wanted` says which file systems mounted beneath belong to the job; what was protected for this call only is then released again.
   */
  serve<T>(request: ServeRequest, use: (served: Served) => T): Promise<T> {
    return this.#inTurn(async () => {
      const { fresh, ...served } = await this.#serve(request);
      try {
        return use(served);
      } catch (error) {
        await this.#release(served.interception, fresh).catch(() => []);
        throw error;
      }
    });
  }

  /** Who keeps mounts from going away, by the driver's word; empty: nobody, or it cannot tell. */
  usersOf(interception: Interception, roots: readonly ProtectedRoot[]): readonly string[] {
    const { interceptor } = interception;
    return [...new Set(roots.flatMap((root) => interceptor.usersOf?.(root.id) ?? []))];
  }

  /** Who uses a mount at one of these places, or beneath, that was let go of and is there still; null: there is no such mount. */
  usersOfLeft(places: readonly RawName[]): readonly string[] | null {
    const left = [...this.#open.values()].flatMap((interception) => {
      const leaving = interception.failed ? [] : (interception.interceptor.leaving?.() ?? []);
      const roots = leaving.filter((root) => places.some((place) => isWithin(root.path, place)));
      return roots.map((root) => ({ interception, root }));
    });
    if (left.length === 0) return null;
    return [...new Set(left.flatMap(({ interception, root }) => this.usersOf(interception, [root])))];
  }

  /** Lets go of the roots that no job wants any more; names who still uses a mount. */
  release(interception: Interception, roots: readonly ProtectedRoot[]): Promise<string[]> {
    return this.#inTurn(() => this.#release(interception, roots));
  }

  /** To be called before directories are looked at: a mount whose servers are gone hides what lies beneath it, until they run again. */
  takeOver(): Promise<void> {
    return this.#inTurn(() => this.#takeOver());
  }

  /** Lets go of everything that no job listens to and that does not serve one of these directories. */
  releaseUnwanted(keep: readonly RawName[]): Promise<string[]> {
    return this.#inTurn(async () => {
      await this.#takeOver();
      const users: string[] = [];
      for (const interception of this.#open.values()) {
        if (interception.failed) continue;
        const roots = interception.interceptor
          .roots()
          .filter((root) => !keep.some((path) => isWithin(path, root.path)));
        users.push(...(await this.#release(interception, roots)));
      }
      return users;
    });
  }

  /** With `keep` what is mounted stays so. Nothing is read from now on: the jobs listen no more, and the next run of the agent needs it. */
  close(keep: boolean): Promise<void> {
    this.#ended = true;
    return this.#inTurn(async () => {
      for (const interception of this.#open.values()) {
        interception.close();
        const { failed, interceptor } = interception;
        // Nothing mounted: nothing to keep alive. Of one that failed nothing can be asked.
        await interceptor.close(failed || (keep && interceptor.roots().length > 0));
      }
      for (const { interceptor } of this.#open.values()) this.gates.remove(interceptor);
      this.#open.clear();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #serve(request: ServeRequest): Promise<Protected> {
    const { choice } = request;
    if (choice === 'watch') return this.#watch(request, 'The job asks for watch.');
    const fuse = await this.#factories.fuse.available();
    if (!fuse.can) {
      if (choice === 'fuse') throw new InterceptorRefusal('no-privilege', fuse.why);
      return this.#watch(request, fuse.why);
    }
    try {
      return await this.#with('fuse', request, null);
    } catch (error) {
      if (choice === 'fuse' || !(error instanceof InterceptorRefusal) || !NOT_HERE.has(error.code)) throw error;
      return this.#watch(request, error.message);
    }
  }

  async #takeOver(): Promise<void> {
    for (const [driver, interception] of this.#open) if (interception.failed) await this.#discard(driver, interception);
    if (!this.#open.has('fuse') && this.#factories.fuse.leftOver?.() === true) await this.#interception('fuse');
  }

  async #release(interception: Interception, roots: readonly ProtectedRoot[]): Promise<string[]> {
    const { interceptor } = interception;
    // What is opened in its place takes its roots over.
    if (interception.failed || this.#open.get(interceptor.driver) !== interception) return [];
    const users: string[] = [];
    const failures: unknown[] = [];
    for (const id of new Set(roots.map((root) => root.id).reverse())) {
      if (interception.wanted(id)) continue;
      try {
        users.push(...(await interceptor.release(id)).users);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return [...new Set(users)];
  }

  async #watch(request: ServeRequest, why: string): Promise<Protected> {
    const watch = await this.#factories.watch.available();
    if (watch.can) return this.#with('watch', request, why);
    throw new InterceptorRefusal('failed', `${why} And the watch driver cannot serve instead: ${watch.why}`);
  }

  async #with(driver: Driver, request: ServeRequest, why: string | null): Promise<Protected> {
    const { directories, wanted } = request;
    const interception = await this.#interception(driver);
    const before = new Set(interception.interceptor.roots());
    const serving = new Map<RawName, ProtectedRoot>();
    const fresh = () => [...new Set(serving.values())].filter((root) => !before.has(root));
    try {
      // Outermost first: a directory beneath another is then served by it.
      for (const directory of [...directories].sort((a, b) => a.length - b.length))
        serving.set(directory, await this.#protect(interception, directory, request));
      this.#addNested(interception, serving, wanted);
      const { everyCall } = interception.interceptor.promises;
      const roots = [...serving].map(([path, served]) => jobRootOf(path, served, everyCall));
      return { interception, roots, why, fresh: fresh() };
    } catch (error) {
      await this.#release(interception, fresh()).catch(() => []);
      throw error;
    }
  }

  async #protect(
    interception: Interception,
    directory: RawName,
    { wanted, forCover = false }: ServeRequest,
  ): Promise<ProtectedRoot> {
    const { interceptor } = interception;
    const wider = deepestAbove(interceptor.roots(), directory);
    // File systems beneath it that no other job wanted are mounted over for this one.
    const inLine = (path: RawName) => wanted(path) && (isWithin(path, directory) || isWithin(directory, path));
    const protect = (path: RawName, which: ServeRequest['wanted']) =>
      this.gates.protecting(interceptor, directory, () => interceptor.protect(path, which, forCover));
    if (wider !== undefined) await protect(wider.path, inLine);
    if (wider !== undefined) return deepestAbove(interceptor.roots(), directory) ?? wider;
    await this.#makeRoom(interception, directory);
    try {
      return await protect(directory, wanted);
    } catch (error) {
      if (!(error instanceof InterceptorRefusal) || error.code !== 'overlaps') throw error;
      // What a stopped job left mounted for its last users.
      throw new WaitingForMount(
        `${printable(directory)} cannot be mounted yet: the mount of a job that was stopped is still in use beneath or above it ` +
          `(${error.message}). It is mounted as soon as the last user of that has gone.`,
        interception,
      );
    }
  }

  /** File systems mounted beneath a directory of the job are roots of their own. */
  #addNested(
    { interceptor }: Interception,
    serving: Map<RawName, ProtectedRoot>,
    wanted: ServeRequest['wanted'],
  ): void {
    const directories = [...serving.keys()];
    const nested = interceptor
      .roots()
      .filter(({ path }) => directories.some((directory) => path !== directory && isWithin(path, directory)))
      .sort((a, b) => a.path.length - b.path.length);
    for (const root of nested) if (wanted(root.path)) serving.set(root.path, root);
  }

  /** Mounts beneath the directory that nobody listens to go, if nobody uses them. */
  async #makeRoom(interception: Interception, directory: RawName): Promise<void> {
    const { interceptor } = interception;
    const narrower = interceptor.roots().filter((root) => isWithin(root.path, directory));
    if (narrower.length === 0) return;
    const shown = `${printable(directory)} holds ${narrower.map(({ path }) => printable(path)).join(', ')}`;
    const users = this.usersOf(interception, narrower);
    if (users.length > 0)
      throw new WaitingForMount(
        `${shown}, mounted by itself and in use by ${users.join(', ')}. The wider directory is mounted as soon as nobody uses ` +
          'that mount: let these programs close their files there for a moment, or stop them.',
        interception,
        narrower,
      );
    if (narrower.some((root) => interception.wanted(root.id)))
      throw new WaitingForMount(`${shown}, which another job protects by itself.`, interception, narrower);
    await this.#release(interception, narrower);
  }

  async #interception(driver: Driver): Promise<Interception> {
    const open = this.#open.get(driver);
    if (open !== undefined && !open.failed) return open;
    if (open !== undefined) await this.#discard(driver, open);
    const interceptor = await this.#factories[driver].open();
    this.#onOpen(interceptor);
    interceptor.onEvent(({ kind, severity, root }) => {
      if (kind === 'unmounted' && severity === 'information' && root !== null)
        for (const listener of this.#onUnmounted) listener(root);
    });
    const interception = new Interception(interceptor, () => !this.#held && !this.#ended, this.#audit);
    if (interceptor.promises.survivesCrash) interception.onFirstRead(() => this.#onFirstRead());
    this.#open.set(driver, interception);
    this.gates.add(interceptor);
    return interception;
  }

  /** Its jobs are halted; what is mounted stays so and is found again by the one that is opened next. */
  async #discard(driver: InterceptorDriver, interception: Interception): Promise<void> {
    this.#open.delete(driver);
    this.gates.remove(interception.interceptor);
    interception.close();
    await interception.interceptor.close(true).catch(() => {});
  }
}

/** Of mounts within mounts the innermost tells of what lies in it. */
function deepestAbove(roots: readonly ProtectedRoot[], directory: RawName): ProtectedRoot | undefined {
  const above = roots.filter((root) => isWithin(directory, root.path));
  return above.sort((a, b) => b.path.length - a.path.length)[0];
}
