/**
 * Directories in which nothing changes while they are read: a replica to which nothing is applied. In: directories. Out: an interceptor
 * that records nothing, so that what reads protected directories reads these as well. Promise: nothing is mounted, watched or held open
 * beyond what is read.
 */
import { brand, type RawName } from '@understudy/base';
import type { Barrier, Interceptor, ProtectedRoot, SourceFiles } from '@understudy/engine';

export class StillRoots implements Interceptor {
  readonly driver = 'watch';
  readonly promises = { order: true, everyCall: true, mappedWrites: true, hold: false, survivesCrash: false };
  readonly identity = 'still';
  readonly #openFiles: (directory: RawName) => SourceFiles;
  readonly #roots = new Map<number, ProtectedRoot>();

  constructor(openFiles: (directory: RawName) => SourceFiles) {
    this.#openFiles = openFiles;
  }

  /** Throws what opening it throws. */
  async protect(path: RawName): Promise<ProtectedRoot> {
    const root = { id: this.#roots.size + 1, path, files: this.#openFiles(path) };
    this.#roots.set(root.id, root);
    return root;
  }

  async release(id: number): Promise<{ readonly unmounted: boolean; readonly users: readonly string[] }> {
    this.#roots.get(id)?.files.close();
    this.#roots.delete(id);
    return { unmounted: true, users: [] };
  }

  roots(): readonly ProtectedRoot[] {
    return [...this.#roots.values()];
  }

  drain(): number {
    return 0;
  }

  onReadable(): void {}

  keepDrained(): void {}

  free(): void {}

  barrier(): Barrier {
    return brand<Barrier>('now');
  }

  passed(): boolean {
    return true;
  }

  onEvent(): void {}

  status() {
    return { ringBytes: 0, ringUsed: 0, restarts: 0, dirtyNotes: 0 };
  }

  async close(): Promise<void> {
    for (const id of [...this.#roots.keys()]) await this.release(id);
  }
}
