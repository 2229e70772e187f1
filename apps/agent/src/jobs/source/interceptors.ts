/**
 * Which driver serves a job, and which root serves a directory. In: what a job wants to protect. Out: an Interception and its roots.
 * Promises: one Interception a driver and agent; a directory beneath one already protected is served by that root, not mounted twice.
 */
import type { RawName } from '@understudy/base';
import { printable } from '@understudy/base';
import { type Interceptor, type InterceptorDriver, InterceptorRefusal, type ProtectedRoot } from '@understudy/engine';
import type { InterceptChoice } from '@understudy/wire';
import { Interception } from './interception.ts';

export interface InterceptorFactory {
  /** Whether the driver can run here at all; a sentence says why not. */
  readonly available: () => Promise<{ readonly can: boolean; readonly why: string }>;
  readonly open: () => Promise<Interceptor>;
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

export class Interceptors {
  readonly #factories: Readonly<Record<'fuse' | 'watch', InterceptorFactory>>;
  readonly #open = new Map<InterceptorDriver, Promise<Interception>>();
  readonly #onEvent: (interceptor: Interceptor) => void;

  constructor(
    factories: Readonly<Record<'fuse' | 'watch', InterceptorFactory>>,
    onOpen: (interceptor: Interceptor) => void,
  ) {
    this.#factories = factories;
    this.#onEvent = onOpen;
  }

  /** Protects the directories, outermost first. Throws InterceptorRefusal; what it had protected for this call is released again. */
  async serve(choice: InterceptChoice, directories: readonly RawName[]): Promise<Served> {
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

  /** Lets go of the roots that no job wants any more; names who still uses a mount. */
  async release(interception: Interception, roots: readonly ProtectedRoot[]): Promise<string[]> {
    const users: string[] = [];
    for (const root of [...roots].reverse()) {
      if (interception.wanted(root.id)) continue;
      const released = await interception.interceptor.release(root.id);
      users.push(...released.users);
    }
    return users;
  }

  async close(keep: boolean): Promise<void> {
    for (const opening of this.#open.values()) {
      const interception = await opening;
      interception.close();
      // Nothing mounted: nothing to keep alive.
      await interception.interceptor.close(keep && interception.interceptor.roots().length > 0);
    }
    this.#open.clear();
  }

  async #watch(directories: readonly RawName[], why: string): Promise<Served> {
    const watch = await this.#factories.watch.available();
    if (watch.can) return this.#with('watch', directories, why);
    throw new InterceptorRefusal('failed', `${why} And the watch driver cannot serve instead: ${watch.why}`);
  }

  async #with(driver: 'fuse' | 'watch', directories: readonly RawName[], why: string | null): Promise<Served> {
    const interception = await this.#interception(driver);
    const roots: ProtectedRoot[] = [];
    try {
      for (const directory of directories) roots.push(await this.#protect(interception.interceptor, directory));
    } catch (error) {
      await this.release(interception, roots);
      throw error;
    }
    return { interception, roots, why };
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

  #interception(driver: 'fuse' | 'watch'): Promise<Interception> {
    const open = this.#open.get(driver);
    if (open !== undefined) return open;
    const opening = this.#factories[driver].open().then((interceptor) => {
      this.#onEvent(interceptor);
      return new Interception(interceptor);
    });
    this.#open.set(driver, opening);
    opening.catch(() => this.#open.delete(driver));
    return opening;
  }
}

export function isWithin(path: RawName, directory: RawName): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
