/** Listing a directory with node and attributes of every entry. */
import type { SourceDirectory, SourceEntry } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { DirectoryCursor } from '../syscalls/directory.ts';
import { nextEntry } from '../syscalls/look-up.ts';

export class OpenSourceDirectory implements SourceDirectory {
  readonly #cursor: DirectoryCursor;
  readonly #take: () => NodeId;

  constructor(fd: number, take: () => NodeId) {
    this.#cursor = new DirectoryCursor(fd);
    this.#take = take;
  }

  next(max: number): SourceEntry[] {
    const entries: SourceEntry[] = [];
    while (entries.length < max) {
      const found = nextEntry(this.#take, this.#cursor);
      if (found === null) break;
      entries.push({ name: found.name, node: found.identity, attributes: found.attributes });
    }
    return entries;
  }

  close(): void {
    this.#cursor.close();
  }
}
