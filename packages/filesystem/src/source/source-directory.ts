/** Listing a directory with node and attributes of every entry. */
import type { RawName } from '@understudy/base';
import { FileError, type SourceDirectory, type SourceEntry } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { DirectoryCursor } from '../syscalls/directory.ts';
import { nextEntry } from '../syscalls/look-up.ts';

/** Under such a name the interceptor keeps what a call took away, until the target has answered: it is no entry of the directory. */
const PARKED = '.understudy-parked-';

export class OpenSourceDirectory implements SourceDirectory {
  readonly #cursor: DirectoryCursor;
  readonly #take: () => NodeId;
  #unreadable: { readonly name: RawName; readonly error: FileError }[] = [];

  constructor(fd: number, take: () => NodeId) {
    this.#cursor = new DirectoryCursor(fd);
    this.#take = take;
  }

  next(max: number): SourceEntry[] {
    const entries: SourceEntry[] = [];
    while (entries.length < max) {
      const found = this.#nextReadable();
      if (found === null) break;
      if (found.name.startsWith(PARKED)) continue;
      entries.push({ name: found.name, node: found.identity, attributes: found.attributes });
    }
    return entries;
  }

  takeUnreadable(): readonly { readonly name: RawName; readonly error: FileError }[] {
    const taken = this.#unreadable;
    this.#unreadable = [];
    return taken;
  }

  #nextReadable(): ReturnType<typeof nextEntry<NodeId>> {
    for (;;) {
      try {
        return nextEntry(this.#take, this.#cursor);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        // The listing itself failing is the directory's fault, anything else that of one name in it. One that was removed has no names.
        if (error.call === 'getdents64' && error.code === 'ENOENT') return null;
        if (error.call === 'getdents64') throw error;
        this.#unreadable.push({ name: this.#cursor.takeName(), error });
      }
    }
  }

  close(): void {
    this.#cursor.close();
  }
}
