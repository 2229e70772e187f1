/**
 * Which driver serves a job, and which root serves a directory. In: what a job wants to protect. Out: an Interception and its roots.
 * Promises: one Interception a driver and agent; a directory beneath one already protected is served by that root, not mounted twice;
 * one call at a time, so that no root is let go of while another job is being given it.
 */
import { printable, type RawName } from '@understudy/base';
import { type Interceptor, type InterceptorDriver, InterceptorRefusal, type ProtectedRoot } from '@understudy/engine';
import type { InterceptChoice } from '@understudy/wire';
import { Interception } from './interception.ts';

export interface InterceptorFactory {
  /** Whether the driver can run here at all; a sentence says why not. */
  readonly available: () => Promise<{ readonly can: boolean; readonly why: string }>;
  readonly open: () => Promise<Interceptor>;
  /** Whether an earlier run of this agent has left something protected. */
  readonly leftOver?: () => boolean;
}

export interface Served {
  readonly interception: Interception;
  readonly roots: readonly ProtectedRoot[];
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
  /** Those of its roots that were not protected before. */
  readonly fresh: readonly ProtectedRoot[];
}

export class Interceptors {
  readonly #factories: Readonly<Record<Driver, InterceptorFactory>>;
  readonly #open = new Map<InterceptorDriver, Interception>();
  readonly #onOpen: (interceptor: Interceptor) => void;
  readonly #onUnmounted: ((root: number) => void)[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(factories: Readonly<Record<Driver, InterceptorFactory>>, onOpen: (interceptor: Interceptor) => void) {
    this.#factories = factories;
    this.#onOpen = onOpen;
  }

  /** A mount that had stayed behind as pass-through is gone at last. */
  onUnmounted(listener: (root: number) => void): void {
    this.#onUnmounted.push(listener);
  }

  /**
   * Protects the directories and hands them to `use`, which attaches its job before it returns. Throws InterceptorRefusal, or what
   * `use` throws; what was protected for this call only is then released again.
   */
  serve<T>(choice: InterceptChoice, directories: readonly RawName[], use: (served: Served) => T): Promise<T> {
    return this.#inTurn(async () => {
      const { fresh, ...served } = await this.#serve(choice, directories);
      try {
        return use(served);
      } catch (error) {
        await this.#release(served.interception, fresh).catch(() => []);
        throw error;
      }
    });
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

  /** With `keep` what is mounted stays so. */
  close(keep: boolean): Promise<void> {
    return this.#inTurn(async () => {
      for (const interception of this.#open.values()) {
        interception.close();
        const { failed, interceptor } = interception;
        // Nothing mounted: nothing to keep alive. Of one that failed nothing can be asked.
        await interceptor.close(failed || (keep && interceptor.roots().length > 0));
      }
      this.#open.clear();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #serve(choice: InterceptChoice, directories: readonly RawName[]): Promise<Protected> {
    if (choice === 'watch') return this.#watch(directories, 'The job asks for watch.');
    const fuse = await this.#factories.fuse.available();
    if (!fuse.can) {
      if (choice === 'fuse') throw new InterceptorRefusal('no-privilege', fuse.why);
      return this.#watch(directories, fuse.why);
    }
    try {
      return await this.#with('fuse', directories, null);
    } catch (error) {
      if (choice === 'fuse' || !(error instanceof InterceptorRefusal) || !NOT_HERE.has(error.code)) throw error;
      return this.#watch(directories, error.message);
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
    for (const root of [...roots].reverse()) {
      if (interception.wanted(root.id)) continue;
      try {
        users.push(...(await interceptor.release(root.id)).users);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return [...new Set(users)];
  }

  async #watch(directories: readonly RawName[], why: string): Promise<Protected> {
    const watch = await this.#factories.watch.available();
    if (watch.can) return this.#with('watch', directories, why);
    throw new InterceptorRefusal('failed', `${why} And the watch driver cannot serve instead: ${watch.why}`);
  }

  async #with(driver: Driver, directories: readonly RawName[], why: string | null): Promise<Protected> {
    const interception = await this.#interception(driver);
    const before = new Set(interception.interceptor.roots());
    const roots: ProtectedRoot[] = [];
    const fresh = () => [...new Set(roots)].filter((root) => !before.has(root));
    try {
      // Outermost first: a directory beneath another is then served by it.
      for (const directory of [...directories].sort((a, b) => a.length - b.length))
        roots.push(await this.#protect(interception.interceptor, directory));
    } catch (error) {
      await this.#release(interception, fresh()).catch(() => []);
      throw error;
    }
    // Two directories may be served by one wider root: the job has that root once.
    return { interception, roots: [...new Set(roots)], why, fresh: fresh() };
  }

  async #protect(interceptor: Interceptor, directory: RawName): Promise<ProtectedRoot> {
    const wider = interceptor.roots().find((root) => isWithin(directory, root.path));
    if (wider !== undefined) return wider;
    const narrower = interceptor.roots().find((root) => isWithin(root.path, directory));
    if (narrower === undefined) return interceptor.protect(directory);
    throw new InterceptorRefusal(
      'overlaps',
      `${printable(directory)} holds ${printable(narrower.path)}, which another job protects already. ` +
        'Stop that job, start this one, then start the other again: it will share the wider protection.',
    );
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
    const interception = new Interception(interceptor);
    this.#open.set(driver, interception);
    return interception;
  }

  /** Its jobs are halted; what is mounted stays so and is found again by the one that is opened next. */
  async #discard(driver: InterceptorDriver, interception: Interception): Promise<void> {
    this.#open.delete(driver);
    interception.close();
    await interception.interceptor.close(true).catch(() => {});
  }
}

export function isWithin(path: RawName, directory: RawName): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
